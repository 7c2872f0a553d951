"""The report of a repair: all networks of its arms, shown the same images."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import softmax

from lucidag.artefacts.repair.groups import artefacts_shown, group_codes
from lucidag.artefacts.repair.head import Head
from lucidag.artefacts.repair.repaired import Material, control, group_names, repaired
from lucidag.artefacts.repair.report import Changes, accuracy_table, effects_table, verdicts
from lucidag.artefacts.repair.seen import BATCH, EDITS, Pixels, Seen, edited, in_batches, see
from lucidag.artefacts.repair.settings import ORIGINAL, RANDOM, REPAIRED, Repairing
from lucidag.data.manifest import Manifest
from lucidag.ground.progress import track
from lucidag.models.frames import batches
from lucidag.models.network import Network
from lucidag.models.reproducible import reproducible

TEST = "test"


@dataclass(frozen=True)
class Report:
    """What the stage writes.

    Attributes
    ----------
    effects, accuracy
        See `lucidag.artefacts.repair.report`.
    probabilities
        set, model, image, artefact; the probability of the artefact's class ``before`` it was pasted, ``after`` it, and
        with its place filled (``control``).
    summary
        The models of each set, and sentences.
    """

    effects: pd.DataFrame
    accuracy: pd.DataFrame
    probabilities: pd.DataFrame
    summary: dict[str, Any]


@dataclass(frozen=True)
class _Asked:
    """What one network said: of the test images, and of each edit of each artefact."""

    test: Seen
    edits: Mapping[str, Mapping[str, Seen]]


def run_report(
    arms: Mapping[str, Mapping[str, Network]],
    made: Mapping[str, Material],
    manifest: Manifest,
    clean: Mapping[str, Pixels],
    targets: Mapping[str, int],
    settings: Repairing,
    device: str = "cpu",
    threads: int = 2,
) -> Report:
    """Measure a repair.

    Parameters
    ----------
    arms
        By set, its networks by name: the original ones, the repaired ones in the same order, and those that never
        learnt the shortcut, where there are any.
    made
        By name of an original network, what its repair was made from: controls are made from it too.
    manifest
        The data set; its test images are decided.
    clean
        Test images without artefact, into which artefacts are pasted.
    targets
        By artefact its class.
    settings
        Of the repair.
    device, threads
        How to compute; they change the numbers by rounding only.
    """
    asked = (settings.confidence, settings.resamples, settings.seed)
    rows = manifest.rows(TEST)
    labels = manifest.labels()[rows]
    frames = edited(clean, targets, settings.seed)
    with reproducible(device, threads):
        said = {
            own: {name: _ask(network, manifest, rows, frames, device, threads) for name, network in networks.items()}
            for own, networks in track(list(arms.items()), "repaired networks")
        }
    heads = {name: _controls(each, settings) for name, each in made.items()}
    changes = {
        artefact: {own: _changes(each, artefact, target) for own, each in said.items()}
        | {RANDOM: _changes_of_heads(said[ORIGINAL], heads, artefact, target)}
        for artefact, target in targets.items()
    }
    right = {own: _right(each, labels) for own, each in said.items()}
    right[RANDOM] = _right_of_heads(said[ORIGINAL], heads, labels)
    effects = effects_table(_in_order(changes), asked)
    shown = artefacts_shown(manifest.table.iloc[rows], settings.columns, settings.absent)
    groups = group_codes(labels, shown), group_names(manifest.classes, settings.columns)
    accuracy = accuracy_table(right, np.logical_not(shown.any(axis=1)), *groups, asked)
    summary = {"sets": {own: list(each) for own, each in arms.items()}, "notes": verdicts(effects, accuracy)}
    return Report(effects, accuracy, _probabilities(said, list(clean), targets), summary)


def _in_order(changes: Mapping[str, Mapping[str, Changes]]) -> dict[str, dict[str, Changes]]:
    first = (ORIGINAL, REPAIRED, RANDOM)
    return {
        artefact: {own: sets[own] for own in (*first, *(each for each in sets if each not in first))}
        for artefact, sets in changes.items()
    }


def _ask(
    network: Network,
    manifest: Manifest,
    rows: NDArray[np.int64],
    frames: Mapping[str, Mapping[str, list[Pixels]]],
    device: str,
    threads: int,
) -> _Asked:
    work = batches(manifest, rows, network.inputs, BATCH, threads, memory_limit=0)
    return _Asked(
        see(network, work, device),
        {
            artefact: {edit: see(network, in_batches(network, images), device) for edit, images in edits.items()}
            for artefact, edits in frames.items()
        },
    )


def _controls(made: Material, settings: Repairing) -> list[Head]:
    head, _ = repaired(made, settings)
    return [control(made, settings, head, number) for number in range(settings.random)]


def _changes(said: Mapping[str, _Asked], artefact: str, target: int) -> Changes:
    before, after, filled = (
        np.array([softmax(each.edits[artefact][edit].logits, axis=1)[:, target] for each in said.values()])
        for edit in EDITS
    )
    return Changes(after - before, after - filled)


def _changes_of_heads(
    said: Mapping[str, _Asked], heads: Mapping[str, list[Head]], artefact: str, target: int
) -> Changes:
    before, after, filled = (
        np.array(
            [
                [softmax(head.logits(each.edits[artefact][edit].features), axis=1)[:, target] for head in own]
                for each, own in zip(said.values(), heads.values(), strict=True)
            ]
        ).swapaxes(0, 1)
        for edit in EDITS
    )
    return Changes(after - before, after - filled)


def _right(said: Mapping[str, _Asked], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.array([each.test.logits.argmax(axis=1) == labels for each in said.values()], dtype=np.float64)


def _right_of_heads(
    said: Mapping[str, _Asked], heads: Mapping[str, list[Head]], labels: NDArray[np.int64]
) -> NDArray[np.float64]:
    found = [
        [head.right(each.test.features, labels) for head in own]
        for each, own in zip(said.values(), heads.values(), strict=True)
    ]
    return np.array(found, dtype=np.float64).swapaxes(0, 1)


def _probabilities(
    said: Mapping[str, Mapping[str, _Asked]], images: list[str], targets: Mapping[str, int]
) -> pd.DataFrame:
    parts = []
    for own, networks in said.items():
        for name, each in networks.items():
            for artefact, target in targets.items():
                values = {edit: softmax(each.edits[artefact][edit].logits, axis=1)[:, target] for edit in EDITS}
                parts.append(pd.DataFrame({"set": own, "model": name, "image": images, "artefact": artefact, **values}))
    columns = ["set", "model", "image", "artefact", *EDITS]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
