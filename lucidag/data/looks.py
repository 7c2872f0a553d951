"""Images that are equal, or nearly, although they should be different ones."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE, COARSE = 32, 8  # pixels of the thumbnails
# Correlation of thumbnails. Of copies that were compressed (JPEG, quality 50), halved in size or darkened it is 0.997
# at least (40 dermoscopic images); of different photographs 0.979 at most (3,502 scenes of MiniPlaces, all pairs). The
# eight pairs of ISIC 2018 above 0.99 all show one lesion twice.
ALIKE, MAYBE = 0.99, 0.985
FLAT = 2.0  # grey levels: what varies less looks like everything flat
MOST = 200_000  # images, above which only equal ones are looked for
_BLOCK = 1024


@dataclass(frozen=True)
class Look:
    """What an image looks like: a digest of its pixels, and a grey thumbnail where it is large enough for one."""

    digest: bytes
    thumbnail: NDArray[np.uint8] | None


def look(image: NDArray[np.uint8]) -> Look:
    """Look at an image, uint8 H x W x C.

    Images with a side below 32 pixels get no thumbnail: there is too little in them to tell a copy from another image
    of the same kind, such as a digit.
    """
    digest = hashlib.sha256(repr(image.shape).encode() + np.ascontiguousarray(image).tobytes()).digest()[:16]
    if min(image.shape[:2]) < SIDE:
        return Look(digest, None)
    shown = Image.fromarray(image[:, :, 0] if image.shape[2] == 1 else image).convert("L")
    return Look(digest, np.asarray(shown.resize((SIDE, SIDE), Image.Resampling.BILINEAR)))


def double_notes(
    looks: Sequence[Look], images: Sequence[str], labels: Sequence[str], splits: Sequence[str]
) -> list[str]:
    """Say which images are on two sides of a split, or of two classes, as equal or nearly equal ones.

    Nearly equal are two images whose grey thumbnails of 32 x 32 pixels correlate by 0.99 or more: copies of another
    size, compression or brightness; not those that are turned, mirrored or cut.

    Parameters
    ----------
    looks
        What `look` saw of the N images.
    images, labels, splits
        Their ids, classes and splits.
    """
    same = defaultdict(list)
    for row, seen in enumerate(looks):
        same[seen.digest].append(row)
    groups = [rows for rows in same.values() if len(rows) > 1]
    notes = []
    sides = [rows for rows in groups if len({splits[row] for row in rows}) > 1]
    if sides:
        notes.append(
            f"possible leakage: {_times(len(sides), 'image')} on two sides of the splits with equal pixels "
            f"({_pair(sides[0], images, splits)})"
        )
    near = _near(looks, splits) if len(looks) <= MOST else []
    if near:
        notes.append(
            f"possible leakage: {_times(len(near), 'pair')} of nearly equal images on two sides of the splits "
            f"({_pair(near[0], images, splits)})"
        )
    torn = [rows for rows in groups if len({labels[row] for row in rows}) > 1]
    if torn:
        notes.append(
            f"{_times(len(torn), 'image')} with equal pixels in two classes ({_pair(torn[0], images, labels)})"
        )
    return notes


def _near(looks: Sequence[Look], splits: Sequence[str]) -> list[tuple[int, int]]:
    """Find the pairs on two sides that are nearly equal and not equal."""
    rows = np.array([row for row, seen in enumerate(looks) if seen.thumbnail is not None], dtype=np.intp)
    if not len(rows):
        return []
    fine = np.stack([np.asarray(looks[row].thumbnail) for row in rows])
    lively = fine.std(axis=(1, 2)) >= FLAT
    rows, fine = rows[lively], fine[lively]
    side = np.unique(np.asarray(splits)[rows], return_inverse=True)[1]
    step = SIDE // COARSE
    coarse = _standardised(fine.reshape(-1, COARSE, step, COARSE, step).mean(axis=(2, 4)).reshape(-1, COARSE**2))
    found: list[tuple[int, int]] = []
    for first in range(0, len(rows), _BLOCK):
        part = slice(first, first + _BLOCK)
        maybe = (coarse[part] @ coarse[first:].T >= MAYBE) & (side[part, None] != side[None, first:])
        pairs = first + np.argwhere(np.triu(maybe, 1))
        for start in range(0, len(pairs), _BLOCK):
            one, other = pairs[start : start + _BLOCK].T
            alike = _correlations(fine[one], fine[other]) >= ALIKE
            chosen = zip(rows[one[alike]].tolist(), rows[other[alike]].tolist(), strict=True)
            found += [pair for pair in chosen if looks[pair[0]].digest != looks[pair[1]].digest]
    return found


def _standardised(values: NDArray[np.floating]) -> NDArray[np.float32]:
    centred = values - values.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(centred, axis=1, keepdims=True)
    return (centred / np.maximum(lengths, 1e-9)).astype(np.float32)


def _correlations(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Correlate P thumbnails with P others."""
    a, b = (_standardised(each.reshape(len(each), SIDE**2).astype(np.float64)) for each in (one, other))
    return np.asarray((a * b).sum(axis=1))


def _times(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number > 1)}"


def _pair(rows: Sequence[int], images: Sequence[str], where: Sequence[str]) -> str:
    first = rows[0]
    other = next(row for row in rows if where[row] != where[first])
    return f"'{images[first]}' in {where[first]}, '{images[other]}' in {where[other]}"
