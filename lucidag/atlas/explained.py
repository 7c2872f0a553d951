"""The explained images of a model: read once, for the sections that show them and for what is said of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lucidag.atlas.results import Results
from lucidag.explain.store import Explained, read_explained

ByFile = Mapping[str, Sequence[Explained]]


@dataclass(frozen=True)
class Decisions:
    """What is to be known of explained images before their maps are read.

    Attributes
    ----------
    records
        By image, what was decided: ``label``, ``predicted_name`` and more.
    empty
        Image and method of maps without any value but 0.
    broken
        Image and method of maps with values that are no finite numbers.
    exploded
        Image and method of relevance that exploded.
    """

    records: dict[str, Mapping[str, Any]]
    empty: list[tuple[str, str]]
    broken: list[tuple[str, str]]
    exploded: list[tuple[str, str]]


def read(results: Results, files: Iterable[str]) -> ByFile:
    """Read the files with a model's maps."""
    return {file: read_explained(results.path(file)) for file in files}


def by_image(found: ByFile) -> dict[str, list[Explained]]:
    """Return the explanations of each image, one of each family."""
    parts: dict[str, list[Explained]] = {}
    for each in (each for own in found.values() for each in own):
        parts.setdefault(each.image, []).append(each)
    return parts


def decisions(found: ByFile, most: int) -> Decisions:
    """Tell of the first `most` images what was decided, and which of their maps say nothing."""
    known = Decisions({}, [], [], [])
    for each in (each for file in sorted(found) for each in found[file]):
        if each.image not in known.records and len(known.records) >= most:
            continue
        known.records.setdefault(each.image, each.record)
        known.exploded.extend((each.image, method) for method in each.record.get("exploded", []))
        for method, values in each.maps.items():
            if not np.isfinite(values).all():
                known.broken.append((each.image, method))
            elif not values.any():
                known.empty.append((each.image, method))
    return known
