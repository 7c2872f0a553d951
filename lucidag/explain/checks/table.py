"""How far a map is from that of a library: the rows of a table, and what a run warns of."""

from collections.abc import Iterator, Sequence
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lucidag.explain.checks.limit import LIMIT
from lucidag.explain.reference import Reference
from lucidag.ground.errors import first_line
from lucidag.ground.job import WARNING

COLUMNS = ("image", "method", "library", "version", "difference", "ours", "theirs", "note")

Row = dict[str, Any]


def row_of(image: str, method: str, library: str | None) -> Row:
    """Return a row in which nothing is compared yet."""
    empty: Row = {"difference": None, "ours": None, "theirs": None, "note": ""}
    known = {"library": library or "", "version": version(library) if library else ""}
    return {"image": image, "method": method, **known, **empty}


def failed(library: str, error: Exception) -> Row:
    """Return what is said of a library that raised what nobody foresaw; it is warned of too."""
    said = f"{library} fails on this network ({type(error).__name__}: {first_line(error)})"
    return {"note": said, "failed": True}


def compared(stored: NDArray[np.floating], found: Reference) -> Row:
    """Return how far a map is from that of a library, and the values of both where they are furthest apart."""
    ours = stored if found.ours is None else found.ours
    if found.precise and apart(stored, ours)[0] > LIMIT:
        ours = stored
    ways = [found.map, *([] if found.other is None else [found.other])]
    theirs = min(ways, key=lambda each: apart(ours, each)[0])
    share, place = apart(ours, theirs)
    if share > LIMIT and found.unsteady:
        return {"note": found.unsteady}
    values = {"ours": float(np.asarray(ours)[place]), "theirs": float(theirs[place])}
    return {"difference": share, **values, "note": found.note}


def apart(ours: NDArray[np.floating], theirs: NDArray[np.floating]) -> tuple[float, tuple[int, ...]]:
    """Give the greatest difference of two maps as a share of the range of the second, and where it is.

    Of a map that is the same everywhere the greatest absolute value stands for the range, and of one of zeros 1. A
    value that is not finite is as far away as can be, unless both have the same there.
    """
    one, two = np.asarray(ours, np.float64), np.asarray(theirs, np.float64)
    same = (one == two) | (np.isnan(one) & np.isnan(two))
    with np.errstate(invalid="ignore"):
        differences = np.where(same, 0.0, np.abs(one - two))
    differences[np.isnan(differences)] = np.inf
    place = tuple(int(each) for each in np.unravel_index(int(differences.argmax()), differences.shape))
    finite = two[np.isfinite(two)]
    size = float(np.ptp(finite)) or float(np.abs(finite).max()) if finite.size else 0.0
    return float(differences[place] / (size or 1.0)), place


def warnings(rows: Sequence[Row], model: str) -> Iterator[str]:
    """Say which explanations of a model are further than `LIMIT` from those of a library, and which library failed."""
    for row in rows:
        if row.get("failed"):
            yield f"{WARNING}{row['method']} of {model} is not compared: {row['note']}"
        if row["difference"] is not None and row["difference"] > LIMIT:
            yield (
                f"{WARNING}{row['method']} of {model} is not what {row['library']} {row['version']} gives: "
                f"{row['ours']:.6g} here and {row['theirs']:.6g} there at one pixel of {row['image']}, "
                f"{row['difference']:.2g} of the map's range"
            )
