"""What a configuration file may say about the audit of artefacts and of shortcuts."""

from typing import Annotated, ClassVar, Literal, get_args

from pydantic import Field

from lucidag.ground.section import DRAWS, MOST, Count, Level, Section, Seed

Finder = Literal["ring", "dark_corner", "patch", "ruler", "hair"]


class Draws(Section):
    """How intervals are found."""

    confidence: Level = Field(default=0.95, description="Level of all intervals.")
    resamples: Annotated[int, Field(ge=10, le=DRAWS)] = Field(default=2000, description="Bootstrap draws.")
    seed: Seed = Field(default=0, description="Seed of halves, folds and draws.")


class Audit(Draws):
    """What an audit looks for, and how sure it is."""

    finders: list[Finder] = Field(default=list(get_args(Finder)), description="What is looked for.", min_length=1)
    max_values: Annotated[int, Field(ge=2, le=MOST)] = Field(
        default=20, description="A column with more values is cut into quarters, or left out as an id."
    )


class Artefacts(Audit):
    """Artefacts of dermoscopic images, and what goes with the class besides the lesion."""

    jobs: ClassVar = {"artefact_audit": tuple(Audit.model_fields), "artefact_figures": ("examples", "confidence")}

    datasets: list[str] = Field(description="Data sets to audit.", min_length=1)
    examples: Count = Field(default=3, description="Images per finder that are shown: right, wrong and missed ones.")
