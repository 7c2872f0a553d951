"""Units found by words: those whose top images are most like a text, in any layer. No torch."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lucidag.ground.tensors import read_tensors, write_tensors
from lucidag.units.labels.top_images import search

COLUMNS = ("text", "rank", "layer", "unit", "similarity")


def write_unit_embeddings(path: str | Path, layers: Mapping[str, NDArray[np.floating]]) -> None:
    """Write the embeddings of units by layer, U x D, as float32."""
    write_tensors(path, {name: rows.astype(np.float32) for name, rows in layers.items()}, {"layers": list(layers)})


def read_unit_embeddings(path: str | Path) -> dict[str, NDArray[np.float32]]:
    """Read what `write_unit_embeddings` wrote.

    Raises
    ------
    InputError
        If the file is missing or is something else.
    """
    with read_tensors(path, "embeddings of units") as (handle, about):
        return {name: handle.get_tensor(name) for name in about["layers"]}


def search_layers(
    layers: Mapping[str, NDArray[np.floating]], words: Sequence[str], texts: NDArray[np.floating], count: int = 10
) -> pd.DataFrame:
    """Find units by words.

    Parameters
    ----------
    layers
        By layer U x D, see `lucidag.units.labels.top_images.unit_embeddings`; rows of 0 are not found.
    words, texts
        Q texts, and Q x D by the same CLIP.
    count
        How many units a text finds.

    Returns
    -------
    One row a text and unit: ``text``, ``rank`` (from 1), ``layer``, ``unit``, ``similarity`` (cosine).

    Raises
    ------
    InputError
        If texts and units are not embedded in the same space.
    """
    names = np.concatenate([[name] * len(rows) for name, rows in layers.items()])
    numbers = np.concatenate([np.arange(len(rows)) for rows in layers.values()])
    every = np.concatenate([np.asarray(rows, dtype=np.float64) for rows in layers.values()])
    active = np.flatnonzero(every.any(axis=1))
    units, similarity = search(every[active], texts, count)
    return pd.DataFrame(
        [
            (text, rank, names[active[unit]], numbers[active[unit]], value)
            for text, found, values in zip(words, units, similarity, strict=True)
            for rank, (unit, value) in enumerate(zip(found, values, strict=True), start=1)
        ],
        columns=list(COLUMNS),
    )
