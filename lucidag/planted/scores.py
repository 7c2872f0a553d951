"""How well each method tells what planted units are and do: precision and recall by kind, with intervals. No torch."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lucidag.ground.statistics.draws import interval
from lucidag.ground.statistics.intervals import estimate, share
from lucidag.models.planted_units import DEAD, KINDS, NOISE
from lucidag.units.labels.held_out import average_precision
from lucidag.units.names import NONE
from lucidag.units.settings import Draws

ALL, CRP = "all", "crp"
AUPRC, RIGHT, CONFIRMED, WRONG, FOUND = "auprc", "right", "confirmed", "wrong_among_confirmed", "found"
SECOND_CONFIRMED, SECOND_WRONG = "second_confirmed", "second_wrong_among_confirmed"
BOTH, BY_CHANCE = "both_confirmed", "second_confirmed_by_chance"
OF_LABELS = (RIGHT, CONFIRMED, WRONG, SECOND_CONFIRMED, SECOND_WRONG, BOTH, BY_CHANCE)  # shares of units
COLUMNS = ("part", "method", "kind", "measure", "n", "positives", "value", "low", "high", "base_rate", "reason")
Row = dict[str, object]


def label_scores(labels: pd.DataFrame, asked: Draws) -> Iterator[Row]:
    """Score labels: how many are right and confirmed, how many confirmed ones are wrong, and what ``lift`` tells.

    Parameters
    ----------
    labels
        See `lucidag.planted.labels.label_table`.
    asked
        Level, draws and seed.
    """
    for method, own in labels.groupby("method", sort=False):
        for kind, part in by_kind(own):
            for measure, rows, hit in label_shares(part):
                row: Row = {"part": "labels", "method": method, "kind": kind} | share_row(measure, rows[hit], asked)
                yield row | ({"base_rate": part["chance"].mean()} if measure == RIGHT else {})
        named = own[own["labelled_concept"] != NONE]
        yield from auprc_rows("labels", str(method), named.assign(value=named["lift"].fillna(-np.inf)), "right", asked)


def label_shares(part: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame, str]]:
    """Give the shares of labels that are scored: which, of which rows, and the column that says what hits.

    Parameters
    ----------
    part
        Rows of `lucidag.planted.labels.label_table`.
    """
    right, second = part["right"].astype(bool), part["second_right"].astype(bool)
    table = part.assign(wrong=~right, second_wrong=~second, both=part["confirmed"] & part["second_confirmed"])
    sure, other = table[table["confirmed"]], table[table["second_confirmed"]]
    yield from ((RIGHT, table, "right"), (CONFIRMED, table, "confirmed"), (WRONG, sure, "wrong"))
    yield from ((SECOND_CONFIRMED, table, "second_confirmed"), (SECOND_WRONG, other, "second_wrong"))
    yield from ((BOTH, table, "both"), (BY_CHANCE, table, "second_chance"))


def effect_scores(truth: pd.DataFrame, effects: pd.DataFrame, asked: Draws) -> Iterator[Row]:
    """Score effects: do ``beyond`` and ``found`` tell which classes need a unit?

    Pairs of unit and class are true where the unit answers to something and acts on the class. Noise and dead units
    are needed by no class.

    Parameters
    ----------
    truth
        See `lucidag.planted.truth.truth_table`.
    effects
        See `lucidag.units.effects.table.effects`.
    asked
        Level, draws and seed.
    """
    rows = effects[(effects["split"] == "test") & (effects["kind"] == "class")]
    pairs = paired(truth, rows[["unit", "name", "beyond", "loss", "found"]])
    pairs["true"] &= ~pairs["kind"].isin((DEAD, NOISE))
    for method in ("beyond", "loss"):
        yield from auprc_rows("effects", method, pairs.assign(value=pairs[method]), "true", asked)
    for kind, part in by_kind(pairs.assign(found=pairs["found"].astype(str) == "True")):
        known = {"part": "effects", "method": FOUND, "kind": kind}
        yield known | share_row(FOUND, part.loc[part["true"], "found"], asked)
        yield known | share_row("found_without_need", part.loc[~part["true"], "found"], asked)


def role_scores(truth: pd.DataFrame, roles: pd.DataFrame, ranking: pd.DataFrame, asked: Draws) -> Iterator[Row]:
    """Score orders of units and roles: do they tell units that the last layer uses from those that it does not?

    Dead units count as not used. Each order is that of test images; of random ones the first is taken.
    """
    known = truth.loc[truth["verified"], ["unit", "kind", "name"]]
    known = known.assign(true=(known["name"] != "") & (known["kind"] != DEAD))
    for method, rows in ranking[ranking["split"] == "test"].groupby("method", sort=False):
        table = known.merge(rows.drop_duplicates("unit")[["unit", "rank"]], on="unit")
        yield from auprc_rows("roles", str(method), table.assign(value=-table["rank"]), "true", asked)
    for kind, part in by_kind(known.merge(roles[["unit", "role"]], on="unit")):
        row: Row = {"part": "roles", "method": "role", "kind": kind}
        for measure, which in (("neither_of_used", part["true"]), ("neither_of_unused", ~part["true"])):
            yield row | share_row(measure, part.loc[which, "role"] == "neither", asked)


def relevance_scores(truth: pd.DataFrame, relevance: pd.DataFrame, asked: Draws) -> Iterator[Row]:
    """Score relevance: does it tell which classes a unit acts on, and is it what the unit adds to the logit?"""
    pairs = paired(truth, relevance)
    pairs["true"] &= pairs["kind"] != DEAD
    yield from auprc_rows("relevance", CRP, pairs.assign(value=pairs["relevance"]), "true", asked)
    for kind, part in by_kind(pairs):
        off = (part["relevance"] - part["contribution"]).abs().max() / max(pairs["contribution"].max(), 1e-12)
        known = {"part": "relevance", "method": CRP, "kind": kind, "measure": "difference"}
        yield known | {"n": len(part), "value": off, "reason": "a greatest value has no interval"}


def region_scores(regions: pd.DataFrame, asked: Draws) -> Iterator[Row]:
    """Score maps: average precision over pixels for the planted region, beside its share of the image."""
    for method, own in regions.groupby("method", sort=False):
        for kind, part in by_kind(own):
            each = part.groupby("image")["auprc"].mean()  # maps of one image are not independent
            found = estimate(each, asked.confidence, asked.resamples, asked.seed, (0.0, 1.0))
            row: Row = {"part": "regions", "method": method, "kind": kind, "measure": AUPRC, "n": found.n}
            row |= {"positives": len(part), "value": found.mean, "low": found.low, "high": found.high}
            yield row | {"base_rate": part["base_rate"].mean(), "reason": found.reason}


def table_of(rows: Iterator[Row]) -> pd.DataFrame:
    """Put rows into a table with `COLUMNS`; what a row does not say is missing."""
    table = pd.DataFrame(list(rows), columns=list(COLUMNS))
    return table.assign(reason=table["reason"].astype(object).fillna(""))


def paired(truth: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """Join what is said of units and classes to the truth of verified units; ``true``: the unit acts on the class."""
    known = truth.loc[truth["verified"], ["unit", "kind", "name"]].rename(columns={"name": "acts_on"})
    table = known.merge(pairs, on="unit")
    return table.assign(true=table["acts_on"] == table["name"])


def by_kind(table: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Give all rows, then those of each kind that has any."""
    yield ALL, table
    yield from ((kind, table[table["kind"] == kind]) for kind in KINDS if (table["kind"] == kind).any())


