"""Whether a label is to be believed: the one rule, by images that did not choose it. No torch.

The images of the probe set are split in two (see `lucidag.units.halves.chosen_half`). A label is `confirmed`
where all of this holds, at the level 1 − `chance_level` (.05):

1. It is among the five best concepts that the same method gives the unit from the choosing half alone.
2. In the other half, the unit is more active on the images that show the concept than if the concept were dealt out to
   the images anew (`lucidag.ground.statistics.dealt.more_than_dealt`): p times the number of candidates (five),
   corrected over the units of the layer for the false discovery rate (Benjamini and Hochberg 1995).
3. There, the lower end of the interval of the average precision is above its base rate, and above the mean that the
   unit has with labels of other units, dealt out.
4. There, the average precision is further above its base rate than that of the labels of the untrained twin, of which
   no more than the level are (see `lucidag.units.labels.chance.untrained_chance`). Where no twin is asked for this
   falls away.

It is `untestable` where the unit has no label, nothing tells which images show the concept, too few do, or no label of
the twin can be tested, and `unconfirmed` otherwise. What images show is told by annotations where there are any with
the name of the concept. Where there are none, the CLIP that named the unit has to judge: then the images most similar
to the concept count as those that show it, and the verdict is circular.

A second concept (`lucidag.units.labels.second`) is tested by the same rule, in the images alone that do not show the
first one; the choosing half gives it, so that the first point holds with one candidate.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import false_discovery_control

from lucidag.ground.statistics.dealt import more_than_dealt
from lucidag.units.labels.chance import untrained_chance
from lucidag.units.labels.held_out import (
    Bools,
    Floats,
    Measures,
    average_precision,
    best_thresholds,
    by_id,
    measures,
    precision_interval,
)
from lucidag.units.names import CONFIRMED, UNCONFIRMED, UNTESTABLE

CANDIDATES = 5  # of the choosing half
FEWEST = 5  # images (or ids) of the testing half with the concept, and without it
DEALS = 20  # times that labels are dealt out to the units anew
UNITS = 256  # units held in memory at once
NO_TWIN = "no label of the untrained network can be tested"


@dataclass(frozen=True)
class Labelled:
    """The labels of a layer of U units over N images, and what the images show.

    Attributes
    ----------
    activations
        N x U.
    shown
        bool N x C: which images show the concepts.
    judges
        C: what tells it, `BY_ANNOTATIONS` or `BY_CLIP`.
    own
        U: the column of each unit's label, -1 where it has none or nothing tells what shows it.
    again
        U: whether the choosing half gives the label too, as one of its `candidates` best.
    candidates
        How many there are, at most.
    first
        U: the column of the concept whose images are left out for each unit, -1 for none; None: for no unit.
    """

    activations: NDArray[np.floating]
    shown: Bools
    judges: Sequence[str]
    own: NDArray[np.int64]
    again: Bools
    candidates: int = CANDIDATES
    first: NDArray[np.int64] | None = None

    def parts(self, units: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], Bools]]:
        """Give some units in parts that fit into memory, each with the N images that count for it."""
        left_out = np.full(len(units), -1) if self.first is None else self.first[units]
        for column in np.unique(left_out).tolist():
            kept = np.ones(len(self.shown), dtype=np.bool_) if column < 0 else ~self.shown[:, column]
            own = np.flatnonzero(left_out == column)
            yield from ((own[start : start + UNITS], kept) for start in range(0, len(own), UNITS))


def verdicts(
    labels: Labelled,
    chosen: Bools,
    owner: NDArray[np.integer] | None = None,
    *,
    seed: int,
    confidence: float,
    twin: Floats | None = None,
    untrained: bool = False,
    level: float = 0.95,
) -> pd.DataFrame:
    """Test the labels of a layer by the rule of this module.

    Parameters
    ----------
    labels
        The labels, and what the images show.
    chosen
        bool N: the choosing half.
    owner
        N numbers of ids where several images are of one (see `lucidag.ground.statistics.owners`).
    twin
        ``lift`` of the labels of the untrained twin; None without one.
    untrained
        Whether these are the labels of that twin, which are held against each other.
    level
        1 less the level of the tests.
    confidence
        Of the interval.
    seed
        Of the labels dealt out.

    Returns
    -------
    DataFrame
        One row a unit: ``verdict``; ``why`` it is not `confirmed`, or ""; ``judged_by``; of the testing half ``auprc``,
        ``auprc_low``, ``auprc_high``, ``f1``, ``iou``, ``correlation``, ``cosine``; ``base_rate``; ``dealt``, the mean
        average precision of the unit with other units' labels; ``lift``, (auprc − base rate) / (1 − base rate);
        ``p``, corrected. NaN where there is none.
    """
    tested = ~chosen
    if not chosen.any():  # all images are of one id: nothing can choose and something else test
        labels = replace(labels, own=np.full(len(labels.own), -1))
    own = labels.own
    found, positives, negatives, p = _tested(labels, chosen, owner)
    p = np.where(labels.again, np.minimum(1, p * labels.candidates), 1.0)
    few = (own >= 0) & (np.minimum(positives, negatives) < FEWEST)
    constant = _constant(labels, tested)
    able = (own >= 0) & ~few & ~constant & ~np.isnan(found.auprc)
    corrected = np.full(len(own), np.nan)
    if able.any():
        corrected[able] = false_discovery_control(p[able])
    low, high = precision_interval(found.auprc, positives, confidence)
    dealt = dealt_anew(labels, tested, seed)
    lift = (found.auprc - found.base) / (1 - found.base)
    twin = np.where(able, lift, np.nan) if untrained else twin
    twin = None if twin is None else twin[~np.isnan(twin)]
    alone = twin is not None and not len(twin)
    needed = -np.inf if twin is None else untrained_chance(twin, level)
    reasons = (
        (own < 0, "no label that anything can be held against"),
        (few, f"fewer than {FEWEST} images of the other half show it, or do not"),
        (constant, "the unit is the same in all images of the other half"),
        (~able, "nothing to measure"),
        (~labels.again, "half of the images gives other labels"),
        (corrected > 1 - level, "no more than dealt-out concepts give"),
        (low <= found.base, "its interval reaches down to the base rate"),
        (low <= np.where(np.isnan(dealt), -np.inf, dealt), "its interval reaches down to labels of other units"),
        (~(lift > needed), "no further above its base rate than labels of an untrained network"),
        (np.full(len(own), alone), NO_TWIN),
    )
    why = np.select([when for when, _ in reasons], [text for _, text in reasons], "")
    verdict = np.where(~able | (why == NO_TWIN), UNTESTABLE, np.where(why == "", CONFIRMED, UNCONFIRMED))
    judges = np.array([*labels.judges, ""], dtype=object)[own]
    numbers = {
        "auprc": found.auprc,
        "auprc_low": low,
        "auprc_high": high,
        "f1": found.f1,
        "iou": found.iou,
        "correlation": found.correlation,
        "cosine": found.cosine,
        "base_rate": found.base,
        "dealt": dealt,
        "lift": lift,
        "p": corrected,
    }
    kept = {name: np.where(able, values, np.nan) for name, values in numbers.items()}
    return pd.DataFrame({"verdict": verdict, "why": why, "judged_by": judges, **kept})


def most_similar(similarity: Floats, chosen: Bools, share: float) -> Bools:
    """Take the images of each half that are most similar to each concept as those that show it: bool N x C.

    Parameters
    ----------
    similarity
        N x C, by a CLIP.
    chosen
        The choosing half.
    share
        Of the images of either half, at least one image.
    """
    shown = np.zeros(similarity.shape, dtype=np.bool_)
    for half in filter(len, (np.flatnonzero(chosen), np.flatnonzero(~chosen))):
        first = np.argsort(-similarity[half], axis=0, kind="stable")[: max(1, round(share * len(half)))]
        shown[half[first], np.arange(similarity.shape[1])] = True
    return shown


def dealt_anew(labels: Labelled, tested: Bools, seed: int) -> Floats:
    """Give the mean average precision of each unit with the labels of other units: U, NaN where no other label exists.

    Labels are dealt out `DEALS` times; a unit that gets the concept it has had does not count that time.
    """
    generator, able = np.random.default_rng(seed), np.flatnonzero(labels.own >= 0)
    totals, counts = np.zeros(len(labels.own)), np.zeros(len(labels.own))
    for _ in range(DEALS):
        dealt = labels.own.copy()
        dealt[able] = generator.permutation(labels.own[able])
        units = np.flatnonzero(dealt != labels.own)
        for part, kept in labels.parts(units):
            images, at = tested & kept, units[part]
            if not images.any():
                continue
            values = average_precision(labels.activations[images][:, at], labels.shown[images][:, dealt[at]])
            known = ~np.isnan(values)
            totals[at[known]] += values[known]
            counts[at[known]] += 1
    return np.divide(totals, counts, out=np.full(len(totals), np.nan), where=counts > 0)


def _tested(
    labels: Labelled, chosen: Bools, owner: NDArray[np.integer] | None
) -> tuple[Measures, NDArray[np.int64], NDArray[np.int64], Floats]:
    """Hold each unit against its own label in the testing half.

    Returns what `measures` gives, NaN without a label; how many images, or ids, show the concept and how many do not;
    and the p value over these.
    """
    fields = ("auprc", "f1", "iou", "correlation", "cosine", "base")
    count = len(labels.own)
    empty = {name: np.full(count, np.nan) for name in fields}
    found = Measures(**empty, positives=np.zeros(count, dtype=np.int64))
    positives, negatives, p = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64), np.ones(count)
    labelled = np.flatnonzero(labels.own >= 0)
    for part, kept in labels.parts(labelled):
        units, halves = labelled[part], (chosen & kept, ~chosen & kept)
        if not halves[0].any() or not halves[1].any():
            continue
        sides = [(labels.activations[half][:, units], labels.shown[half][:, labels.own[units]]) for half in halves]
        limits = best_thresholds(*sides[0])
        told = measures(*sides[1], limits)
        for name in (*fields, "positives"):
            getattr(found, name)[units] = getattr(told, name)
        if owner is not None:
            sides[1] = by_id(*sides[1], owner[halves[1]])
        positives[units] = sides[1][1].sum(axis=0)
        negatives[units] = len(sides[1][1]) - positives[units]
        p[units] = more_than_dealt(sides[1][0].astype(np.float64), sides[1][1])
    return found, positives, negatives, p


def _constant(labels: Labelled, tested: Bools) -> Bools:
    """Tell which units are the same in all images of the testing half that count for them."""
    found = np.zeros(len(labels.own), dtype=np.bool_)
    for units, kept in labels.parts(np.arange(len(labels.own))):
        own = labels.activations[tested & kept][:, units]
        found[units] = own.min(axis=0) == own.max(axis=0) if len(own) else True
    return found
