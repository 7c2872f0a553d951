"""Measures of the curves of retrieval of function, and of the roles that follow from them."""

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from lucidag.claims.found import Evidence, Need, NotMeasuredError, One
from lucidag.claims.measure import Measure, Subject, defined, row_of
from lucidag.ground.section import Split

if TYPE_CHECKING:
    import numpy as np

    from lucidag.claims.reader import Reader


Metric = Literal["accuracy", "loss", "worst_accuracy"]


class OnCurve(Measure):
    """A curve of some numbers of units on."""

    view: ClassVar[str] = "function"

    split: Split = Field(default="test", description="The curve of this split.")
    ranking: str = Field(default="l1", description="The order in which units are switched on.")

    def needs(self, name: str) -> list[Need]:
        """Return the sweep."""
        return [Need("sweep", name)]


class CurveValue(OnCurve):
    """What is reached with `k` units on: a column of `sweep.csv`, such as ``accuracy`` or ``accuracy_group:old``."""

    name: Literal["curve_value"]
    k: int = Field(ge=0, description="Units that are on.")
    column: str = Field(default="accuracy", description="Column of `sweep.csv`.")

    def one(self, name: str, read: "Reader") -> One:
        """Return the number; the range of networks is its interval."""
        (need,) = self.needs(name)
        row, evidence = row_of(read, need, {"split": self.split, "method": self.ranking, "k": self.k})
        value = defined(row.get(self.column))
        if value is None:
            raise NotMeasuredError(f"{read.shown(need)} has no {self.column} at k = {self.k}")
        return One(value, None, None, None, (evidence,))


class CurveBest(OnCurve):
    """Where a curve is best: the first k of the greatest accuracy or the least loss, or what is reached there."""

    name: Literal["curve_best"]
    metric: Metric = Field(default="accuracy", description="Which curve.")
    what: Literal["k", "share", "value", "gain"] = Field(
        default="k",
        description="The number of units, their share of all, what is reached there, or how much better that is than "
        "all units.",
    )

    def one(self, name: str, read: "Reader") -> One:
        """Return the number; it has no interval, as on a plateau the first best k is where noise is greatest."""
        import numpy as np

        (need,) = self.needs(name)
        table = read.table(need)
        curve = table[(table["split"] == self.split) & (table["method"] == self.ranking)].sort_values("k")
        if self.metric not in curve or not curve[self.metric].notna().any():
            raise NotMeasuredError(f"{read.shown(need)} has no {self.metric} of {self.split} images")
        values = curve[self.metric].to_numpy(float)
        best = int(np.nanargmin(values) if self.metric == "loss" else np.nanargmax(values))
        k, units = int(curve["k"].iloc[best]), int(curve["k"].iloc[-1])
        better = (values[-1] - values[best]) if self.metric == "loss" else (values[best] - values[-1])
        found = {"k": float(k), "share": k / units, "value": float(values[best]), "gain": float(better)}
        where = Evidence(need, {"split": self.split, "method": self.ranking, "k": k})
        return One(found[self.what], None, None, units, (where,))


class OverRandom(OnCurve):
    """How much sooner an order brings accuracy back than random orders: mean accuracy over all k, less theirs."""

    name: Literal["over_random"]

    def one(self, name: str, read: "Reader") -> One:
        """Return the difference to the mean random order; the ends are those to the best and to the worst one."""
        (need,) = self.needs(name)
        table = read.table(need)
        table = table[table["split"] == self.split]
        own = table[table["method"] == self.ranking].sort_values("k")
        others = [each.sort_values("k") for _, each in table[table["method"] == "random"].groupby("seed")]
        if own.empty or not others:
            raise NotMeasuredError(f"{read.shown(need)} has no random orders beside {self.ranking}")
        area = _area(own["k"].to_numpy(float), own["accuracy"].to_numpy(float))
        random = [_area(each["k"].to_numpy(float), each["accuracy"].to_numpy(float)) for each in others]
        evidence = tuple(Evidence(need, {"split": self.split, "method": each}) for each in (self.ranking, "random"))
        ends = (area - max(random), area - min(random))
        return One(area - sum(random) / len(random), *ends, len(random), evidence)


def _area(k: "np.ndarray", accuracy: "np.ndarray") -> float:
    import numpy as np

    return float(np.trapezoid(accuracy, k) / (k[-1] - k[0]))


class RoleShare(Measure):
    """Which share of the units has a role."""

    view: ClassVar[str] = "function"

    name: Literal["role_share"]
    role: Literal["both", "train_only", "test_only", "neither"] = Field(description="The role.")
    metric: Literal["accuracy", "loss"] = Field(default="accuracy", description="By this curve.")

    def needs(self, name: str) -> list[Need]:
        """Return turning points and roles."""
        return [Need("points", name)]

    def one(self, name: str, read: "Reader") -> One:
        """Return the share, with its interval over images."""
        (need,) = self.needs(name)
        roles = read.json(need).get("roles") or []
        row = next((each for each in roles if (each["role"], each["metric"]) == (self.role, self.metric)), None)
        if row is None:
            raise NotMeasuredError(f"{read.shown(need)} has no roles by {self.metric}")
        where = {"roles": self.role, "metric": self.metric}
        ends = defined(row.get("low")), defined(row.get("high"))
        return One(row["share"], *ends, row.get("units"), (Evidence(need, where),))


class RolesAndGap(Measure):
    """The least corrected p value of the correlations between shares of roles and the gap of generalisation."""

    subject: ClassVar[Subject] = "generalisation"
    view: ClassVar[str] = "compare"

    name: Literal["roles_and_gap"]
    metric: Literal["accuracy", "loss"] = Field(default="loss", description="Roles by this curve.")

    def needs(self, name: str) -> list[Need]:
        """Return the correlations."""
        return [Need("correlation", name)]

    def one(self, name: str, read: "Reader") -> One:
        """Return p between levels, each level one trial."""
        (need,) = self.needs(name)
        asked = (self.metric, "between_families")
        rows = [each for each in read.json(need) if (each["metric"], each["scope"]) == asked]
        tested = [each for each in rows if defined(each["p_holm"]) is not None]
        if not tested:
            why = next((each["reason"] for each in rows if each["reason"]), "nothing was tested")
            raise NotMeasuredError(f"{read.shown(need)}: {why}")
        least = min(tested, key=lambda each: each["p_holm"])
        where = {"metric": self.metric, "scope": "between_families", "share": least["share"]}
        return One(least["p_holm"], None, None, least["families"], (Evidence(need, where),))
