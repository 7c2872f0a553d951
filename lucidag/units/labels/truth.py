"""What images of a probe set show by its annotations, and which of them choose labels. No torch."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lucidag.data.images import Images
from lucidag.data.manifest import ID, Manifest, together
from lucidag.ground.statistics.owners import owners
from lucidag.units.halves import chosen_half
from lucidag.units.labels.class_columns import says_something
from lucidag.units.labels.held_out import Bools
from lucidag.units.names import NONE, plain_name

Keys = list[tuple[str, str]]  # plain name and category of concepts


@dataclass(frozen=True)
class Truth:
    """What N images show, and which of them choose labels.

    Attributes
    ----------
    names
        Concept and category of C annotations.
    shown
        bool N x C.
    chosen
        bool N, see `lucidag.units.halves.chosen_half`.
    owner
        N numbers of ids, or None.
    """

    names: tuple[tuple[str, str], ...]
    shown: Bools
    chosen: Bools
    owner: NDArray[np.int64] | None

    def columns(self, labels: pd.DataFrame) -> NDArray[np.int64]:
        """Give the column of each label: of its category, else the first of its name; -1 without one."""
        exact = {(plain_name(name), category): at for at, (name, category) in reversed(list(enumerate(self.names)))}
        named = {plain_name(name): at for at, (name, _) in reversed(list(enumerate(self.names)))}
        found = [exact.get(key, named.get(key[0], -1)) for key in keys(labels["concept"], labels["category"])]
        return np.where(labels["concept"] == NONE, -1, np.array(found, dtype=np.int64))


def known_truth(manifest: Manifest, rows: NDArray[np.int64], seed: int) -> Truth:
    """Take what the annotations of a data set say of images: label maps, the label, and columns whose values repeat.

    Parameters
    ----------
    manifest, rows
        The data set, and the N row numbers that make the probe set.
    seed
        Of the halves, which do not part images of one ``id``.
    """
    table = manifest.table.iloc[rows]
    names: list[tuple[str, str]] = []
    parts = [np.zeros((len(rows), 0), dtype=np.bool_)]
    if manifest.concepts:
        reader = Images(manifest)
        sizes = {category: len(concepts) for category, concepts in manifest.concepts.items()}
        names += [(name, category) for category, concepts in manifest.concepts.items() for name in concepts]
        parts.append(np.stack([_present(reader.read_concepts(row), sizes) for row in rows.tolist()]))
    labels = [column for column in ("true_label", "label") if column in table][:1]
    for column in (*labels, *(name for name in manifest.metadata if name != ID and says_something(table[name]))):
        values = table[column].to_numpy(dtype=object)
        found = sorted(set(values.tolist()) - {""})
        names += [(value, column) for value in found]
        parts.append(values[:, None] == np.array(found, dtype=object))
    whole = together(table)
    return Truth(tuple(names), np.concatenate(parts, axis=1), chosen_half(whole, seed), owners(whole, len(whole)))


def keys(concepts: Iterable[str], categories: Iterable[str]) -> Keys:
    """Give plain name and category of concepts, by which labels are compared."""
    return [(plain_name(name), category) for name, category in zip(concepts, categories, strict=True)]


def _present(maps: dict[str, NDArray[np.uint8]], sizes: dict[str, int]) -> Bools:
    """Tell which concepts of all categories an image shows."""
    parts = [np.bincount(maps[category].reshape(-1), minlength=1 + size)[1:] > 0 for category, size in sizes.items()]
    return np.concatenate(parts)
