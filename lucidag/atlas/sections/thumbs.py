"""The images of a data set that the page shows, each once."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from lucidag.atlas.shrink import thumbnail
from lucidag.data.images import Images
from lucidag.data.manifest import read_manifest


def thumbs(folder: str | Path, wanted: Iterable[str], side: int, most: int) -> dict[str, Any]:
    """Return thumbnails.

    Parameters
    ----------
    folder
        Of the data set.
    wanted
        Ids; what the data set does not have is left out, and so are images beyond the first `most`.
    side
        Pixels that they are shrunk into.
    most
        How many at most.
    """
    manifest = read_manifest(folder)
    rows = {image: row for row, image in enumerate(manifest.table["image"])}
    present = [image for image in dict.fromkeys(wanted) if image in rows]
    shown, images = present[:most], Images(manifest)
    labels, splits = (manifest.table[name].tolist() for name in ("label", "split"))
    return {
        "size": side,
        "ids": shown,
        "webp": [thumbnail(np.asarray(images.read(rows[image])), side) for image in shown],
        "label": [labels[rows[image]] for image in shown],
        "split": [splits[rows[image]] for image in shown],
        "left_out": len(present) - len(shown),
    }
