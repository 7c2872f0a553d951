"""What a file of claims may say."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from lucidag.claims.registry import AnyMeasure
from lucidag.ground.section import Name, Section


class Claimed(Section):
    """A figure with its tolerance, or a limit."""

    value: float | None = Field(default=None, description="The figure.")
    tolerance: float = Field(default=0, ge=0, description="How far off still counts as the same.")
    above: float | None = Field(default=None, description="What is measured should be greater than this.")
    below: float | None = Field(default=None, description="What is measured should be less than this.")
    widest: float | None = Field(
        default=None, gt=0, description="Where what is measured spans more than this, it decides nothing."
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        given = [name for name in ("value", "above", "below") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError("give exactly one of value, above, below")
        if self.tolerance and self.value is None:
            raise ValueError("a tolerance goes with a value")
        return self

    def keeps(self, number: float) -> bool:
        """Tell whether a number keeps the limit."""
        return (self.above is None or number > self.above) and (self.below is None or number < self.below)

    @property
    def words(self) -> str:
        """What is claimed, as text."""
        if self.value is not None:
            return f"{self.value:g}" + (f" ± {self.tolerance:g}" if self.tolerance else "")
        return f"above {self.above:g}" if self.above is not None else f"below {self.below:g}"


class Claim(Section):
    """A number or a statement of an earlier project, and how it is measured."""

    id: Name = Field(description="Its name in the ledger.")
    project: str = Field(description="The earlier project.")
    text: str = Field(description="What it says.", min_length=1)
    claimed: Claimed = Field(description="The figure or limit that decides.")
    measure: AnyMeasure = Field(description="The measure by its name, and its parameters.")
    configuration: str = Field(default="", description="The configuration nearest to the protocol of the claim.")
    lacking: str = Field(default="", description="What was left out, without which nobody can repeat it.")
    differs: str = Field(default="", description="How what is measured differs from the protocol of the claim.")


def _distinct(claims: list[Claim]) -> list[Claim]:
    names = [claim.id for claim in claims]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"the id '{name}' stands twice")
    return claims


class ClaimsFile(Section):
    """A file of claims."""

    claims: Annotated[list[Claim], AfterValidator(_distinct)] = Field(description="The claims.", min_length=1)
