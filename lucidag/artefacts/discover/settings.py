"""What a configuration file may say about the discovery of artefacts."""

from typing import Annotated, ClassVar

from pydantic import Field

from lucidag.explain.settings import Methods
from lucidag.ground.section import DRAWS, MOST, Count, Level, Section, Seed


class Discovery(Section):
    """How kinds of relevance maps are looked for."""

    grid: Count = Field(default=8, description="Maps are shrunk to so many places a side before they are compared.")
    upright: bool = Field(
        default=True,
        description="Whether maps are turned and mirrored so that their relevance lies in the same eighth of the "
        "frame: where images have no upside, what sits on a rim sits on any.",
    )
    clusters: Annotated[int, Field(ge=2, le=MOST)] = Field(
        default=6, description="At most so many clusters of a class."
    )
    neighbours: Count = Field(default=10, description="Maps that each is joined to in the graph that is cut.")
    min_images: Annotated[int, Field(ge=8, le=MOST)] = Field(
        default=40, description="A class that fewer validation or test images are taken for is not looked at."
    )
    surrogates: Annotated[int, Field(ge=19, le=MOST)] = Field(
        default=99, description="Sets of made-up images without kinds that the eigengap is held against."
    )
    resamples: Annotated[int, Field(ge=10, le=DRAWS)] = Field(
        default=20, description="Samples of four fifths of the images that the clusters are found again in."
    )
    level: Level = Field(
        default=0.01,
        description="Greatest p of a proposal, corrected over all candidates: so rarely is one made where no class has "
        "two kinds of images.",
    )
    confidence: Level = Field(
        default=0.95,
        description="Level of intervals; 1 less it is the false discovery rate of units, and the greatest p of an "
        "eigengap of which something is proposed.",
    )
    seed: Seed = Field(default=0, description="Seed of clusters, surrogates and samples.")


class Discover(Discovery):
    """Artefacts without a finder: kinds of relevance maps inside a class."""

    jobs: ClassVar = {"discover": tuple(Discovery.model_fields), "discover_figures": ("examples", "seed")}

    models: list[str] | None = Field(default=None, description="Models to look into; default: every model.")
    methods: Methods = Field(
        default=["epsilon_plus_flat"], description="The method whose maps are compared: one.", max_length=1
    )
    examples: Count = Field(default=8, description="Images of each kind that the figure shows.")
