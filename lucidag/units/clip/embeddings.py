"""The embeddings of a probe set's images and of words: the files that labelling reads. No torch."""

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lucidag.ground.errors import InputError
from lucidag.ground.files import atomic, read_json, write_json
from lucidag.units.evidence import Evidence

IMAGES, TEXTS, ABOUT = "images.npy", "texts.npy", "embeddings.json"


def write_embeddings(folder: str | Path, content: Evidence, clip: dict[str, Any]) -> None:
    """Write embeddings into a folder: two .npy files and ``embeddings.json``, each whole or not at all.

    An array that is a memory map of a file is linked to it where the file system can, and copied elsewhere.
    """
    for name, values in ((IMAGES, content.images), (TEXTS, content.texts)):
        _place(Path(folder) / name, values)
    about = {"concepts": content.concepts, "categories": content.categories, "images": content.ids, "clip": clip}
    write_json(Path(folder) / ABOUT, about)


def read_embeddings(folder: str | Path) -> Evidence:
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
    return Evidence(concepts, categories, ids, images, texts)


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
