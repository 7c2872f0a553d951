"""What a measure needs, and what it finds: numbers with the files and rows that they come from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Where = Mapping[str, str | int | float]  # what a row has, by column; or keys of JSON, by depth

# By kind: the path under the folder of results, with {name} and {part}. `records` are all files of
# a folder; `published` is a file beside the results.
KINDS: Mapping[str, str] = {
    "evaluation": "models/{name}/evaluation.json",
    "dataset": "data/{name}/dataset.json",
    "sweep": "rof/{name}/sweep.csv",
    "points": "rof/{name}/turning_points.json",
    "correlation": "generalisation/{name}/correlation.json",
    "summary": "dissect/{name}/summary.json",
    "units": "dissect/{name}/{part}.csv",
    "order": "dissect/{name}/{part}-ranking.csv",
    "agreement": "agreement/{name}.csv",
    "agreement_means": "agreement/{name}-summary.csv",
    "localisation": "localisation/{name}.csv",
    "localisation_means": "localisation/{name}-summary.csv",
    "faithfulness": "faithfulness/{name}-ranking.csv",
    "records": "explanations/{name}/{part}/",
    "audit": "artefacts/{name}.json",
    "study": "shortcuts/{name}/summary.json",
}
PUBLISHED = "published"


class NotMeasuredError(Exception):
    """A measure does not find what it looks for: one sentence that says why."""


@dataclass(frozen=True)
class Need:
    """A file of results.

    Attributes
    ----------
    kind
        A key of `KINDS`, or `PUBLISHED`.
    name
        The model, data set or study that it is of.
    part
        What else tells it apart, such as a layer.
    """

    kind: str
    name: str
    part: str = ""

    @property
    def key(self) -> str:
        """A name for it in settings."""
        return ":".join((self.kind, self.name, *([self.part] if self.part else [])))


@dataclass(frozen=True)
class Evidence:
    """Rows of a table, or a place in JSON.

    Attributes
    ----------
    need
        The file.
    where
        What the rows have, by column.
    """

    need: Need
    where: Where


@dataclass(frozen=True)
class One:
    """What was measured of one model, data set, study or file.

    Attributes
    ----------
    value
        The number.
    low, high
        Its interval; None where there is none.
    n
        How many images, units, files the number is of; None where that says nothing.
    evidence
        Where it comes from.
    note
        What a reader has to know, such as why there is no interval.
    """

    value: float
    low: float | None
    high: float | None
    n: int | None
    evidence: tuple[Evidence, ...]
    note: str = ""


@dataclass(frozen=True)
class Measured:
    """What was measured of all that a claim is asked of.

    Attributes
    ----------
    value
        The number; of several networks their mean.
    low, high
        Its interval; of several networks from the least to the greatest of their intervals.
    n
        See `One`; the least of all.
    values
        By network, data set, study or file, its number.
    evidence
        Where they come from.
    note
        See `One`.
    """

    value: float
    low: float | None
    high: float | None
    n: int | None
    values: Mapping[str, float]
    evidence: tuple[Evidence, ...] = ()
    note: str = ""


def pooled(found: Mapping[str, One]) -> Measured:
    """Put together what was found of several: a claim of one training is held against the range of trainings."""
    ones = list(found.values())
    values = {name: one.value for name, one in found.items()}
    evidence = tuple(each for one in ones for each in one.evidence)
    counts = [one.n for one in ones if one.n is not None]
    mean = sum(values.values()) / len(values)
    note = next((one.note for one in ones if one.note), "")
    return Measured(mean, *reach(ones), min(counts, default=None), values, evidence, note)


def reach(found: Sequence[One | Measured]) -> tuple[float | None, float | None]:
    """Return the least low and the greatest high of all, a number without an interval for itself.

    None twice of a single number without an interval.
    """
    if len(found) == 1:
        return found[0].low, found[0].high
    lows = [each.value if each.low is None else each.low for each in found]
    highs = [each.value if each.high is None else each.high for each in found]
    return min(lows), max(highs)
