"""Measures of audits of artefacts and of studies of shortcuts."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from lucidag.claims.found import Evidence, Need, NotMeasuredError, One
from lucidag.claims.measure import CONFIDENCE, Measure, Subject, defined

if TYPE_CHECKING:
    from lucidag.claims.reader import Reader


class Audited(Measure):
    """What an audit of a data set says."""

    subject: ClassVar[Subject] = "dataset"
    view: ClassVar[str] = "data"

    def needs(self, name: str) -> list[Need]:
        """Return the audit."""
        return [Need("audit", name)]

    def of_finder(self, finder: str, name: str, read: "Reader") -> Mapping[str, Any]:
        """Return what it says of a finder."""
        found: Mapping[str, Any] | None = read.json(self.needs(name)[0])["finders"].get(finder)
        if found is None:
            raise NotMeasuredError(f"{read.shown(self.needs(name)[0])} has no finder '{finder}'")
        return found


def _estimated(found: Mapping[str, Any] | None, what: str, evidence: Evidence) -> One:
    value = None if found is None else defined(found.get("value"))
    if found is None or value is None:
        raise NotMeasuredError(f"the audit does not tell {what}")
    return One(value, defined(found.get("low")), defined(found.get("high")), found.get("n"), (evidence,))


class FinderGrade(Audited):
    """How good a finder is by people's flags, on images that did not choose its threshold."""

    name: Literal["finder_grade"]
    finder: str = Field(description="The finder.")
    grade: Literal["precision", "recall", "f1"] = Field(description="The grade.")
    threshold: Literal["own", "chosen"] = Field(default="own", description="Its own threshold, or the chosen one.")

    def one(self, name: str, read: "Reader") -> One:
        """Return the grade with Wilson's interval."""
        found = (self.of_finder(self.finder, name, read).get(self.threshold) or {}).get(self.grade)
        where = {"finders": self.finder, "threshold": self.threshold, "key": self.grade}
        return _estimated(found, f"the {self.grade} of {self.finder}", Evidence(self.needs(name)[0], where))


class Found(Audited):
    """How many images a finder finds, or which share of them is of a class."""

    name: Literal["found"]
    finder: str = Field(description="The finder.")
    label: str | None = Field(default=None, description="The class whose share is asked for; default: the number.")

    def one(self, name: str, read: "Reader") -> One:
        """Return the number, or the share with Wilson's interval."""
        (need,) = self.needs(name)
        number = int(self.of_finder(self.finder, name, read)["found"])
        if self.label is None:
            where = Evidence(need, {"finders": self.finder, "key": "found"})
            return One(float(number), None, None, read.json(need)["images"], (where,))
        from lucidag.ground.statistics.intervals import share

        column = f"{self.finder}_found"
        rows = [each for each in read.json(need)["associations"] if each["column"] == column]
        counts = rows[0]["counts"].get("1") if rows else None
        if not counts:
            raise NotMeasuredError(f"{read.shown(need)} does not tell the classes of what {self.finder} finds")
        told = share(counts.get(self.label, 0), sum(counts.values()), CONFIDENCE)
        return _estimated(told, "a share", Evidence(need, {"associations": column, "key": "counts.1"}))


class WithoutLooking(Audited):
    """How many images of the test split are told right without looking at the subject, or by the commonest class."""

    name: Literal["without_looking"]
    by: Literal["majority", "metadata", "finders", "both"] = Field(description="By what.")

    def one(self, name: str, read: "Reader") -> One:
        """Return the accuracy with its interval."""
        (need,) = self.needs(name)
        found = read.json(need).get("shortcut") or {}
        if self.by == "majority":
            return _estimated(found.get("majority"), "the commonest class", Evidence(need, {"shortcut": "majority"}))
        own = (found.get("logistic") or {}).get(self.by) or {}
        where = Evidence(need, {"shortcut": "logistic", "by": self.by, "key": "accuracy"})
        return _estimated(own.get("accuracy"), f"what {self.by} tell", where)


class ArtefactEffect(Measure):
    """How much an artefact that is pasted or taken out changes the probability of its class, beyond the control."""

    subject: ClassVar[Subject] = "study"
    view: ClassVar[str] = "compare"

    name: Literal["artefact_effect"]
    artefact: str = Field(description="The artefact.")
    arm: Literal["with", "without"] = Field(default="with", description="Networks that learnt with it or without.")
    what: Literal["artefact", "beyond"] = Field(
        default="artefact", description="The change itself, or less that of filling the same place."
    )

    def needs(self, name: str) -> list[Need]:
        """Return the study."""
        return [Need("study", name)]

    def one(self, name: str, read: "Reader") -> One:
        """Return the change with its interval over networks and images."""
        (need,) = self.needs(name)
        found = read.json(need)["changes"].get(self.arm, {}).get(self.artefact, {}).get(self.what)
        change = found.get("change", found) if found else None
        where = {"changes": self.arm, "artefact": self.artefact, "key": self.what}
        return _estimated(change, f"what {self.artefact} changes", Evidence(need, where))
