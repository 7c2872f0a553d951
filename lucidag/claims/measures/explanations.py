"""Measures of explanations of single images."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from lucidag.claims.found import Evidence, Need, NotMeasuredError, One
from lucidag.claims.measure import CONFIDENCE, Measure, defined, row_of

if TYPE_CHECKING:
    from lucidag.claims.reader import Reader
    from lucidag.ground.statistics.intervals import Estimate


class Explained(Measure):
    """Explanations."""

    view: ClassVar[str] = "images"


class Pair(Explained):
    """Two methods."""

    methods: tuple[str, str] = Field(description="The two methods.")
    threshold: str = Field(default="area", description="Share of a map's maximum, or `area` for matched areas.")

    def where(self, **more: str) -> dict[str, str]:
        """Return the cells of a row of both."""
        first, second = self.methods
        return {"method_a": first, "method_b": second, **more, "threshold": self.threshold}


class Agreement(Pair):
    """How far the maps of two methods agree: mean IoU over images."""

    name: Literal["agreement"]

    def needs(self, name: str) -> list[Need]:
        """Return means over images."""
        return [Need("agreement_means", name)]

    def one(self, name: str, read: "Reader") -> One:
        """Return the mean with its interval over images; hand-picked images have none."""
        (need,) = self.needs(name)
        row, evidence = row_of(read, need, self.where(measure="iou"))
        return _of_means(row, evidence)


def _of_means(row: Mapping[str, Any], evidence: Evidence) -> One:
    value = defined(row["mean"])
    if value is None:
        raise NotMeasuredError(f"no image has a value of {', '.join(map(str, evidence.where.values()))}")
    return One(value, defined(row["low"]), defined(row["high"]), int(row["n"]), (evidence,), str(row["reason"]))


class Spread(Pair):
    """How much more of the frame the first map covers than the second, above a share of their maxima."""

    name: Literal["spread"]

    def needs(self, name: str) -> list[Need]:
        """Return agreement by image, in which the areas stand."""
        return [Need("agreement", name), Need("agreement_means", name)]

    def one(self, name: str, read: "Reader") -> One:
        """Return the mean paired difference, with its interval over images."""
        from lucidag.ground.statistics.intervals import estimate

        need = self.needs(name)[0]
        table = read.table(need)
        for one, other, sign in (("a", "b", 1), ("b", "a", -1)):
            rows = table[(table[f"method_{one}"] == self.methods[0]) & (table[f"method_{other}"] == self.methods[1])]
            rows = rows[rows["threshold"] == self.threshold]
            if len(rows):
                found = (rows["area_a"] - rows["area_b"]) * sign
                drawn = estimate(found, CONFIDENCE, hand_picked=self._hand_picked(name, read))
                return _of_estimate(drawn, Evidence(need, self.where()))
        raise NotMeasuredError(f"{read.shown(need)} does not compare {' and '.join(self.methods)}")

    def _hand_picked(self, name: str, read: "Reader") -> bool:
        return bool((read.table(self.needs(name)[1])["reason"] == "hand-picked").any())


def _of_estimate(found: "Estimate", evidence: Evidence) -> One:
    value = defined(found.mean)
    if value is None:
        raise NotMeasuredError("no image has a value")
    return One(value, defined(found.low), defined(found.high), found.n, (evidence,), found.reason)


class ClearAgree(Pair):
    """Whether two methods agree more where the network is surer: Spearman's rho of IoU and probability."""

    name: Literal["clear_agree"]

    def needs(self, name: str) -> list[Need]:
        """Return agreement by image, and what was decided of each."""
        return [Need("agreement", name), Need("records", name, self.methods[0])]

    def one(self, name: str, read: "Reader") -> One:
        """Return the rank correlation over images with its interval."""
        from lucidag.claims.rank import rank_correlation

        need, decisions = self.needs(name)
        table = read.table(need)
        for column, cell in self.where().items():
            table = table[table[column] == cell]
        sure = {image: record["probability"] for image, record in read.records(decisions).items()}
        table = table[table["image"].isin(list(sure))].dropna(subset=["iou"])
        probability = table["image"].map(sure)
        rho, low, high = rank_correlation(table["iou"], probability, CONFIDENCE)
        if rho is None:
            raise NotMeasuredError(f"{read.shown(need)} has too few images that both methods explain")
        return One(rho, low, high, len(table), (Evidence(need, self.where()),))


