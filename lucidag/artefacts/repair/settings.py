"""What a configuration file may say about repairs."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from lucidag.artefacts.study_settings import Kind
from lucidag.ground.section import DRAWS, MOST, Count, Level, Section, Seed, Share, Split, Unique

# The sets of networks that a report compares.
ORIGINAL, REPAIRED, RANDOM, WITHOUT = "original", "repaired", "random", "without"


class Repairing(Section):
    """How a shortcut is taken out, and what the networks are shown then."""

    way: Literal["retrain", "mask"] = Field(
        default="retrain",
        description="`retrain`: the last layer is trained again on balanced groups; `mask`: units in front of it are "
        "taken out.",
    )
    columns: Annotated[Unique[str], Field(min_length=1)] = Field(
        description="Metadata columns that say which images show an artefact; with the class they make the groups."
    )
    absent: str = Field(default="0", description="Value of these columns where the artefact is absent.")
    split: Split = Field(
        default="val",
        description="Split that units are chosen or the last layer is trained on. A network fits the images that it "
        "learnt from too well for either.",
    )
    strength: Annotated[float, Field(gt=0)] = Field(
        default=1.0, description="Of `retrain`: C of the logistic regression; smaller holds weights nearer to 0."
    )
    subsets: Count = Field(default=20, description="Of `retrain`: balanced subsets whose last layers are averaged.")
    tolerance: Share = Field(
        default=0.01,
        description="Of `mask`: units are taken out as long as accuracy on images of `split` without artefact falls by "
        "no more than this.",
    )
    pasted: dict[Kind, str] = Field(
        default={}, description="Artefact that is pasted into clean test images, to the class that it goes with."
    )
    images: Annotated[int, Field(ge=2, le=MOST)] = Field(default=100, description="At most so many clean test images.")
    random: Annotated[int, Field(ge=19, le=MOST)] = Field(
        default=99,
        description="Controls of each network: as many random units taken out, or subsets as large without regard to "
        "the artefacts.",
    )
    confidence: Level = Field(default=0.95, description="Level of all intervals.")
    resamples: Annotated[int, Field(ge=10, le=DRAWS)] = Field(default=2000, description="Bootstrap draws over images.")
    seed: Seed = Field(default=0, description="Seed of subsets, controls, images and draws.")


class Repair(Repairing):
    """A shortcut taken out of networks: each repaired network is a model of its own, `{name}` and the end of its name.

    `lesions-shortcut-s0` repaired by `retrained` is the model `retrained-s0`.
    """

    jobs: ClassVar = {
        "repair_model": ("way", "columns", "absent", "split", "strength", "subsets", "tolerance", "seed"),
        "repair_report": tuple(Repairing.model_fields),
    }

    model: str | list[str] = Field(description="Model, or family of models, that learnt the shortcut.")
    without: str | list[str] | None = Field(
        default=None, description="Model, or family of models, trained without it, to compare with."
    )
