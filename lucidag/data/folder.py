"""A data set of image files: a CSV file, or class sub-folders."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd

from lucidag.data.entry import Entry, Listing, image_ids
from lucidag.data.images import UnreadableImageError, decode, decode_mask
from lucidag.data.looks import Look, look
from lucidag.data.source import Source
from lucidag.data.splits import splits_of
from lucidag.ground.errors import InputError
from lucidag.ground.progress import track

_MOST_NAMED = 3


def load(
    path: str,
    listing: Listing,
    classes: Sequence[str],
    doubts: Sequence[str],
    shares: Mapping[str, float],
    seed: int,
    threads: int = 4,
) -> Source:
    """Give a data set of files; every image and mask is decoded once, `threads` at a time: a bad one is found here.

    Columns without a role become metadata. ``id`` is the patient or lesion, where there is any; such images stay in one
    split. Image ids: `lucidag.data.ids.make_ids`.

    Parameters
    ----------
    path
        The CSV or the folder, as a message names it.
    listing
        The images and what is known of them.
    classes, doubts
        The classes in order, and what is doubtful about it.
    shares, seed
        Of the splits, where the images have none of their own.
    threads
        How many images are decoded at a time.

    Raises
    ------
    InputError
        If an image or mask is missing or unreadable, or a mask has another size than its image.
    """
    found = listing.entries
    table = pd.DataFrame(
        {
            "image": image_ids(found),
            "path": [entry.path for entry in found],
            "label": [entry.label for entry in found],
            "split": splits_of(found, shares, seed),
            # The patient or lesion of each image, where the source names any.
            **({"id": [entry.id or "" for entry in found]} if any(entry.id for entry in found) else {}),
            **{name: [entry.other[name] for entry in found] for name in found[0].other},
            "mask": [entry.mask for entry in found],
        }
    )
    looks = _look_at(path, found, threads)
    return Source(table, tuple(classes), irregularities=listing.left_out, notes=[*listing.notes, *doubts], looks=looks)


def _look_at(path: str | Path, found: Sequence[Entry], threads: int) -> list[Look]:
    """Decode every image and mask; name the first bad ones in one sentence."""
    with ThreadPoolExecutor(threads) as pool:
        seen = list(track(pool.map(_seen, found), f"check the images of {path}", total=len(found)))
    bad = [f"{entry.place}: {fault}" for entry, fault in zip(found, seen, strict=True) if isinstance(fault, str)]
    if bad:
        rest = f"; and {len(bad) - _MOST_NAMED} more" if len(bad) > _MOST_NAMED else ""
        what = "1 image cannot" if len(bad) == 1 else f"{len(bad)} images cannot"
        raise InputError(f"{path}: {what} be used: {'; '.join(bad[:_MOST_NAMED])}{rest}")
    return [one for one in seen if isinstance(one, Look)]


def _seen(entry: Entry) -> Look | str:
    """Look at an image, or say what is wrong with it or its mask."""
    try:
        image = decode(entry.path)
    except UnreadableImageError as error:
        return error.reason
    if entry.mask:
        try:
            other = decode_mask(entry.mask).shape
        except UnreadableImageError as error:
            return f"its mask {entry.mask}: {error.reason}"
        if other != image.shape[:2]:
            size = f"{image.shape[1]} x {image.shape[0]}"
            return f"its mask {entry.mask} is {other[1]} x {other[0]} pixels, the image {size}"
    return look(image)
