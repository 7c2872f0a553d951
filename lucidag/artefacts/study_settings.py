"""The settings of a study of a shortcut: networks that could learn an artefact, and networks that could not."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from lucidag.explain.lime.settings import LimeSettings
from lucidag.explain.settings import Methods
from lucidag.ground.section import DRAWS, MOST, Level, Section, Seed, Split

Kind = Literal["ring", "patch", "dark_corner"]
# The arms of a study.
WITH, WITHOUT, UNTRAINED = "with", "without", "untrained"


class Shortcut(Section):
    """An artefact pasted into clean images: who looks at it, and who decides by it?"""

    jobs: ClassVar = {
        "shortcut": ("artefacts", "clean", "split", "images", "control", "confidence", "resamples", "seed"),
        "shortcut_figures": ("confidence",),
        "shortcut_proposals": ("images", "confidence", "resamples", "seed"),
    }

    trained_with: str | list[str] = Field(
        description="Model, or family of models, trained where the artefact goes with a class."
    )
    trained_without: str | list[str] = Field(description="The same, trained where it does not; on the same classes.")
    artefacts: dict[Kind, str] = Field(
        description="Artefact to the class that it goes with, which is explained.", min_length=1
    )
    clean: dict[str, str] = Field(
        default={}, description="Column to the value that images must have, such as `ring: '0'`."
    )
    split: Split = Field(
        default="test", description="Split that images come from, of the data set of `trained_without`."
    )
    images: Annotated[int, Field(ge=2, le=MOST)] = Field(
        default=20, description="So many, drawn at random, of each class its share and of each patient or lesion one."
    )
    control: Literal["untrained"] | None = Field(
        default="untrained",
        description="A third arm: for each network trained without, one of its architecture with random weights. What "
        "it looks at, no training taught.",
    )
    proposals: bool = Field(
        default=False,
        description="Whether what `discover` proposes in networks `trained_with` is tested too: its regions pasted and "
        "taken out, its units set to 0.",
    )
    methods: Methods | None = Field(
        default=None, description="Methods that are asked; default: all of `explain.methods`."
    )
    layer: str | None = Field(
        default=None, description="Layer of the class activation maps; default: the last with spatial extent."
    )
    lime: LimeSettings | None = Field(default=None, description="Settings of LIME; null: those of `explain.lime`.")
    confidence: Level = Field(default=0.95, description="Level of all intervals.")
    resamples: Annotated[int, Field(ge=10, le=DRAWS)] = Field(
        default=2000, description="Bootstrap draws over images, where an arm is one network."
    )
    seed: Seed = Field(
        default=0, description="Seed of the images, of the artefacts' places and colours, and of the draws."
    )

    @model_validator(mode="after")
    def _something(self) -> "Shortcut":
        if self.trained_with == self.trained_without:
            raise ValueError(f"compares '{self.trained_with}' with itself")
        return self
