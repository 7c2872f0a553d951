"""Labels of the probe set in the place of CLIP: how much of each concept an image shows. No torch."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lucidag.data.images import Images
from lucidag.data.manifest import Manifest
from lucidag.ground.errors import InputError
from lucidag.ground.progress import track
from lucidag.ground.spelling import check_known
from lucidag.units.evidence import Evidence
from lucidag.units.names import check_names

Shares = tuple[list[tuple[str, str]], NDArray[np.float32]]


def annotate(manifest: Manifest, rows: NDArray[np.int64], columns: Sequence[str]) -> Evidence:
    """Take the labels of whole images from `columns`, or, where it is empty, all pixel labels.

    The similarity of an image and a concept is the share of the concept in the image over its greatest share in any
    image, so that 1 is as much of it as there ever is, for small objects and for skies alike; softmax(10 · P) then
    gives what an image shows fully up to e¹⁰ times the weight of what it does not show. `texts` is the identity.

    Parameters
    ----------
    manifest, rows, columns
        See `image_annotations` and `pixel_annotations`, as for what may be raised.
    """
    names, shares = image_annotations(manifest, rows, columns) if columns else pixel_annotations(manifest, rows)
    concepts, categories = zip(*names, strict=True)
    ids = tuple(manifest.table["image"].iloc[rows])
    return Evidence(concepts, categories, ids, shares / shares.max(axis=0), np.eye(len(names), dtype=np.float32))


def pixel_annotations(manifest: Manifest, rows: NDArray[np.int64], categories: Sequence[str] | None = None) -> Shares:
    """Measure the share of each concept's pixels in images with label maps.

    Concepts that no image of `rows` shows are left out.

    Parameters
    ----------
    manifest, rows
        The data set, and the N row numbers that make the probe set.
    categories
        Of `Manifest.concepts`; all by default.

    Returns
    -------
    names, shares
        Name and category of M concepts, and float32 N x M.

    Raises
    ------
    InputError
        If the data set has no label maps, a category does not exist, nothing is labelled, or a concept is called as
        units without a label are.
    """
    if not manifest.concepts:
        raise InputError(f"{manifest.file}: the data set has no label maps, so it has no pixel annotations")
    chosen = list(manifest.concepts if categories is None else categories)
    for category in chosen:
        check_known("category of concepts", category, manifest.concepts, manifest.file)
    reader = Images(manifest)
    sizes = [len(manifest.concepts[category]) for category in chosen]
    shares = np.zeros((len(rows), sum(sizes)), dtype=np.float32)
    for place, row in enumerate(track(rows.tolist(), "read label maps")):
        maps = reader.read_concepts(row)
        counts = [
            np.bincount(maps[category].reshape(-1), minlength=1 + size)[1:] / maps[category].size
            for category, size in zip(chosen, sizes, strict=True)
        ]
        shares[place] = np.concatenate(counts)
    names = [(name, category) for category in chosen for name in manifest.concepts[category]]
    return _shown(manifest, names, shares)


def image_annotations(manifest: Manifest, rows: NDArray[np.int64], columns: Sequence[str]) -> Shares:
    """Give the labels of whole images as concepts: each value of each column is one, the column its category.

    Empty values are no labels.

    Parameters
    ----------
    manifest, rows
        The data set, and the N row numbers that make the probe set.
    columns
        ``label``, ``true_label`` or metadata columns.

    Returns
    -------
    names, shares
        Name and category of M concepts, and float32 N x M: 1 or 0.

    Raises
    ------
    InputError
        If a column does not exist, nothing is labelled, or a value is what units without a label are called.
    """
    allowed = [c for c in manifest.table.columns if c in ("label", "true_label") or c in manifest.metadata]
    names: list[tuple[str, str]] = []
    parts = [np.zeros((len(rows), 0), dtype=np.float32)]
    for column in columns:
        check_known("column", column, allowed, manifest.file)
        values = manifest.table[column].to_numpy(dtype=object)[rows]
        found = sorted(set(values.tolist()) - {""})
        names += [(value, column) for value in found]
        parts.append((values[:, None] == np.array(found, dtype=object)).astype(np.float32))
    return _shown(manifest, names, np.concatenate(parts, axis=1))


def _shown(manifest: Manifest, names: list[tuple[str, str]], shares: NDArray[np.float32]) -> Shares:
    """Leave out concepts that no image shows."""
    seen = np.flatnonzero(shares.any(axis=0))
    if not len(seen):
        raise InputError(f"{manifest.file}: nothing is labelled in any image of the probe set")
    kept = [names[place] for place in seen]
    check_names(str(manifest.file), [name for name, _ in kept])
    return kept, shares[:, seen]
