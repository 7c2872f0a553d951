"""Claims that no result table answers: a test of the suite holds them, or nothing can."""

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from lucidag.claims.found import Need, NotMeasuredError, One
from lucidag.claims.measure import Measure, Subject

if TYPE_CHECKING:
    from lucidag.claims.reader import Reader


class ByTest(Measure):
    """A test holds it, on networks and images of its own: `of` names the file."""

    subject: ClassVar[Subject] = "test"

    name: Literal["by_test"]

    def needs(self, name: str) -> list[Need]:
        """Return nothing: no table says it."""
        return []

    def one(self, name: str, read: "Reader") -> One:
        """Say which test holds it."""
        raise NotMeasuredError(f"{name} holds it, and no table")


class Unmeasured(Measure):
    """No analysis measures it: `of` names what it is about, and `why` says why."""

    subject: ClassVar[Subject] = "test"

    name: Literal["unmeasured"]
    why: str = Field(description="Why nothing measures it.", min_length=1)

    def needs(self, name: str) -> list[Need]:
        """Return nothing."""
        return []

    def one(self, name: str, read: "Reader") -> One:
        """Say why."""
        raise NotMeasuredError(self.why)
