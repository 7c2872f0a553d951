"""What a configuration file may say about the comparison of models."""

from typing import ClassVar

from pydantic import Field, field_validator

from lucidag.experiments.columns import MAIN, MANY, PLAIN, column_of
from lucidag.ground.section import Level, Section, Unique
from lucidag.ground.spelling import unknown


class Experiments(Section):
    """Models side by side, and what the factors of a grid do."""

    jobs: ClassVar = {
        "compare_models": ("confidence",),
        "compare_factors": ("outcomes", "confidence"),
        "experiment_figures": ("outcomes", "confidence"),
    }

    outcomes: Unique[str] = Field(
        default=list(MAIN),
        description="Columns of `experiments.csv` that factors are asked about. The more there are, the stronger an "
        "effect has to be, as p values are corrected for their number.",
        min_length=1,
    )
    confidence: Level = Field(default=0.95, description="Level of the intervals over networks, and of their tests.")

    @field_validator("outcomes")
    @classmethod
    def _known(cls, names: list[str]) -> list[str]:
        for name in names:
            if column_of(name) is None:
                raise ValueError(unknown("outcome", name, [*PLAIN, *(f"{prefix}:" for prefix in MANY)]))
        return names
