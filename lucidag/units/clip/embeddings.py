"""The embeddings of a probe set's images and of words: the files that labelling reads. No torch."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lucidag.ground.errors import InputError
from lucidag.ground.files import atomic, read_json, write_json

IMAGES, TEXTS, ABOUT = "images.npy", "texts.npy", "embeddings.json"


@dataclass(frozen=True)
class Embeddings:
    """What a CLIP makes of N images and M concepts.

    Attributes
    ----------
    concepts, categories
        M names, and the category of each; empty where it is unknown.
    ids
        The N image ids.
    images, texts
        float32 N x D and M x D, each row of length 1.
    """

    concepts: tuple[str, ...]
    categories: tuple[str, ...]
    ids: tuple[str, ...]
    images: NDArray[np.float32]
    texts: NDArray[np.float32]


def write_embeddings(folder: str | Path, content: Embeddings, clip: dict[str, Any]) -> None:
    """Write embeddings into a folder: two .npy files and ``embeddings.json``, each whole or not at all.

    An array that is a memory map of a file is linked to it where the file system can, and copied elsewhere.
    """
    for name, values in ((IMAGES, content.images), (TEXTS, content.texts)):
        _place(Path(folder) / name, values)
    about = {"concepts": content.concepts, "categories": content.categories, "images": content.ids, "clip": clip}
    write_json(Path(folder) / ABOUT, about)


def read_embeddings(folder: str | Path) -> Embeddings:
    """Read what `write_embeddings` wrote; the arrays stay on the disk until they are used.

    Raises
    ------
    InputError
        If a file is missing or is something else, or they do not belong together.
    """
    try:
        about = read_json(Path(folder) / ABOUT)
        images, texts = (np.load(Path(folder) / name, mmap_mode="r", allow_pickle=False) for name in (IMAGES, TEXTS))
        concepts, categories, ids = (tuple(about[key]) for key in ("concepts", "categories", "images"))
    except (OSError, ValueError, KeyError, TypeError, EOFError) as error:
        raise InputError(f"{folder} does not hold embeddings of lucidag: {error}") from error
    if len(images) != len(ids) or len(texts) != len(concepts) or len(categories) != len(concepts):
        raise InputError(f"{folder}: {len(images)} and {len(texts)} embeddings, {len(ids)} and {len(concepts)} names")
    return Embeddings(concepts, categories, ids, images, texts)


def _place(path: Path, values: NDArray[np.float32]) -> None:
    with atomic(path) as partial:
        if not isinstance(values, np.memmap):
            with partial.open("wb") as handle:
                np.save(handle, values.astype(np.float32), allow_pickle=False)
            return
        partial.unlink()
        try:
            os.link(str(values.filename), partial)
        except OSError:
            shutil.copyfile(str(values.filename), partial)
