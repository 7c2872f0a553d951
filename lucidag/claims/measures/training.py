"""Measures of trained networks and their images."""

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from lucidag.claims.found import Evidence, Need, NotMeasuredError, One
from lucidag.claims.measure import Measure, Subject, defined
from lucidag.ground.section import Split

if TYPE_CHECKING:
    from lucidag.claims.reader import Reader


class Accuracy(Measure):
    """How many images of a split a network is right about, or another number of its evaluation."""

    name: Literal["accuracy"]
    split: Split = Field(default="test", description="Images of this split.")
    number: Literal["accuracy", "balanced_accuracy", "precision", "recall", "auc", "loss"] = Field(
        default="accuracy", description="Which number."
    )

    def needs(self, name: str) -> list[Need]:
        """Return the evaluation."""
        return [Need("evaluation", name)]

    def one(self, name: str, read: "Reader") -> One:
        """Return the number, with its interval over images where there is one."""
        (need,) = self.needs(name)
        found = read.json(need).get(self.split) or {}
        value = defined(found.get(self.number))
        if value is None:
            raise NotMeasuredError(f"{read.shown(need)} has no {self.number} of {self.split} images")
        low, high = (defined(found.get(f"{self.number}_{end}")) for end in ("low", "high"))
        return One(value, low, high, found.get("n"), (Evidence(need, {"split": self.split, "key": self.number}),))


class Images(Measure):
    """How many images a split has."""

    subject: ClassVar[Subject] = "dataset"
    view: ClassVar[str] = "data"

    name: Literal["images"]
    split: Split = Field(default="test", description="Images of this split.")

    def needs(self, name: str) -> list[Need]:
        """Return the description of the data set."""
        return [Need("dataset", name)]

    def one(self, name: str, read: "Reader") -> One:
        """Return the number."""
        (need,) = self.needs(name)
        number = sum(read.json(need)["counts"].get(self.split, {}).values())
        return One(float(number), None, None, number, (Evidence(need, {"counts": self.split}),))
