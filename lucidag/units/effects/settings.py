"""What a configuration file may say about the effects of units."""

from typing import Annotated, ClassVar

from pydantic import Field

from lucidag.ground.section import Count, Level, Section, Seed


class Units(Section):
    """What each unit in front of the last layer does: what is lost without it, exactly."""

    jobs: ClassVar = {
        "unit_effects": ("set_size", "random_sets", "confidence", "resamples", "seed"),
        "unit_images": ("confidence", "seed"),
        "unit_search": ("search",),
    }

    models: list[str] | None = Field(default=None, description="Models whose units are examined; default: every model.")
    set_size: Count = Field(
        default=4, description="So many units, the worst for a class, are taken away together; beside random ones."
    )
    random_sets: Annotated[int, Field(ge=19)] = Field(
        default=500, description="Sets of random units, and of units matched by mean activation, for each class."
    )
    search: list[Annotated[str, Field(min_length=1)]] = Field(
        default=[],
        description="Texts, such as `a red ring`; the units of dissected layers whose top images are most like each.",
    )
    confidence: Level = Field(
        default=0.95, description="Level of all intervals; 1 less this is the false discovery rate."
    )
    resamples: Annotated[int, Field(ge=10)] = Field(default=1000, description="Bootstrap draws over images.")
    seed: Seed = Field(default=0, description="Seed of bootstrap and random sets.")
