"""What a configuration file may say about the effects of units."""

from typing import Annotated, ClassVar

from pydantic import Field, field_validator

from lucidag.ground.section import DRAWS, MOST, Count, Level, Section, Seed, Unique, once


class Units(Section):
    """What each unit does: what is lost without it; in front of the last layer exactly, inside on some images."""

    jobs: ClassVar = {
        "unit_effects": ("set_size", "random_sets", "confidence", "resamples", "seed"),
        "unit_images": ("confidence", "seed"),
        "unit_search": ("search",),
        "effects_figures": ("confidence",),
        "unit_dossier": ("confidence", "seed"),
        "unit_effects_inner": ("images", "batch_size", "confidence", "resamples", "seed"),
    }

    models: list[str] | None = Field(default=None, description="Models whose units are examined; default: every model.")
    layers: dict[str, Unique[str]] | list[str] = Field(
        default=[],
        description="Layers inside whose units are taken away too, each set to 0 and to its mean: for all models, or "
        "model to its layers; named as those of `dissect.layers`.",
    )
    images: Annotated[int, Field(ge=10, le=MOST)] = Field(
        default=200,
        description="So many validation and so many test images for the units of `layers`, drawn from `seed`, of each "
        "class its share: what is behind the layer runs twice for each unit and image.",
    )
    batch_size: Count = Field(default=64, description="Units of `layers` that are taken away at once.")
    set_size: Count = Field(
        default=4, description="So many units, the worst for a class, are taken away together; beside random ones."
    )
    random_sets: Annotated[int, Field(ge=19, le=MOST)] = Field(
        default=500, description="Sets of random units, and of units matched by mean activation, for each class."
    )
    search: list[Annotated[str, Field(min_length=1)]] = Field(
        default=[],
        description="Texts, such as `a red ring`; the units of dissected layers whose top images are most like each.",
    )
    confidence: Level = Field(
        default=0.95, description="Level of all intervals; 1 less this is the false discovery rate."
    )
    resamples: Annotated[int, Field(ge=10, le=DRAWS)] = Field(default=1000, description="Bootstrap draws over images.")
    seed: Seed = Field(default=0, description="Seed of bootstrap and random sets.")

    @field_validator("layers")
    @classmethod
    def _once(cls, layers: dict[str, list[str]] | list[str]) -> dict[str, list[str]] | list[str]:
        return once(layers) if isinstance(layers, list) else layers  # in the type, it would be told of the dict
