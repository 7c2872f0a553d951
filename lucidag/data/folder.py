"""A data set of image files: a CSV file, or class sub-folders."""

from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from lucidag.data.images import UnreadableImageError, decode, decode_mask
from lucidag.data.listing import Entry, entries, image_ids
from lucidag.data.roles import RESERVED, SPLITS
from lucidag.data.source import Source
from lucidag.data.splits import assign
from lucidag.ground.errors import InputError
from lucidag.ground.progress import track
from lucidag.ground.spelling import unknown

if TYPE_CHECKING:
    from lucidag.data.sources.folder import Folder

MOST_VALUES = 20
_MOST_NAMED = 3


def load(keys: "Folder", threads: int = 4) -> Source:
    """Give a data set of files; every image and mask is decoded once, `threads` at a time: a bad one is found here.

    Columns without a role become metadata if groups name them or they have at most 20 different values. ``id`` is the
    patient or lesion, where there is any; such images stay in one split. Image ids: `lucidag.data.listing.image_ids`.

    Raises
    ------
    InputError
        If an image or mask is missing or unreadable, a mask has another size than its image, a label
        is none of the listed classes or one of these has no image, an image is listed twice, a split is unknown, none
        is in test, an id is in two splits, or a column does not exist.
    """
    path, found = keys.path, entries(keys.path, keys.root, keys.columns.named())
    names = _classes(path, found, keys.named_classes(), isinstance(keys.classes, str))
    table = pd.DataFrame(
        {
            "image": image_ids(path, found),
            "path": [entry.path for entry in found],
            "label": [entry.label for entry in found],
            "split": _splits(path, found, keys.splits.model_dump() if keys.splits else None, keys.seed),
            # The patient or lesion of each image, where the source names any.
            **({"id": [entry.id or "" for entry in found]} if any(entry.id for entry in found) else {}),
            **_metadata(path, found, keys.groups),
            "mask": [entry.mask for entry in found],
        }
    )
    _check_images(path, found, threads)
    return Source(table, names)


def _classes(
    path: str | Path, found: Sequence[Entry], classes: Sequence[str] | None, more_classes: bool
) -> tuple[str, ...]:
    present = Counter(entry.label for entry in found)
    if classes is None:
        return tuple(sorted(present))
    for entry in found:
        if entry.label not in classes:
            raise InputError(f"{path}, {entry.place}: {unknown('class', entry.label, classes)}")
    for name, number in Counter(classes).items():
        if number > 1:
            raise InputError(f"{path}: class '{name}' is listed twice in 'classes'")
        if not present[name] and not more_classes:
            raise InputError(f"{path}: class '{name}' has no image; there are: {', '.join(sorted(present))}")
    return tuple(classes)


def _splits(path: str | Path, found: Sequence[Entry], shares: Mapping[str, float] | None, seed: int) -> list[str]:
    given = [entry.split for entry in found if entry.split is not None]
    if not given:
        if shares is None:
            raise InputError(f"{path} names no splits; give 'splits' with the share of train, val and test")
        ids = [entry.id or f"image {entry.path}" for entry in found]
        return assign([entry.label for entry in found], shares, seed, ids if any(e.id for e in found) else None)
    for entry in found:
        if entry.split not in SPLITS:
            raise InputError(f"{path}, {entry.place}: {unknown('split', str(entry.split), SPLITS)}")
    if "test" not in given:
        raise InputError(f"{path}: no image is in split 'test'; there are: {', '.join(sorted(set(given)))}")
    sides: dict[str, Entry] = {}
    for entry in found:
        other = sides.setdefault(entry.id, entry) if entry.id else entry
        if other.split != entry.split:
            raise InputError(
                f"{path}: id '{entry.id}' is in two splits, {other.place} in {other.split} and "
                f"{entry.place} in {entry.split}"
            )
    return given


def _metadata(path: str | Path, found: Sequence[Entry], groups: Sequence[str]) -> dict[str, list[str]]:
    """Give the columns that groups name, and every further one with few values."""
    columns = list(found[0].other)
    for name in groups:
        if name != "label" and name not in columns:
            raise InputError(f"{path}: {unknown('group column', name, ['label', *columns])}")
        if name != "label" and name in RESERVED:
            raise InputError(f"{path}: column '{name}' cannot be a group, because lucidag uses this name itself")
    values = {name: [entry.other[name] for entry in found] for name in columns if name}
    return {
        name: column
        for name, column in values.items()
        if name not in RESERVED and (name in groups or len(set(column)) <= MOST_VALUES)
    }


def _check_images(path: str | Path, found: Sequence[Entry], threads: int) -> None:
    """Decode every image and mask; name the first bad ones in one sentence."""
    with ThreadPoolExecutor(threads) as pool:
        faults = list(track(pool.map(_fault, found), f"check the images of {path}", total=len(found)))
    bad = [f"{entry.place}: {fault}" for entry, fault in zip(found, faults, strict=True) if fault is not None]
    if bad:
        rest = f"; and {len(bad) - _MOST_NAMED} more" if len(bad) > _MOST_NAMED else ""
        what = "1 image cannot" if len(bad) == 1 else f"{len(bad)} images cannot"
        raise InputError(f"{path}: {what} be used: {'; '.join(bad[:_MOST_NAMED])}{rest}")


def _fault(entry: Entry) -> str | None:
    """Say what is wrong with an image or its mask."""
    try:
        size = decode(entry.path).shape[:2]
    except UnreadableImageError as error:
        return error.reason
    if not entry.mask:
        return None
    try:
        other = decode_mask(entry.mask).shape
    except UnreadableImageError as error:
        return f"its mask {entry.mask}: {error.reason}"
    if other != size:
        return f"its mask {entry.mask} is {other[1]} x {other[0]} pixels, the image {size[1]} x {size[0]}"
    return None
