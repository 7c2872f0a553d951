"""The verdict of every label of a layer: what images show, and what half of them would have chosen. No torch."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lucidag.data.images import Images
from lucidag.data.manifest import ID, Manifest, together
from lucidag.ground.statistics.owners import owners
from lucidag.units.evidence import Evidence
from lucidag.units.halves import chosen_half
from lucidag.units.labels.class_columns import says_something
from lucidag.units.labels.held_out import Bools, Floats
from lucidag.units.labels.similarity import WHOLE, constant_units, describe_layer
from lucidag.units.labels.unit_tables import methods_of
from lucidag.units.labels.verdict import CANDIDATES, Labelled, most_similar, verdicts
from lucidag.units.names import ANNOTATIONS, BY_ANNOTATIONS, BY_CLIP, NETDISSECT, NONE, plain_name
from lucidag.units.passes.overlaps import Overlaps
from lucidag.units.passes.unit_statistics import LayerStatistics
from lucidag.units.settings import Describing, Labelling

Keys = list[tuple[str, str]]  # plain name and category of concepts
LEVEL = 0.95  # where no labels by similarity are asked for, which have a level


@dataclass(frozen=True)
class Truth:
    """What N images show, and which of them choose labels.

    Attributes
    ----------
    names
        Concept and category of C annotations.
    shown
        bool N x C.
    chosen
        bool N, see `lucidag.units.halves.chosen_half`.
    owner
        N numbers of ids, or None.
    """

    names: tuple[tuple[str, str], ...]
    shown: Bools
    chosen: Bools
    owner: NDArray[np.int64] | None

    def columns(self, labels: pd.DataFrame) -> NDArray[np.int64]:
        """Give the column of each label: of its category, else the first of its name; -1 without one."""
        exact = {(plain_name(name), category): at for at, (name, category) in reversed(list(enumerate(self.names)))}
        named = {plain_name(name): at for at, (name, _) in reversed(list(enumerate(self.names)))}
        found = [exact.get(key, named.get(key[0], -1)) for key in keys(labels["concept"], labels["category"])]
        return np.where(labels["concept"] == NONE, -1, np.array(found, dtype=np.int64))


def known_truth(manifest: Manifest, rows: NDArray[np.int64], seed: int) -> Truth:
    """Take what the annotations of a data set say of images: label maps, the label, and columns whose values repeat.

    Parameters
    ----------
    manifest, rows
        The data set, and the N row numbers that make the probe set.
    seed
        Of the halves, which do not part images of one ``id``.
    """
    table = manifest.table.iloc[rows]
    names: list[tuple[str, str]] = []
    parts = [np.zeros((len(rows), 0), dtype=np.bool_)]
    if manifest.concepts:
        reader = Images(manifest)
        sizes = {category: len(concepts) for category, concepts in manifest.concepts.items()}
        names += [(name, category) for category, concepts in manifest.concepts.items() for name in concepts]
        parts.append(np.stack([_present(reader.read_concepts(row), sizes) for row in rows.tolist()]))
    labels = [column for column in ("true_label", "label") if column in table][:1]
    for column in (*labels, *(name for name in manifest.metadata if name != ID and says_something(table[name]))):
        values = table[column].to_numpy(dtype=object)
        found = sorted(set(values.tolist()) - {""})
        names += [(value, column) for value in found]
        parts.append(values[:, None] == np.array(found, dtype=object))
    whole = together(table)
    return Truth(tuple(names), np.concatenate(parts, axis=1), chosen_half(whole, seed), owners(whole, len(whole)))


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
        else:
            assert evidence is not None
            assert asked.clip_dissect is not None
            again = similar_again(labels, activations, evidence, asked.clip_dissect, truth.chosen, units.top.shape[1])
            if method == ANNOTATIONS:
                names = tuple(zip(evidence.concepts, evidence.categories, strict=True))
                told = replace(truth, names=names, shown=np.asarray(evidence.images) > 0)
            else:
                judge = evidence
        share = units.top.shape[1] / len(activations)
        control = None if twin is None else twin[twin["method"] == method]
        parts.append(with_verdicts(labels, again, activations, told, judge, share, asked, control, untrained))
    return pd.concat(parts, ignore_index=True) if parts else table


def similar_again(
    labels: pd.DataFrame,
    activations: NDArray[np.floating],
    evidence: Evidence,
    asked: Describing,
    chosen: Bools,
    top: int,
) -> tuple[Bools, int]:
    """Tell whether the choosing half gives the same label, by CLIP-Dissect or annotations.

    Parameters
    ----------
    labels
        Of U units in their order.
    activations
        N x U.
    evidence, asked
        See `lucidag.units.labels.layer.clip_labels`.
    chosen
        The choosing half.
    top
        How many of all images describe a unit; of the choosing half as large a share does.

    Returns
    -------
    again, candidates
        bool U; and how many concepts of each unit are its best.
    """
    if not chosen.any():
        return np.zeros(len(labels), dtype=np.bool_), 1
    own = np.asarray(activations[chosen])
    count = max(1, -(-top * len(own) // len(activations)))
    first = np.argsort(-own, axis=0, kind="stable")[:count].T
    given = own if asked.similarity in WHOLE else None
    scores = describe_layer(
        asked.similarity, np.asarray(evidence.images[chosen]), evidence.texts, first, given, constant_units(own)
    )[1]
    names = keys(evidence.concepts, evidence.categories)
    return _among_best(scores, names, keys(labels["concept"], labels["category"]), _least_score)


def pixels_again(labels: pd.DataFrame, overlaps: Overlaps, layer: str) -> tuple[Bools, int]:
    """Tell whether the choosing half gives the same label, by Network Dissection; see `similar_again`."""
    names = [(name, category) for category, concepts in overlaps.concepts.items() for name in concepts]
    iou = np.concatenate([overlaps.half_iou(layer, category) for category in overlaps.concepts], axis=1)
    plain = keys(*zip(*names, strict=True))
    return _among_best(iou, plain, keys(labels["concept"], labels["category"]), _no_overlap)


def with_verdicts(
    labels: pd.DataFrame,
    again: tuple[Bools, int],
    activations: NDArray[np.floating],
    truth: Truth,
    evidence: Evidence | None,
    share: float,
    asked: Labelling,
    twin: pd.DataFrame | None = None,
    untrained: bool = False,
) -> pd.DataFrame:
    """Add the verdict of each label of a layer by one method, and what it rests on.

    Parameters
    ----------
    labels
        Of U units in their order.
    again
        See `similar_again`.
    activations
        N x U.
    truth
        What the images show.
    evidence
        Of a CLIP, which judges labels that no annotation has; None where none does.
    share
        Of the images, how many describe a unit.
    asked
        Level, confidence and seed.
    twin, untrained
        What this gives for the untrained twin, and whether this is that twin.
    """
    own, shown, judges = truth.columns(labels), truth.shown, [BY_ANNOTATIONS] * len(truth.names)
    unknown = np.flatnonzero((own < 0) & (labels["concept"] != NONE).to_numpy())
    if evidence is not None and len(unknown):
        place = {key: at for at, key in reversed(list(enumerate(keys(evidence.concepts, evidence.categories))))}
        named = keys(labels["concept"].iloc[unknown], labels["category"].iloc[unknown])
        words, at = np.unique([place[key] for key in named], return_inverse=True)
        similar = np.asarray(evidence.images, dtype=np.float32) @ np.asarray(evidence.texts[words]).T
        own[unknown] = shown.shape[1] + at.reshape(-1)
        shown = np.concatenate([shown, most_similar(similar.astype(np.float64), truth.chosen, share)], axis=1)
        judges += [BY_CLIP] * len(words)
    level = asked.clip_dissect.chance_level if asked.clip_dissect is not None else LEVEL
    found = verdicts(
        Labelled(np.asarray(activations), shown, judges, own, *again),
        truth.chosen,
        truth.owner,
        twin=None if twin is None else twin["lift"].to_numpy(dtype=np.float64),
        untrained=untrained,
        level=level,
        confidence=asked.confidence,
        seed=asked.seed,
    )
    return pd.concat([labels.reset_index(drop=True), found], axis=1)


def keys(concepts: Iterable[str], categories: Iterable[str]) -> Keys:
    """Give plain name and category of concepts, by which labels are compared."""
    return [(plain_name(name), category) for name, category in zip(concepts, categories, strict=True)]


def _among_best(scores: Floats, names: Keys, labels: Keys, nothing: Callable[[Floats], Floats]) -> tuple[Bools, int]:
    count = min(CANDIDATES, scores.shape[1])
    best = np.argsort(-scores, axis=1, kind="stable")[:, :count]
    told = np.take_along_axis(scores, best, axis=1) > nothing(scores)[:, None]
    again = [any(names[at] == label for at in row[known]) for row, known, label in zip(best, told, labels, strict=True)]
    return np.array(again, dtype=np.bool_), count


def _least_score(scores: Floats) -> Floats:
    # A unit that is constant in this half has no scores: nothing is greater than NaN.
    return np.where(np.isnan(scores).any(axis=1), np.nan, -np.inf)


def _no_overlap(scores: Floats) -> Floats:
    return np.zeros(len(scores))


def _present(maps: dict[str, NDArray[np.uint8]], sizes: dict[str, int]) -> Bools:
    """Tell which concepts of all categories an image shows."""
    parts = [np.bincount(maps[category].reshape(-1), minlength=1 + size)[1:] > 0 for category, size in sizes.items()]
    return np.concatenate(parts)
