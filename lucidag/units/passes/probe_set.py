"""Which images of a probe set are shown to units, and how many of them describe a unit. No torch."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lucidag.data.manifest import Manifest

SHARE = 20  # one in so many images: 5 %, as CLIP-Dissect's similarity `rank` takes them
FLOOR, CAP = 10, 100
MOST = 4  # the floor is at most one in so many images


def probe_rows(manifest: Manifest, splits: Sequence[str] | None) -> tuple[NDArray[np.int64], str]:
    """Give the images that are shown to units.

    Parameters
    ----------
    manifest
        The data set.
    splits
        Those that are shown; None: all but the training images, or all where there are no others.

    Returns
    -------
    rows, note
        The row numbers, ascending; and what was decided, in a sentence, empty where nothing was.

    Raises
    ------
    InputError
        If none of the splits has an image.
    """
    if splits is not None:
        return manifest.rows_of(splits), ""
    present = manifest.splits()
    unseen = [split for split in present if split != "train"]
    if not unseen:
        rows = manifest.rows_of(present)
        return (
            rows,
            f"there are training images only, so labels come from all {len(rows)}, which trained the model",
        )
    rows = manifest.rows_of(unseen)
    left_out = len(manifest.table) - len(rows)
    if not left_out:
        return rows, ""
    return rows, (
        f"{left_out} training images are left out of the probe set, so labels come from {len(rows)} images that did "
        "not train the model; `dissect.splits` shows others"
    )


def top_count(asked: int | None, images: int) -> int:
    """Give how many images describe a unit.

    With a share of the images the label of a unit is that of images that activate it more than others do, whatever the
    size of the probe set. With fewer than `FLOOR` chance decides which concept they have in common; but more than a
    quarter of a small probe set shows what is common there, and not what activates a unit. `CAP` is the number of
    CLIP-Dissect (Oikarinen and Weng 2023), which had 10,000 images and more.

    Parameters
    ----------
    asked
        The number asked for; None: 5 % of the images, at least 10 (in less than 40 images a quarter of them) and at
        most 100.
    images
        How many the probe set has, which is never exceeded.
    """
    return min(images, asked or min(max(_part(images, SHARE), min(FLOOR, _part(images, MOST))), CAP))


def top_note(top: int, images: int) -> str:
    """Say that the top images of a unit are more than 5 % of the probe set, in a sentence; empty where they are not."""
    if top <= _part(images, SHARE):
        return ""
    return (
        f"the top {top} images of a unit are {top / images:.0%} of the {images} of the probe set, more than "
        f"{1 / SHARE:.0%}, so that labels tend to what many images show"
    )


def _part(images: int, of: int) -> int:
    """Give one in `of` images, rounded up."""
    return -(-images // of)
