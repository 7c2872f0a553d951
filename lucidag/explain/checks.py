"""Each run checks itself: explanations compared with those of the libraries that have the same methods."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lucidag.explain.methods.base import Group, Method
from lucidag.explain.methods.registry import load, name_of
from lucidag.explain.reference import Case, NoReferenceError, Reference
from lucidag.explain.store import Explained
from lucidag.explain.subjects import Subject
from lucidag.ground.errors import first_line
from lucidag.ground.progress import track
from lucidag.models.network import Network
from lucidag.models.reproducible import reproducible

LIMIT = 1e-3  # of the map's range; above it a run warns
COLUMNS = ("image", "method", "library", "version", "difference", "ours", "theirs", "note")
NONE = "no library has this method"

Row = dict[str, Any]


def check_explanations(
    network: Network,
    subjects: Sequence[Subject],
    families: Sequence[Mapping[str, Any]],
    stored: Mapping[str, Sequence[Explained]],
    device: str,
    threads: int = 2,
) -> list[Row]:
    """Explain images by the libraries too, each in its plain way, and compare.

    Parameters
    ----------
    network
        The network with its weights.
    subjects
        The images.
    families
        See `lucidag.explain.stage.open_group`.
    stored
        By image, its explanations, one for each family.
    device, threads
        How to compute; they change the numbers by rounding only.

    Returns
    -------
    A row of `COLUMNS` for each image and method.
    """
    methods = [(name, family["options"]) for family in families for name in family["methods"]]
    asked = [(subject, *method) for subject in subjects for method in methods]
    network.model.to(device).eval()
    with reproducible(device, threads):
        return [
            check_method(network, subject, method, options, stored[subject.image], device)
            for subject, method, options in track(asked, "explanations by libraries")
        ]


def check_method(
    network: Network,
    subject: Subject,
    method: str,
    options: Mapping[str, Any],
    stored: Sequence[Explained],
    device: str,
) -> Row:
    """Explain an image by the library that has a method, and compare; see `check_explanations`."""
    name, kind = name_of(method), load(method)
    row = row_of(subject.image, name, kind.library)
    explained = next((each for each in stored if name in each.maps), None)
    if explained is None:
        return row | {"note": f"there is nothing in this network that {name} could show"}
    if kind.library is None:
        return row | {"note": NONE}
    case = Case(
        model=copy.deepcopy(network.model),
        inputs=network.inputs,
        subject=subject,
        x=network.inputs.normalise(subject.frame[None].to(device)),
        target=int(explained.record["target"]),
        record=explained.record,
        segments=explained.segments,
    )
    try:
        # What a library does with a network that it does not expect can raise anything.
        found = opened(kind, network, options).reference(case)
    except NoReferenceError as error:
        return row | {"note": str(error)}
    except Exception as error:
        return row | {"note": f"{kind.library} fails on this network ({type(error).__name__}: {first_line(error)})"}
    return row | compared(explained.maps[name], found)


def opened(kind: type[Method], network: Network, options: Mapping[str, Any]) -> Method:
    """Make a method; the options of a family with a group of its own are those of the group."""
    return kind(network.inputs, options if kind.group is Group else None)


def row_of(image: str, method: str, library: str | None) -> Row:
    """Return a row in which nothing is compared yet."""
    empty: Row = {"difference": np.nan, "ours": np.nan, "theirs": np.nan, "note": ""}
    known = {"library": library or "", "version": version(library) if library else ""}
    return {"image": image, "method": method, **known, **empty}


def compared(stored: NDArray[np.floating], found: Reference) -> Row:
    """Return how far a map is from that of a library, and the values of both where they are furthest apart."""
    ours = stored if found.ours is None else found.ours
    share, place = apart(ours, found.map)
    values = {"ours": float(np.asarray(ours)[place]), "theirs": float(found.map[place])}
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
    """Say which explanations of a model are further than `LIMIT` from those of a library."""
    for row in rows:
        if row["difference"] > LIMIT:
            yield (
                f"warning: {row['method']} of {model} is not what {row['library']} {row['version']} gives: "
                f"{row['ours']:.6g} here and {row['theirs']:.6g} there at one pixel of {row['image']}, "
                f"{row['difference']:.2g} of the map's range"
            )