class Localisation(Explained):
    """How far a method's maps lie on the image's mask, or how much further than those of another method."""

    name: Literal["localisation"]
    method: str = Field(description="The method; `centre` and `random` are baselines.")
    against: str | None = Field(default=None, description="Another method, whose value is taken from it.")
    metric: Literal["iou", "pointing_game", "mass_accuracy", "rank_accuracy"] = Field(
        default="iou", description="How maps are graded."
    )
    threshold: str = Field(default="area", description="Share of a map's maximum, or `area`; of IoU alone.")
    prediction: Literal["right", "wrong", "all"] = Field(default="right", description="Images so predicted.")

    def needs(self, name: str) -> list[Need]:
        """Return grades by image, and their means."""
        return [Need("localisation", name), Need("localisation_means", name)]

    def one(self, name: str, read: "Reader") -> One:
        """Return the mean, or the mean paired difference, with its interval over images."""
        from lucidag.ground.statistics.intervals import estimate

        each, means = self.needs(name)
        where = {"metric": self.metric} | ({"threshold": self.threshold} if self.metric == "iou" else {})
        if self.against is None:
            row, evidence = row_of(read, means, {"prediction": self.prediction, "method": self.method, **where})
            return _of_means(row, evidence)
        table = read.table(each)
        for column, cell in where.items():
            table = table[table[column] == cell]
        table = table if self.prediction == "all" else table[table["prediction"] == self.prediction]
        by_image = table.pivot(index="image", columns="method", values="value")
        for method in (self.method, self.against):
            if method not in by_image:
                raise NotMeasuredError(f"{read.shown(each)} does not grade {method}")
        picked = bool((read.table(means)["reason"] == "hand-picked").any())
        found = estimate(by_image[self.method] - by_image[self.against], CONFIDENCE, hand_picked=picked)
        return _of_estimate(found, Evidence(each, {"method": f"{self.method} less {self.against}", **where}))


class Faithfulness(Explained):
    """A measure of how faithful a method is, by its mean over images."""

    name: Literal["faithfulness"]
    method: str = Field(description="The method.")
    metric: str = Field(description="The measure, as `faithfulness/{model}-ranking.csv` calls it.")

    def needs(self, name: str) -> list[Need]:
        """Return methods by rank."""
        return [Need("faithfulness", name)]

    def one(self, name: str, read: "Reader") -> One:
        """Return the mean with its interval over images."""
        (need,) = self.needs(name)
        return _of_means(*row_of(read, need, {"metric": self.metric, "method": self.method}))


class Predictions(Explained):
    """How many images are predicted as they were claimed to be."""

    name: Literal["predictions"]
    method: str = Field(default="gradcam", description="A method whose records tell what was predicted.")
    classes: dict[str, int] = Field(description="By image, the index of the claimed class.", min_length=1)

    def needs(self, name: str) -> list[Need]:
        """Return what was decided of each image."""
        return [Need("records", name, self.method)]

    def one(self, name: str, read: "Reader") -> One:
        """Return their number."""
        (need,) = self.needs(name)
        found = read.records(need)
        lacking = [image for image in self.classes if image not in found]
        if lacking:
            raise NotMeasuredError(f"image '{lacking[0]}' is not explained")
        same = [image for image, target in self.classes.items() if found[image]["predicted"] == target]
        other = [image for image in self.classes if image not in same]
        note = f"other classes for {', '.join(other)}" if other else ""
        return One(float(len(same)), None, None, len(self.classes), (Evidence(need, {"images": len(same)}),), note)


class PassesOfLime(Explained):
    """How many images LIME has the network classify for one explanation."""

    name: Literal["passes_of_lime"]

    def needs(self, name: str) -> list[Need]:
        """Return LIME's records."""
        return [Need("records", name, "lime")]

    def one(self, name: str, read: "Reader") -> One:
        """Return the least number of all images."""
        (need,) = self.needs(name)
        found = [record["settings"]["num_samples"] for record in read.records(need).values()]
        return One(float(min(found)), None, None, len(found), (Evidence(need, {"key": "settings.num_samples"}),))
