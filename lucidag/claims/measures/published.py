"""Measures of tables of labelled units that others published."""

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from lucidag.claims.found import PUBLISHED, Evidence, Need, NotMeasuredError, One
from lucidag.claims.measure import Measure, Subject
from lucidag.units.names import CLIP_DISSECT
from lucidag.units.settings import Comparison

if TYPE_CHECKING:
    import pandas as pd

    from lucidag.claims.reader import Reader


class Published(Measure):
    """A table with the columns ``layer``, ``unit``, ``description``, ``similarity``."""

    subject: ClassVar[Subject] = "file"

    def needs(self, name: str) -> list[Need]:
        """Return the table."""
        return [Need(PUBLISHED, name)]

    def rows(self, name: str, read: "Reader", layer: str | None = None) -> "pd.DataFrame":
        """Return its rows, of all layers or of one."""
        table = read.published(Need(PUBLISHED, name))
        found = table if layer is None else table[table["layer"] == layer]
        if found.empty:
            raise NotMeasuredError(f"{name} has no layer '{layer}'")
        return found


class UnitsListed(Published):
    """How many units are listed."""

    name: Literal["units_listed"]
    layers: list[str] | None = Field(default=None, description="In these layers; default: all.")

    def one(self, name: str, read: "Reader") -> One:
        """Return their number."""
        table = self.rows(name, read)
        kept = table if self.layers is None else table[table["layer"].isin(self.layers)]
        where = {"layer": ", ".join(self.layers)} if self.layers else {}
        return One(float(len(kept)), None, None, len(kept), (Evidence(self.needs(name)[0], where),))


class UniqueLabels(Published):
    """How many different labels there are."""

    name: Literal["unique_labels"]
    layer: str | None = Field(default=None, description="In this layer; default: in all.")

    def one(self, name: str, read: "Reader") -> One:
        """Return their number."""
        table = self.rows(name, read, self.layer)
        where = {"layer": self.layer} if self.layer else {}
        return One(
            float(table["description"].nunique()), None, None, len(table), (Evidence(self.needs(name)[0], where),)
        )


class LabelUnits(Published):
    """How many units have a label."""

    name: Literal["label_units"]
    label: str = Field(description="The label.")

    def one(self, name: str, read: "Reader") -> One:
        """Return their number."""
        table = self.rows(name, read)
        number = int((table["description"] == self.label).sum())
        where = Evidence(self.needs(name)[0], {"description": self.label})
        return One(float(number), None, None, len(table), (where,))


class Repeated(Published):
    """Which share of the units has a label that another unit has too."""

    name: Literal["repeated"]

    def one(self, name: str, read: "Reader") -> One:
        """Return the share."""
        labels = self.rows(name, read)["description"]
        value = float(labels.duplicated(keep=False).mean())
        return One(value, None, None, len(labels), (Evidence(self.needs(name)[0], {}),))


class Against(Published):
    """Two tables: what one has that the other has not."""

    against: str = Field(description="The other table.")

    def needs(self, name: str) -> list[Need]:
        """Return both tables."""
        return [Need(PUBLISHED, name), Need(PUBLISHED, self.against)]

    def both(self, name: str, read: "Reader") -> "tuple[pd.DataFrame, pd.DataFrame]":
        """Return the rows of both."""
        return self.rows(name, read), self.rows(self.against, read)

    def evidence(self, name: str, **where: str) -> tuple[Evidence, ...]:
        """Return both tables as evidence."""
        return tuple(Evidence(need, where) for need in self.needs(name))


class OnlyIn(Against):
    """How many units have a label that no unit of the other table has; where some have, minus their number."""

    name: Literal["only_in"]
    label: str = Field(description="The label.")

    def one(self, name: str, read: "Reader") -> One:
        """Return that number."""
        own, other = (int((table["description"] == self.label).sum()) for table in self.both(name, read))
        note = f"{own} units and {other} in the other table"
        where = self.evidence(name, description=self.label)
        return One(float(own if not other else -other), None, None, own, where, note)


class SharedTop(Against):
    """Which share of the most frequent labels of two tables is among those of both."""

    name: Literal["shared_top"]
    top: int = Field(default=50, ge=1, description="How many of the most frequent labels.")

    def one(self, name: str, read: "Reader") -> One:
        """Return the share; the ends are what another choice among labels of as many units gives."""
        from lucidag.units.compare.two_models import overlap
        from lucidag.units.labels.counts import concept_counts

        own, other = (concept_counts(_as_units(table)) for table in self.both(name, read))
        found = overlap(own, other, self.top)
        low, high = (found["by_ties"][end] / self.top for end in ("lowest", "highest"))
        return One(found["shared"] / self.top, low, high, self.top, self.evidence(name))


class LabelsMore(Against):
    """How much greater the variety of labels is than in the other table, beyond what dealing the units out gives.

    The ends are the difference less those that 95 % of deals give: both above 0 where the variety is greater.
    """

    name: Literal["labels_more"]
    variety: Literal["unique", "shannon", "effective"] = Field(default="unique", description="The number of variety.")

    def one(self, name: str, read: "Reader") -> One:
        """Return the difference."""
        from lucidag.units.compare.two_models import compare

        own, other = (_as_units(table) for table in self.both(name, read))
        compared = read.once(f"compare {name} {self.against}", lambda: compare(own, other, Comparison()))
        found = compared["methods"][CLIP_DISSECT]["all"]["differences"][self.variety]
        ends = found["difference"] - found["high"], found["difference"] - found["low"]
        return One(found["difference"], *ends, len(own), self.evidence(name), f"p = {found['p']:.3g}")


def _as_units(table: "pd.DataFrame") -> "pd.DataFrame":
    renamed = table.rename(columns={"description": "concept", "similarity": "score"})
    return renamed.assign(method=CLIP_DISSECT, category="", judged_by="", verdict="unconfirmed")
