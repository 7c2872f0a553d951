"""Measures of what units detect, as `dissect` labels them."""

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from lucidag.claims.found import Evidence, Need, NotMeasuredError, One
from lucidag.claims.measure import CONFIDENCE, Measure, defined
from lucidag.units.names import CONFIRMED

if TYPE_CHECKING:
    from lucidag.claims.reader import Reader


Method = Literal["clip-dissect", "annotations", "netdissect"]


class Dissected(Measure):
    """Labels of units."""

    view: ClassVar[str] = "units"

    method: Method = Field(default="netdissect", description="Labels by this method.")


class Redundant(Dissected):
    """Which share of the labelled units has a concept that another unit has too."""

    name: Literal["redundant"]
    labels: Literal["all", "confirmed"] = Field(default="confirmed", description="Which labels count.")

    def needs(self, name: str) -> list[Need]:
        """Return what the labels are worth."""
        return [Need("summary", name)]

    def one(self, name: str, read: "Reader") -> One:
        """Return the share: a count over all units, without an interval."""
        (need,) = self.needs(name)
        found = read.json(need)["methods"].get(self.method, {}).get(self.labels, {}).get("overall", {})
        value = defined(found.get("redundant"))
        if value is None:
            raise NotMeasuredError(f"{read.shown(need)} has no labels by {self.method}")
        where = {"method": self.method, "labels": self.labels, "key": "redundant"}
        return One(value, None, None, found.get("units"), (Evidence(need, where),))


class DeeperMore(Dissected):
    """How much more of the confirmed labels are of some categories in a deep layer than in a shallow one."""

    name: Literal["deeper_more"]
    shallow: str = Field(description="The layer near the image.")
    deep: str = Field(description="The layer near the decision.")
    categories: list[str] = Field(description="Categories of complex concepts.", min_length=1)

    def needs(self, name: str) -> list[Need]:
        """Return the labels of both layers."""
        return [Need("units", name, self.deep), Need("units", name, self.shallow)]

    def one(self, name: str, read: "Reader") -> One:
        """Return the difference of two shares of all units, with Newcombe's interval."""
        from lucidag.ground.statistics.intervals import share_difference

        counts, evidence = [], []
        for need in self.needs(name):
            table = read.table(need)
            table = table[table["method"] == self.method]
            if table.empty:
                raise NotMeasuredError(f"{read.shown(need)} has no labels by {self.method}")
            complex_ones = (table["verdict"] == CONFIRMED) & table["category"].isin(self.categories)
            counts.append((int(complex_ones.sum()), len(table)))
            evidence.append(Evidence(need, {"method": self.method, "verdict": CONFIRMED}))
        (hits, of), (other_hits, other_of) = counts
        ends = share_difference(hits, of, other_hits, other_of, CONFIDENCE)
        return One(hits / of - other_hits / other_of, *ends, of + other_of, tuple(evidence))


class RanksClean(Measure):
    """Whether units that are active on average are those whose regions lie inside their concept: Spearman's rho."""

    view: ClassVar[str] = "units"

    name: Literal["ranks_clean"]
    layer: str = Field(description="Units of this layer.")

    def needs(self, name: str) -> list[Need]:
        """Return units by rank."""
        return [Need("order", name, self.layer)]

    def one(self, name: str, read: "Reader") -> One:
        """Return the rank correlation of mean activation and `inside`, with its interval over units."""
        from lucidag.claims.rank import rank_correlation

        (need,) = self.needs(name)
        table = read.table(need)
        if "inside" not in table:
            raise NotMeasuredError(f"{read.shown(need)} has no column 'inside'")
        kept = table[["mean", "inside"]].dropna()
        rho, low, high = rank_correlation(kept["mean"], kept["inside"], CONFIDENCE)
        if rho is None:
            raise NotMeasuredError(f"{read.shown(need)} has too few units with a concept")
        return One(rho, low, high, len(kept), (Evidence(need, {"columns": "mean, inside"}),))