def share_row(measure: str, hits: "pd.Series", asked: Draws) -> Row:
    """Give a share with Wilson's interval."""
    found = share(int(hits.sum()), len(hits), asked.confidence)
    row: Row = {"measure": measure, "n": len(hits), "positives": int(hits.sum())}
    return row | {"value": found["value"], "low": found["low"], "high": found["high"]} | _why(len(hits) == 0, "none")


def auprc_rows(
    part: str, method: str, table: pd.DataFrame, truth: str, asked: Draws, kinds: Sequence[str] = (ALL, *KINDS)
) -> Iterator[Row]:
    """Give average precision by kind: what is true of units of the kind, against what is not true of any unit.

    Intervals are percentiles of the bootstrap over units, each with all its rows.
    """
    for kind in kinds:
        hits = table[truth].to_numpy(dtype=np.bool_) & ((table["kind"] == kind) | (kind == ALL)).to_numpy()
        chosen = hits | ~table[truth].to_numpy(dtype=np.bool_)
        row: Row = {"part": part, "method": method, "kind": kind, "measure": AUPRC, "n": int(chosen.sum())}
        row |= {"positives": int(hits.sum())}
        if not hits.any() or hits[chosen].all():
            yield row | _why(condition=True, words="nothing is true" if not hits.any() else "nothing is false")
            continue
        values = table["value"].to_numpy(dtype=np.float64)[chosen]
        low, high = _interval(values, hits[chosen], table["unit"].to_numpy()[chosen], asked)
        yield row | {
            "value": _precision(values, hits[chosen]),
            "low": low,
            "high": high,
            "base_rate": hits[chosen].mean(),
        }


def _interval(
    values: NDArray[np.float64], hits: NDArray[np.bool_], units: NDArray[np.int64], asked: Draws
) -> tuple[float, float]:
    """Draw units with all their rows, and give the interval of average precision: each draw is a weight of each row."""
    rng = np.random.default_rng(asked.seed)
    names, place = np.unique(units, return_inverse=True)
    order = np.argsort(-values, kind="stable")
    values, hits, place = values[order], hits[order], place.reshape(-1)[order]
    ends = np.searchsorted(-values, -values, side="right") - 1  # of equal values the last
    draws = []
    for _ in range(asked.resamples):
        weight = np.bincount(rng.integers(len(names), size=len(names)), minlength=len(names))[place]
        found = np.cumsum(weight * hits)
        with np.errstate(invalid="ignore", divide="ignore"):
            precision = found[ends] / np.cumsum(weight)[ends]
            draws.append(np.nansum(precision * weight * hits) / found[-1])
    return interval(np.array(draws), asked.confidence)


def _precision(values: NDArray[np.float64], hits: NDArray[np.bool_]) -> float:
    return float(average_precision(values[:, None], hits[:, None])[0])


def _why(condition: bool, words: str) -> Row:
    return {"reason": words if condition else ""}
