"""The verdict of every label of a layer: what images show, and what half of them would have chosen. No torch."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lucidag.units.evidence import Evidence
from lucidag.units.labels.again import pixels_again, similar_again
from lucidag.units.labels.held_out import Bools, Floats
from lucidag.units.labels.layer import PLACES
from lucidag.units.labels.second import second_concepts
from lucidag.units.labels.truth import Truth
from lucidag.units.labels.unit_tables import methods_of
from lucidag.units.labels.verdict import Labelled, most_similar, verdicts
from lucidag.units.names import (
    ANNOTATIONS,
    BY_ANNOTATIONS,
    BY_CLIP,
    CONFIRMED,
    NETDISSECT,
    NONE,
    SECOND,
    SECOND_CHANCE,
)
from lucidag.units.passes.overlaps import Overlaps
from lucidag.units.passes.unit_statistics import LayerStatistics
from lucidag.units.settings import Labelling

LEVEL = 0.95  # where no labels by similarity are asked for, which have a level


def judged_layer(
    table: pd.DataFrame,
    units: LayerStatistics,
    activations: NDArray[np.floating],
    evidence: Evidence | None,
    overlaps: Overlaps | None,
    layer: str,
    truth: Truth,
    asked: Labelling,
    twin: pd.DataFrame | None = None,
    untrained: bool = False,
) -> pd.DataFrame:
    """Add to the labels of a layer by all methods their verdicts; see `lucidag.units.labels.verdict`.

    Parameters
    ----------
    table
        See `lucidag.units.labels.layer.label_layer`.
    units, activations
        The layer's statistics, and its pooled activations N x U.
    evidence, overlaps
        What the labels come from.
    layer
        Its name.
    truth
        What the images show.
    asked
        How to label.
    twin
        What this gives for the untrained twin.
    untrained
        Whether this is that twin.
    """
    parts = []
    for method in methods_of(table):
        labels = table[table["method"] == method].reset_index(drop=True)
        told, judge = truth, None
        if method == NETDISSECT:
            assert overlaps is not None
            again = pixels_again(labels, overlaps, layer)
            names = tuple((name, category) for category, own in overlaps.concepts.items() for name in own)
        else:
            assert evidence is not None
            assert asked.clip_dissect is not None
            again = similar_again(labels, activations, evidence, asked.clip_dissect, truth.chosen, units.top.shape[1])
            names = tuple(zip(evidence.concepts, evidence.categories, strict=True))
            if method == ANNOTATIONS:
                told = replace(truth, names=names, shown=np.asarray(evidence.images) > 0)
            else:
                judge = evidence
        share = units.top.shape[1] / len(activations)
        found = judged(labels, pd.DataFrame(names, columns=["concept", "category"]), told, judge, share)
        control = None if twin is None else twin[twin["method"] == method]
        parts.append(with_verdicts(labels, again, activations, found, truth, share, asked, control, untrained))
    return pd.concat(parts, ignore_index=True) if parts else table


@dataclass(frozen=True)
class Judged:
    """What N images show of C concepts, for the labels of a layer by one method.

    Attributes
    ----------
    names
        Concept and category of each.
    shown
        bool N x C.
    judges
        C: what tells it, `BY_ANNOTATIONS` or `BY_CLIP`.
    own
        U: the column of each unit's label, -1 where it has none or nothing tells what shows it.
    allowed
        bool C: which may be a second concept: those that the method knows.
    """

    names: tuple[tuple[str, str], ...]
    shown: Bools
    judges: tuple[str, ...]
    own: NDArray[np.int64]
    allowed: Bools


def judged(
    labels: pd.DataFrame, concepts: pd.DataFrame, truth: Truth, evidence: Evidence | None, share: float
) -> Judged:
    """Say which images show the concepts of labels: by annotations, else as the CLIP that gave them tells.

    Parameters
    ----------
    labels
        Of U units in their order.
    concepts
        ``concept`` and ``category`` of all concepts that the method knows.
    truth, evidence, share
        See `with_verdicts`. Of words that no annotation has, those that units are called and their next best ones may
        be second concepts.
    """
    own = truth.columns(labels)
    allowed = np.zeros(len(truth.names), dtype=np.bool_)
    known = truth.columns(concepts)
    allowed[known[known >= 0]] = True
    names, shown, judges = truth.names, truth.shown, (BY_ANNOTATIONS,) * len(truth.names)
    if evidence is None:
        return Judged(names, shown, judges, own, allowed)
    place = {name: at for at, name in reversed(list(enumerate(evidence.concepts)))}
    named = pd.unique(labels[[column for column in PLACES if column in labels]].to_numpy(dtype=object).ravel())
    columns = truth.columns(concepts)
    words = sorted(at for at in (place[name] for name in named if name in place) if columns[at] < 0)
    if not words:
        return Judged(names, shown, judges, own, allowed)
    added = {evidence.concepts[word]: len(names) + at for at, word in enumerate(words)}
    called = labels["concept"].map(added).fillna(-1).to_numpy(dtype=np.int64)
    similar = np.asarray(evidence.images, dtype=np.float32) @ np.asarray(evidence.texts[words]).T
    alike = most_similar(similar.astype(np.float64), truth.chosen, share)
    return Judged(
        (*names, *((evidence.concepts[word], evidence.categories[word]) for word in words)),
        np.concatenate([shown, alike], axis=1),
        (*judges, *(BY_CLIP,) * len(words)),
        np.where(own < 0, called, own),
        np.concatenate([allowed, np.ones(len(words), dtype=np.bool_)]),
    )


def with_verdicts(
    labels: pd.DataFrame,
    again: tuple[Bools, int],
    activations: NDArray[np.floating],
    found: Judged,
    truth: Truth,
    share: float,
    asked: Labelling,
    twin: pd.DataFrame | None = None,
    untrained: bool = False,
) -> pd.DataFrame:
    """Add the verdict of each label of a layer by one method, and what it rests on; and the same of second concepts.

    Parameters
    ----------
    labels
        Of U units in their order.
    again
        See `similar_again`.
    activations
        N x U.
    found
        What the images show of the labels' concepts.
    truth
        Which images choose.
    share
        Of the images, how many describe a unit.
    asked
        Level, confidence and seed.
    twin, untrained
        What this gives for the untrained twin, and whether this is that twin.

    Returns
    -------
    DataFrame
        `labels` with the columns of `lucidag.units.labels.verdict.verdicts`; ``second`` (`NONE` without one),
        ``second_category``, ``second_score``, its verdict with all that it rests on, each named ``second_``; and
        ``second_chance``: whether the unit would get a confirmed second concept with its activations dealt out to the
        images anew.
    """
    level = asked.clip_dissect.chance_level if asked.clip_dissect is not None else LEVEL

    def tested(work: Labelled, column: str) -> pd.DataFrame:
        lift = None if twin is None else twin[column].to_numpy(dtype=np.float64)
        return verdicts(
            work,
            truth.chosen,
            truth.owner,
            twin=lift,
            untrained=untrained,
            level=level,
            confidence=asked.confidence,
            seed=asked.seed,
        )

    def second(values: NDArray[np.floating]) -> tuple[NDArray[np.int64], Floats, pd.DataFrame]:
        half = values[truth.chosen], found.shown[truth.chosen]
        which, score = second_concepts(*half, found.own, found.allowed, share)
        work = Labelled(values, found.shown, found.judges, which, which >= 0, 1, np.where(which >= 0, found.own, -1))
        return which, score, tested(work, f"{SECOND}_lift")

    own = np.asarray(activations)
    first = tested(Labelled(own, found.shown, found.judges, found.own, *again), "lift")
    which, score, judged_second = second(own)
    names, categories = zip(*found.names, (NONE, ""), strict=True)  # -1 is the last
    columns = {
        SECOND: np.array(names, dtype=object)[which],
        f"{SECOND}_category": np.array(categories, dtype=object)[which],
        f"{SECOND}_score": score,
    }
    dealt = np.random.default_rng(asked.seed).permuted(own, axis=0)
    chance = {SECOND_CHANCE: (second(dealt)[2]["verdict"] == CONFIRMED).to_numpy()}
    parts = [labels.reset_index(drop=True), first, pd.DataFrame(columns), judged_second.add_prefix(f"{SECOND}_")]
    return pd.concat([*parts, pd.DataFrame(chance)], axis=1)
