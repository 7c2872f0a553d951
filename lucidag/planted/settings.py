"""What a configuration file may say about planted units."""

from typing import Annotated, ClassVar

from pydantic import Field

from lucidag.explain.relevance.settings import Composite
from lucidag.explain.settings import Methods
from lucidag.ground.section import DRAWS, Count, Level
from lucidag.planted.names import FACTORY
from lucidag.units.settings import Draws


class Planted(Draws):
    """What labels, effects, roles, relevance and attributions say of planted units, held against the truth."""

    jobs: ClassVar = {
        "planted_truth": ("probe_images", "class_images", "images", "composite", "floor", "ceiling", "seed"),
        "planted_scores": ("confidence", "resamples", "seed"),
        "planted_summary": ("confidence", "resamples", "seed"),
    }

    models: list[str] | None = Field(default=None, description=f"Models of `{FACTORY}`; default: every model of it.")
    floor: Level = Field(
        default=0.5,
        description="The least average precision, over positions of probe images, with which the map of a unit tells "
        "what it was planted for; a unit below is not counted.",
    )
    ceiling: Level = Field(
        default=0.1,
        description="Noise that tells any concept further above its base rate than this, as a share of what is "
        "possible, is not counted.",
    )
    probe_images: Count = Field(default=300, description="Images of the probe set that verify units; the first ones.")
    class_images: Count = Field(default=10, description="Test images of each class whose relevance is taken.")
    images: Count = Field(default=5, description="Images of each shortcut, and of each unit, whose maps are scored.")
    methods: Methods = Field(
        default=["gradcam", "epsilon_plus_flat"], description="Attributions that should find the planted region."
    )
    composite: Composite = Field(default="epsilon_plus_flat", description="Rules of relevance of units.")
    resamples: Annotated[int, Field(ge=10, le=DRAWS)] = Field(default=1000, description="Bootstrap draws over units.")
