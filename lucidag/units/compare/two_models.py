"""Two models compared by what their units detect: shared concepts, and differences against chance."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lucidag.ground.errors import InputError
from lucidag.ground.statistics.draws import interval, shuffled
from lucidag.ground.statistics.intervals import number
from lucidag.ground.statistics.permutation import two_sided
from lucidag.units.labels.counts import CONCEPT, concept_counts, diversity, labelled, listed
from lucidag.units.labels.unit_tables import methods_of
from lucidag.units.settings import Comparison

MEASURES = ("labelled", "unique", "units_per_concept", "redundant", "shannon", "effective", "simpson")


def compare(a: pd.DataFrame, b: pd.DataFrame, asked: Comparison) -> dict[str, Any]:
    """Compare the labelled units of two models.

    Chance is a permutation: within each layer that both models have, and within the rest, units are dealt out to
    the two models anew, each keeping its number of units. So p asks whether it matters which model a unit is
    of. All p values are two-sided, the doubled smaller tail with the observed value counted in, and none is
    adjusted for their number.

    Parameters
    ----------
    a, b
        See `lucidag.units.labels.unit_tables.read_layers`.
    asked
        How many concepts of each model are compared in ``overlap``; the permutations and their intervals.

    Returns
    -------
    dict
        ``confidence``, ``draws`` and ``methods``: those that both models have. A method has the blocks ``all`` (every
        label) and ``confirmed`` (those with that verdict), each with ``overlap`` (see `overlap`, with
        ``permuted``: mean, low, high, p), ``concepts`` (``a``, ``b``, ``shared``, ``jaccard`` of the sets of
        all concepts, and ``layers`` the same for each layer of both), ``only_a`` and ``only_b`` (concepts of
        one model only, with their units) and ``differences`` (by `MEASURES`: a, b, difference a - b; low, high:
        the interval of the difference under chance; p).

    Raises
    ------
    InputError
        If the models have no method in common.
    """
    methods = [method for method in methods_of(a) if method in methods_of(b)]
    if not methods:
        have = " and ".join(", ".join(methods_of(table)) or "none" for table in (a, b))
        raise InputError(f"the two models have no method in common: {have}")
    found: dict[str, Any] = {}
    for method in methods:
        rows = [table[table["method"] == method] for table in (a, b)]
        found[method] = {}
        for name, confirmed in (("all", False), ("confirmed", True)):
            kept = [each[labelled(each, confirmed)] for each in rows]
            found[method][name] = _sets(*kept) | _chance(rows, confirmed, asked)
    return {"confidence": asked.confidence, "resamples": asked.resamples, "methods": found}


def overlap(a: pd.DataFrame, b: pd.DataFrame, top_concepts: int) -> dict[str, Any]:
    """Count the concepts that are among the most frequent of both models.

    Concepts with equally many units at the end of a list are taken in the order of their names (see
    `concept_counts`). That choice is arbitrary, so its effect is given too, exactly.

    Parameters
    ----------
    a, b
        As `lucidag.units.labels.counts.concept_counts` gives them.
    top_concepts
        The length of the two lists; a model with fewer concepts has a shorter list.

    Returns
    -------
    dict
        ``top_concepts``; ``a``, ``b`` (``length`` of the list, ``least``: units of its last concept, ``tied``
        concepts with as many, ``places`` of the list that these share); ``shared`` concepts and ``concepts``, their
        names in the order of a; ``share`` of the shorter list and ``jaccard``, None where a list is empty;
        ``by_ties``: the ``lowest`` and ``highest`` number that any choice among the tied gives, and ``expected``, its
        mean over random choices; ``chance``: the mean if both lists were random among all concepts of both models.
    """
    counts = [
        dict(zip(table[CONCEPT].itertuples(index=False, name=None), table["units"], strict=True)) for table in (a, b)
    ]
    lists = [list(each)[:top_concepts] for each in counts]
    shared = [name for name in lists[0] if name in set(lists[1])]
    union = len({*lists[0], *lists[1]})
    shorter = min(map(len, lists))
    ends = [_end(table["units"].to_numpy(), top_concepts) for table in (a, b)]
    pool = len({*counts[0], *counts[1]})
    return {
        "top_concepts": top_concepts,
        "a": ends[0],
        "b": ends[1],
        "shared": len(shared),
        "concepts": [name for name, _ in shared],
        "share": len(shared) / shorter if shorter else None,
        "jaccard": len(shared) / union if union else None,
        "by_ties": _by_ties(counts, ends),
        "chance": len(lists[0]) * len(lists[1]) / pool if pool else None,
    }


def _end(units: NDArray[np.integer], top_concepts: int) -> dict[str, int]:
    length = min(top_concepts, len(units))
    least = int(units[length - 1]) if length else 0
    tied, places = int((units == least).sum()), length - int((units > least).sum())
    return {"length": length, "least": least, "tied": tied, "places": places}


def _by_ties(counts: list[dict[tuple[str, str], int]], ends: list[dict[str, int]]) -> dict[str, float]:
    """Give the least, most and mean number of shared concepts over all choices among tied ones."""
    pairs = list(zip(counts, ends, strict=True))
    sure = [{name for name, n in each.items() if n > end["least"]} for each, end in pairs]
    tied = [{name for name, n in each.items() if n == end["least"]} for each, end in pairs]
    base = len(sure[0] & sure[1])
    both = len(tied[0] & tied[1])
    places = [end["places"] for end in ends]
    certain = [len(tied[0] & sure[1]), len(tied[1] & sure[0])]  # tied here, sure there
    # Most: places go first to what is sure there, what is left to pairs tied in both.
    left = [max(0, n - hit) for n, hit in zip(places, certain, strict=True)]
    highest = base + sum(map(min, places, certain)) + min(*left, both)
    # Least: places go first to what the other lacks, then to what is tied in both without meeting.
    absent = [len(own) - hit - both for own, hit in zip(tied, certain, strict=True)]
    forced = [max(0, n - free) for n, free in zip(places, absent, strict=True)]
    lowest = base + max(0, sum(forced) - both)
    odds = [n / len(own) if own else 0.0 for n, own in zip(places, tied, strict=True)]
    expected = base + odds[0] * certain[0] + odds[1] * certain[1] + odds[0] * odds[1] * both
    return {"lowest": lowest, "highest": highest, "expected": float(expected)}


def _sets(a: pd.DataFrame, b: pd.DataFrame) -> dict[str, Any]:
    """Compare the sets of all concepts, overall and by layer."""
    counted = [concept_counts(table) for table in (a, b)]
    names = [pd.MultiIndex.from_frame(table[CONCEPT]) for table in counted]
    layers = [layer for layer in a["layer"].unique() if layer in set(b["layer"])]
    by_layer = {str(layer): _shared(a[a["layer"] == layer], b[b["layer"] == layer]) for layer in layers}
    return {
        "concepts": _shared(a, b) | {"layers": by_layer},
        "only_a": listed(counted[0][~names[0].isin(names[1])]),
        "only_b": listed(counted[1][~names[1].isin(names[0])]),
    }


def _shared(a: pd.DataFrame, b: pd.DataFrame) -> dict[str, Any]:
    one, other = (set(table[CONCEPT].itertuples(index=False, name=None)) for table in (a, b))
    union = len(one | other)
    shared = len(one & other)
    return {"a": len(one), "b": len(other), "shared": shared, "jaccard": shared / union if union else None}


def _chance(rows: list[pd.DataFrame], confirmed: bool, asked: Comparison) -> dict[str, Any]:
    """Give the overlap and the differences of the measures, each compared with what permutations give."""
    numbers = (len(rows[0]), len(rows[1]))
    names = pd.MultiIndex.from_frame(pd.concat([each[CONCEPT] for each in rows]))
    has = np.concatenate([labelled(each, confirmed) for each in rows])
    ordered = names[has].unique().sort_values()
    codes = ordered.get_indexer(names)  # of the concept of each unit, in the order of names

    def counts_of(of_a: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        one, other = (np.bincount(codes[has & side], minlength=len(ordered)) for side in (of_a, ~of_a))
        return one, other

    of_a, strata, generator = np.arange(len(names)) < numbers[0], _strata(rows), np.random.default_rng(asked.seed)
    drawn = [counts_of(shuffled(of_a, strata, generator)) for _ in range(asked.resamples)]
    shared = np.array([_shared_top(*counts, asked.top_concepts) for counts in drawn], dtype=np.float64)
    one, other = (concept_counts(each[labelled(each, confirmed)]) for each in rows)
    own = overlap(one, other, asked.top_concepts)
    spread = _band(float(own["shared"]), shared, asked.confidence)

    observed = [_values(counts, n) for counts, n in zip(counts_of(of_a), numbers, strict=True)]
    chance = np.array([_values(a, numbers[0]) - _values(b, numbers[1]) for a, b in drawn])
    differences = {}
    for name, one_is, other_is, drawn_are in zip(MEASURES, *observed, chance.T, strict=True):
        known = {"a": number(one_is), "b": number(other_is), "difference": number(one_is - other_is)}
        differences[name] = known | _band(one_is - other_is, drawn_are, asked.confidence)
        del differences[name]["mean"]
    return {"overlap": own | {"permuted": spread}, "differences": differences}


def _strata(rows: list[pd.DataFrame]) -> list[NDArray[np.int64]]:
    """Give the units, of both models in a row, that may change places with each other."""
    layers = pd.concat([each["layer"] for each in rows], ignore_index=True)
    stratum = layers.where(layers.isin(set(rows[0]["layer"]) & set(rows[1]["layer"])), "")
    return [np.flatnonzero((stratum == layer).to_numpy()) for layer in stratum.unique()]


def _shared_top(a: NDArray[np.int64], b: NDArray[np.int64], top_concepts: int) -> int:
    """Count the shared concepts as `overlap` does; the codes follow the names, so a stable sort breaks ties alike."""
    lengths = [min(top_concepts, np.count_nonzero(counts)) for counts in (a, b)]
    one, other = (np.argsort(-counts, kind="stable")[:n] for counts, n in zip((a, b), lengths, strict=True))
    return len(np.intersect1d(one, other, assume_unique=True))


def _values(counts: NDArray[np.int64], units: int) -> NDArray[np.float64]:
    """Give the values of `MEASURES`, NaN where one is not defined."""
    found = diversity(counts) | {
        "labelled": int(counts.sum()) / units if units else None,
        "unique": int(np.count_nonzero(counts)),
    }
    return np.array([np.nan if found[name] is None else found[name] for name in MEASURES], dtype=np.float64)


def _band(observed: float, drawn: NDArray[np.float64], confidence: float) -> dict[str, float | None]:
    """Give mean, low, high and p under chance; None where something is not defined."""
    if np.isnan(observed) or np.isnan(drawn).any():
        return dict.fromkeys(("mean", "low", "high", "p"))
    low, high = interval(drawn, confidence)
    return {"mean": float(drawn.mean()), "low": low, "high": high, "p": two_sided(observed, drawn)}
