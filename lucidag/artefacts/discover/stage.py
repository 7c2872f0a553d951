"""The discovery of one model: kinds of images inside each class, what they go with, and which units."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lucidag.artefacts.columns import sort_out
from lucidag.artefacts.discover.clusters import Vectors
from lucidag.artefacts.discover.columns import Match, best_match
from lucidag.artefacts.discover.descriptors import descriptors, unit_descriptors
from lucidag.artefacts.discover.found import Candidate, Clustered, candidates, distinct, stable
from lucidag.artefacts.discover.kinds import Flags
from lucidag.artefacts.discover.settings import Discovery
from lucidag.artefacts.discover.units import COLUMN, KIND, UNITS, Question, as_question, units_table
from lucidag.data.features import Features
from lucidag.data.manifest import ID, Manifest
from lucidag.ground.statistics.corrections import holm
from lucidag.ground.statistics.draws import interval

PICKED, TESTED = "val", "test"
MAPS, ACTIVATIONS = "maps", "activations"
MAX_VALUES = 20
KINDS = (
    *(
        "proposal",
        "kind",
        "name",
        "clusters",
        "cluster",
        "images",
        "test_images",
        "inside",
        "low_end",
        "between",
        "high_end",
    ),
    *("p", "p_holm", "proposed", "stability", "stability_low", "stability_high", "gap_clusters", "gap_ratio", "gap_p"),
    *("side", "column", "precision", "precision_low", "precision_high", "recall", "recall_low", "recall_high"),
    *("recall_of_all", "p_column"),
)
IMAGES = ("image", "name", "proposal", "member", "place")


@dataclass(frozen=True)
class Shown:
    """The images of one split, and what a network decides by in each.

    Attributes
    ----------
    content
        What the network says about them.
    maps
        N x S x S: the relevance for the class that each is taken for.
    """

    content: Features
    maps: NDArray[np.float32]

    @property
    def taken(self) -> NDArray[np.int64]:
        """The class that each image is taken for."""
        return self.content.logits.argmax(axis=1).astype(np.int64)


@dataclass(frozen=True)
class Discovered:
    """What the stage writes.

    Attributes
    ----------
    kinds
        `KINDS`, a row for each candidate that is unlike those before it; proposed are those with ``p_holm`` (corrected
        over all candidates of all classes) of at most ``settings.level``, from a graph whose
        eigengap is told from that of surrogates.
    images
        `IMAGES`: of each proposal the test images that are taken for its class, and whether they are members.
    units
        See `lucidag.artefacts.discover.units.units_table`.
    report
        Eigenvalues and numbers of each class, mean maps of each proposal, notes.
    """

    kinds: pd.DataFrame
    images: pd.DataFrame
    units: pd.DataFrame
    report: dict[str, Any]


def run_discovery(shown: Mapping[str, Shown], manifest: Manifest, settings: Discovery) -> Discovered:
    """Look for kinds of maps inside each class.

    Parameters
    ----------
    shown
        Validation images, in which kinds are found, and test images, on which they are tested.
    manifest
        The data set, whose metadata columns are held against what was found.
    settings
        Of clusters and tests.
    """
    vectors = spaces(shown, settings)
    classes = shown[PICKED].content.classes
    clustered, notes = _clustered(vectors, shown, settings)
    every = [each for own in clustered.values() for each in own.candidates]
    corrected = dict(zip(map(id, every), holm([each.p for each in every]), strict=True))
    gaps = {key: own.gap.p <= 1 - settings.confidence + 1e-12 for key, own in clustered.items()}
    passing = [each for each in every if corrected[id(each)] <= settings.level and gaps[each.space, each.target]]
    again = {id(each): _again(each, clustered, vectors, shown, settings) for each in passing}
    # Of proposals that are alike, the one whose cut is found again best: a sharp test may be that of half a kind.
    first = sorted(passing, key=lambda one: (-float(again[id(one)].mean()), one.p))
    others = sorted(every, key=lambda one: (not gaps[one.space, one.target], one.p))
    kept = distinct([*first, *(each for each in others if id(each) not in again)])
    proposed = [each for each in kept if id(each) in again]
    columns = _columns(manifest, shown)
    rows = []
    for each in kept:
        number = 1 + proposed.index(each) if each in proposed else 0
        found = again[id(each)] if id(each) in again else _again(each, clustered, vectors, shown, settings)
        own = _row(each, clustered[each.space, each.target], vectors[each.space], shown, columns, found, settings)
        rows.append(own | {"proposal": number, "p_holm": corrected[id(each)], "proposed": number > 0})
    kinds = pd.DataFrame(rows, columns=list(KINDS)).fillna({"side": "", "column": ""})
    questions = _questions(columns, proposed, vectors, shown)
    units = _units(questions, shown, 1 - settings.confidence)
    report = _report(clustered, proposed, vectors, shown, classes)
    return Discovered(kinds, _images(proposed, shown, classes), units, report | {"notes": notes + _said(kinds)})


def spaces(shown: Mapping[str, Shown], settings: Discovery) -> dict[str, dict[str, Vectors]]:
    """Describe the images of each split by their maps, and where there are any by their units."""
    maps = {split: descriptors(each.maps, settings.grid, settings.upright) for split, each in shown.items()}
    features = {split: each.content.features for split, each in shown.items()}
    like = features[PICKED]
    if like is None:
        return {MAPS: maps}
    units = {split: unit_descriptors(each, like) for split, each in features.items() if each is not None}
    return {MAPS: maps, ACTIVATIONS: units}


def _clustered(
    vectors: Mapping[str, Mapping[str, Vectors]], shown: Mapping[str, Shown], settings: Discovery
) -> tuple[dict[tuple[str, int], Clustered], list[str]]:
    """Cluster the images that are taken for each class; say which have too few."""
    found: dict[tuple[str, int], Clustered] = {}
    notes = []
    for target, name in enumerate(shown[PICKED].content.classes):
        own = {split: shown[split].taken == target for split in (PICKED, TESTED)}
        counts = [int(each.sum()) for each in own.values()]
        if min(counts) < settings.min_images:
            few = f"{counts[0]} validation and {counts[1]} test images are taken for class '{name}'"
            notes.append(f"{few}, too few to look for kinds among them")
            continue
        for space, by in vectors.items():
            picked, tested = (by[split][own[split]] for split in (PICKED, TESTED))
            found[space, target] = candidates(picked, tested, space, target, settings)
    return found, notes


def _units(questions: list[Question], shown: Mapping[str, Shown], level: float) -> pd.DataFrame:
    """Ask units; of a network that has none in front of a last layer, nothing."""
    contents = {key: shown[split].content for key, split in (("picked", PICKED), ("tested", TESTED))}
    none = np.zeros((0, 0))
    features = {key: none if own.features is None else own.features for key, own in contents.items()}
    if none is features["picked"]:
        return pd.DataFrame(columns=list(UNITS))
    labels = {key: own.labels for key, own in contents.items()}
    return units_table(features, labels, questions, shown[PICKED].content.classes, level)


def _columns(manifest: Manifest, shown: Mapping[str, Shown]) -> dict[str, dict[str, Flags]]:
    """Give, by ``column = value``, which images of each split have it; of two values the one that is rarer."""
    id_column = ID if ID in manifest.table.columns else None
    kept, _ = sort_out(manifest.table, manifest.metadata, id_column, MAX_VALUES)
    kept.index = manifest.table["image"]
    rows = {split: kept.loc[list(each.content.images)] for split, each in shown.items()}
    found: dict[str, dict[str, Flags]] = {}
    for column in kept.columns:
        values = kept[column].value_counts().sort_values(kind="stable").index.tolist()
        for value in sorted(values[:1] if len(values) == 2 else values):
            found[f"{column} = {value}"] = {split: (part[column] == value).to_numpy() for split, part in rows.items()}
    return found


def _again(
    each: Candidate,
    clustered: Mapping[tuple[str, int], Clustered],
    vectors: Mapping[str, Mapping[str, Vectors]],
    shown: Mapping[str, Shown],
    settings: Discovery,
) -> NDArray[np.float64]:
    """Find the cut that a candidate is from again in samples of the validation images."""
    picked = vectors[each.space][PICKED][shown[PICKED].taken == each.target]
    return stable(picked, each, clustered[each.space, each.target], settings)


def _row(
    each: Candidate,
    own: Clustered,
    vectors: Mapping[str, Vectors],
    shown: Mapping[str, Shown],
    columns: Mapping[str, Mapping[str, Flags]],
    again: NDArray[np.float64],
    settings: Discovery,
) -> dict[str, object]:
    parts = {split: shown[split].taken == each.target for split in (PICKED, TESTED)}
    picked = vectors[PICKED][parts[PICKED]]
    low, high = interval(again, settings.confidence)
    flags = {name: (by[PICKED][parts[PICKED]], by[TESTED][parts[TESTED]]) for name, by in columns.items()}
    match = best_match(each.kind.members(picked), each.members, flags, settings.confidence)
    row: dict[str, object] = {
        "kind": each.space,
        "name": shown[PICKED].content.classes[each.target],
        "clusters": each.clusters,
        "cluster": each.cluster,
        "images": each.images,
        "test_images": len(each.members),
        "inside": int(each.members.sum()),
        **dict(zip(("low_end", "between", "high_end"), each.counts, strict=True)),
        "p": each.p,
        "stability": float(again.mean()),
        "stability_low": low,
        "stability_high": high,
        "gap_clusters": own.gap.clusters,
        "gap_ratio": own.gap.ratio,
        "gap_p": own.gap.p,
    }
    return row | (_of_match(match, columns) if match is not None else {})


def _of_match(match: Match, columns: Mapping[str, Mapping[str, Flags]]) -> dict[str, object]:
    of_all = match.hits / max(int(columns[match.name][TESTED].sum()), 1)
    return match.columns() | {"recall_of_all": of_all}


def _questions(
    columns: Mapping[str, Mapping[str, Flags]],
    proposed: list[Candidate],
    vectors: Mapping[str, Mapping[str, Vectors]],
    shown: Mapping[str, Shown],
) -> list[Question]:
    found = [as_question(COLUMN, name, by[PICKED], by[TESTED]) for name, by in columns.items()]
    for number, each in enumerate(proposed, start=1):
        has = {
            split: np.where(shown[split].taken == each.target, each.kind.members(vectors[each.space][split]), np.nan)
            for split in (PICKED, TESTED)
        }
        found.append(Question(KIND, f"proposal {number}", has[PICKED], has[TESTED]))
    return found


def _images(proposed: list[Candidate], shown: Mapping[str, Shown], classes: tuple[str, ...]) -> pd.DataFrame:
    tested = shown[TESTED]
    names = np.array(tested.content.images)
    parts = [
        pd.DataFrame(
            {
                "image": names[tested.taken == each.target],
                "name": classes[each.target],
                "proposal": number,
                "member": each.members,
                "place": each.places,
            }
        )
        for number, each in enumerate(proposed, start=1)
    ]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(IMAGES))


def _report(
    clustered: Mapping[tuple[str, int], Clustered],
    proposed: list[Candidate],
    vectors: Mapping[str, Mapping[str, Vectors]],
    shown: Mapping[str, Shown],
    classes: tuple[str, ...],
) -> dict[str, Any]:
    found: dict[str, dict[str, Any]] = {classes[target]: {} for _, target in clustered}
    for (space, target), each in clustered.items():
        about = {"eigenvalues": each.gap.values.tolist(), "candidates": len(each.candidates)}
        found[classes[target]][space] = about
    maps = []
    for one in proposed:
        own = vectors[MAPS][TESTED][shown[TESTED].taken == one.target]
        side = round(own.shape[1] ** 0.5)
        means = {key: own[part].mean(axis=0) for key, part in (("members", one.members), ("rest", ~one.members))}
        maps.append({key: mean.reshape(side, side).tolist() for key, mean in means.items()})
    return {"classes": found, "mean_maps": maps}


def _said(kinds: pd.DataFrame) -> list[str]:
    said = []
    for row in kinds[kinds["proposed"]].to_dict("records"):
        said.append(
            f"{row['inside']} of {row['test_images']} test images taken for '{row['name']}' differ in kind from the "
            f"others by their {row['kind']} (p {row['p_holm']:.1g}); closest column: {row['column'] or 'none'}"
        )
    return said or ["no kind of images stands apart inside a class"]
