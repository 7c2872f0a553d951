"""The effects of all units of a layer inside a network: found on validation images, reported on test images."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from lucidag.data.features import Features
from lucidag.data.manifest import Manifest
from lucidag.ground.errors import InputError
from lucidag.ground.progress import track
from lucidag.ground.statistics.stratified import drawn
from lucidag.models.frames import Frames
from lucidag.models.network import Network
from lucidag.models.reproducible import reproducible
from lucidag.units.effects.inner import MEAN, ZERO, Cut, Pooled, open_cut, pooled, without_units_inside
from lucidag.units.effects.selectivity import selectivity
from lucidag.units.effects.settings import Units
from lucidag.units.effects.stage import PICKED, REPORTED, again, report_of
from lucidag.units.effects.table import COLUMNS, averaged, together

INNER_COLUMNS = ("baseline", *COLUMNS)


@dataclass(frozen=True)
class Inner:
    """What the stage writes.

    Attributes
    ----------
    table
        `INNER_COLUMNS`: see `lucidag.units.effects.table.effects`, of each ``baseline``, what units are set to:
        ``zero`` or ``mean``, theirs over images and places.
    report
        How many images were looked at, whose mean it is, what of the network ran, and by baseline what
        `lucidag.units.effects.stage.report_of` says; notes.
    """

    table: pd.DataFrame
    report: dict[str, Any]


def run_inner(
    network: Network,
    manifest: Manifest,
    contents: Mapping[str, Features],
    layer: str,
    settings: Units,
    device: str = "cpu",
    threads: int = 2,
) -> Inner:
    """Take each unit of a layer away, on some validation and test images.

    Parameters
    ----------
    network
        With its weights.
    manifest
        Of the data set that it was trained on.
    contents
        What the model says about ``val`` and ``test``: labels, groups and patients are taken from there.
    layer
        Its name.
    settings
        Of images and intervals.
    device, threads
        How to compute; they change the numbers by rounding only.

    Raises
    ------
    InputError
        If there are no test images, or as `lucidag.units.effects.inner.open_cut`.
    """
    if REPORTED not in contents:
        raise InputError("the effects of units are reported on test images, and there are none")
    shown = {split: some_of(contents[split], settings) for split in (PICKED, REPORTED) if split in contents}
    with reproducible(device, threads):
        cut = open_cut(network, layer, device)
        mean_of, own = _mean(cut, network, manifest, shown, settings, threads)
        values = {ZERO: np.zeros(len(own)), MEAN: own}
        tables = {
            split: _table(cut, _frames(network, manifest, content.images, threads), content, split, values, settings)
            for split, content in shown.items()
        }
    return _inner(tables, shown, settings, {"layer": layer, "mean_of": mean_of, "behind_alone": cut.split.traced})


def some_of(content: Features, settings: Units) -> Features:
    """Take some images of a split: drawn from a seed, of each class its share, in their order."""
    names = [content.classes[label] for label in content.labels]
    rows = np.sort(drawn(names, settings.seed)[: settings.images])
    return replace(
        content,
        images=tuple(content.images[row] for row in rows),
        labels=content.labels[rows],
        groups=content.groups[rows],
        logits=content.logits[rows],
        owners=None if content.owners is None else content.owners[rows],
    )


def _mean(
    cut: Cut, network: Network, manifest: Manifest, shown: Mapping[str, Features], settings: Units, threads: int
) -> tuple[dict[str, Any], NDArray[np.float64]]:
    """Average the units over places and over some training images; without such, over those that are looked at."""
    if "train" in manifest.splits():
        rows = manifest.rows("train")
        order = drawn(manifest.table["label"].iloc[rows].tolist(), settings.seed)[: settings.images]
        split, images = "train", tuple(manifest.table["image"].iloc[np.sort(rows[order])])
    else:
        split = next(iter(shown))
        images = shown[split].images
    work = track(_frames(network, manifest, images, threads)(), "means of the units", len(images))
    return {"split": split, "images": len(images)}, pooled(cut, work).mean.mean(axis=0)


def _frames(
    network: Network, manifest: Manifest, images: tuple[str, ...], threads: int
) -> Callable[[], Iterable[torch.Tensor]]:
    """Return a function that gives the frames of some images one by one."""
    rows = pd.Index(manifest.table["image"]).get_indexer(pd.Index(images)).astype(np.int64)
    if (rows < 0).any():
        raise InputError(f"{manifest.file} has no image '{images[int(np.argmin(rows))]}', whose features there are")
    frames = Frames(manifest, rows, network.inputs, threads)
    return lambda: frames.batches(np.arange(len(rows)), [1] * len(rows))


def _table(
    cut: Cut,
    frames: Callable[[], Iterable[torch.Tensor]],
    content: Features,
    split: str,
    values: Mapping[str, NDArray[np.float64]],
    settings: Units,
) -> dict[str, pd.DataFrame]:
    """Give the effects on the images of a split, by baseline."""
    asked = settings.confidence, settings.resamples, settings.seed
    parts: dict[str, list[pd.DataFrame]] = {name: [] for name in values}

    def tracked() -> Iterable[torch.Tensor]:
        return track(frames(), f"images of {split} without each unit", len(content.images))

    for name, found in without_units_inside(cut, tracked, content.labels, values, settings.batch_size):
        parts[name] += averaged(found, content, *asked)
    selective = _selectivity(pooled(cut, frames()), content.labels)
    return {name: together(rows, split, selective, 1 - settings.confidence) for name, rows in parts.items()}


def _selectivity(units: Pooled, labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Give the class selectivity of units by their means over places: none of those below 0 at any place."""
    return np.where(units.least < 0, np.nan, selectivity(np.maximum(units.mean, 0), labels))


def _inner(
    tables: Mapping[str, Mapping[str, pd.DataFrame]],
    shown: Mapping[str, Features],
    settings: Units,
    about: Mapping[str, Any],
) -> Inner:
    parts, baselines = [], {}
    for name in tables[REPORTED]:
        own = {split: by_name[name] for split, by_name in tables.items()}
        if PICKED in own:
            own[REPORTED] = again(own[PICKED], own[REPORTED], 1 - settings.confidence)
        table = pd.concat(own.values(), ignore_index=True)
        baselines[name] = report_of(table, settings)
        parts.append(table.assign(baseline=name))
    notes = [] if PICKED in shown else ["there are no validation images: effects are found on test images themselves"]
    images = {split: len(content.images) for split, content in shown.items()}
    report = {**about, "images": images, "baselines": baselines, "notes": notes}
    return Inner(pd.concat(parts, ignore_index=True)[list(INNER_COLUMNS)], report)
