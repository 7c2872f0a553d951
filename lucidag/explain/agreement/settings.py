"""The settings of the comparison of explanations, with each other and with masks of the truth."""

from typing import Annotated, ClassVar

from pydantic import Field, field_validator

from lucidag.ground.section import DRAWS, Level, Section, Seed, once


class Compared(Section):
    """What both comparisons have in common."""

    methods: list[str] | None = Field(
        default=None, description="Methods that are compared; default: all of `explain.methods`.", min_length=1
    )
    thresholds: list[Level] = Field(
        default=[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9],
        description="A map is cut at these shares of its maximum.",
        min_length=1,
    )
    resamples: Annotated[int, Field(ge=10, le=DRAWS)] = Field(default=1000, description="Bootstrap draws over images.")
    confidence: Level = Field(default=0.95, description="Level of all intervals.")
    seed: Seed = Field(default=0, description="Seed of bootstrap, ties and the random baseline.")

    @field_validator("thresholds")
    @classmethod
    def _once(cls, thresholds: list[float]) -> list[float]:
        once([f"{threshold:g}" for threshold in thresholds])  # as the tables write them
        return thresholds


class Agreement(Compared):
    """How far explanations agree with each other."""

    jobs: ClassVar = {
        "agreement": ("thresholds", "area", "resamples", "confidence", "seed"),
        "agreement_figures": ("area", "confidence"),
    }

    area: Level = Field(default=0.2, description="Share of the frame that two graded maps are both cut to.")


class Localisation(Compared):
    """How far explanations find what masks say is there."""

    jobs: ClassVar = {
        "localisation": ("thresholds", "resamples", "confidence", "seed"),
        "localisation_figures": ("confidence",),
    }
