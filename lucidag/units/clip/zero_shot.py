"""How well a CLIP model names what images show, compared with chance."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lucidag.data.manifest import Manifest
from lucidag.ground.errors import InputError
from lucidag.ground.spelling import check_known
from lucidag.ground.statistics.intervals import share
from lucidag.units.clip.encoder import Clip, embed_images, embed_texts

BATCH = 64  # images per step
LEVEL = 0.95  # of Wilson's intervals over images


def zero_shot(clip: Clip, manifest: Manifest, rows: NDArray[np.int64], threads: int = 2) -> dict[str, Any]:
    """Classify images by the nearest word, category by category and over all words.

    Parameters
    ----------
    clip
        The model.
    manifest, rows
        The data set and the row numbers. Each category of `Manifest.concepts` that is a column too is asked for, and
        the column is the truth.
    threads
        As in `lucidag.units.clip.encoder.embed_images`.

    Returns
    -------
    dict
        ``categories``: for each ``accuracy`` (value, low, high, n), ``chance`` (1 over the number of its words) and
        ``commonest`` (the accuracy of always saying the most common word). ``words``: of as many best words as there
        are categories, among the words of all of them, the share (``value``) that is true, and its ``chance``.

    Raises
    ------
    InputError
        If no category of concepts is a column, or a column holds another word.
    """
    words = {category: names for category, names in manifest.concepts.items() if category in manifest.metadata}
    if not words:
        raise InputError(f"{manifest.file}: no category of concepts is a column too, so there is nothing to ask for")
    images = embed_images(clip, manifest, rows, None, BATCH, threads)
    result: dict[str, Any] = {"categories": {}}
    parts, answers = [], []
    for category, names in words.items():
        similar = images @ embed_texts(clip, names, "{}", threads=threads).T
        truth = _truth(manifest, rows, category, names)
        hits = int((similar.argmax(axis=1) == truth).sum())
        result["categories"][category] = {
            "accuracy": share(hits, len(rows), LEVEL),
            "chance": 1 / len(names),
            "commonest": int(np.bincount(truth).max()) / len(rows),
        }
        parts.append(similar)
        answers.append(truth[:, None] == np.arange(len(names)))
    every = np.concatenate(parts, axis=1)
    best = np.argsort(-every, axis=1, kind="stable")[:, : len(words)]
    value = float(np.take_along_axis(np.concatenate(answers, axis=1), best, axis=1).mean())
    result["words"] = {"value": value, "chance": len(words) / every.shape[1], "n": len(every)}
    return result


def _truth(manifest: Manifest, rows: NDArray[np.int64], category: str, names: tuple[str, ...]) -> NDArray[np.int64]:
    values = manifest.table[category].iloc[rows].tolist()
    for value in values:
        check_known(category, value, names, manifest.file)
    return np.array([names.index(value) for value in values], dtype=np.int64)
