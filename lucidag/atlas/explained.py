"""The explained images of a model: what was decided, and the maps of all methods, small."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lucidag.atlas.pictures import coarse
from lucidag.atlas.results import Results
from lucidag.explain.store import About as Method
from lucidag.explain.store import read_explained


@dataclass(frozen=True)
class Decisions:
    """What explanations of a model hold, maps at most so large as a page may have them.

    Attributes
    ----------
    records
        By image, what was decided: ``label``, ``predicted_name``, ``target_name``, ``probability``, notes.
    methods
        By name, what its maps are.
    maps
        By image and method.
    empty
        Image and method of maps without any value but 0.
    broken
        Image and method of maps with values that are no finite numbers.
    every
        All explained images, those that are left out too.
    exploded
        Image and method of relevance that exploded.
    """

    records: dict[str, dict[str, Any]]
    methods: dict[str, Method]
    maps: dict[str, dict[str, NDArray[np.floating]]]
    empty: list[tuple[str, str]]
    broken: list[tuple[str, str]]
    every: list[str]
    exploded: list[tuple[str, str]]

    @property
    def total(self) -> int:
        """Number of all explained images, those of which nothing was read too."""
        return len(self.every)

    def first(self, most: int, side: int) -> "Decisions":
        """Return the first images, with maps at most so large."""
        names = list(self.records)[:most]
        maps = {image: {method: coarse(values, side) for method, values in self.maps[image].items()} for image in names}
        return replace(self, records={image: self.records[image] for image in names}, maps=maps)


def decisions(results: Results, model: str, side: int, most: int) -> Decisions:
    """Read the explanations of the first `most` images of a model."""
    found = Decisions({}, {}, {}, [], [], [], [])
    files = [
        file
        for family in results.named_folders(f"explanations/{model}/maps")
        for file in results.under(f"explanations/{model}/maps/{family}")
    ]
    for file in files:
        for each in read_explained(results.path(file)):
            if each.image not in found.every:
                found.every.append(each.image)
            if each.image not in found.records and len(found.records) >= most:
                continue
            found.exploded.extend((each.image, method) for method in each.record.get("exploded", []))
            notes = _notes(each.record)
            record = found.records.setdefault(each.image, dict(each.record) | {"notes": []})
            record["notes"] += [note for note in notes if note not in record["notes"]]
            found.methods.update(each.about)
            _take(found, each.image, each.maps, side)
    return found


def _take(found: Decisions, image: str, maps: Mapping[str, NDArray[np.float32]], side: int) -> None:
    for method, values in maps.items():
        if not np.isfinite(values).all():
            found.broken.append((image, method))
        elif not values.any():
            found.empty.append((image, method))
        found.maps.setdefault(image, {})[method] = coarse(values, side)


def _notes(record: Mapping[str, Any]) -> Iterator[str]:
    notes = record.get("notes") or []
    yield from (f"{key}: {note}" for key, note in notes.items()) if isinstance(notes, Mapping) else notes
