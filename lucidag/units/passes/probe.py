"""The images of a data set that are shown to units."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lucidag.data.manifest import Manifest
from lucidag.ground.errors import InputError


def probe_rows(manifest: Manifest, splits: Sequence[str]) -> NDArray[np.int64]:
    """Give the rows of some splits, ascending; a split that the data set does not have adds none.

    Raises
    ------
    InputError
        If none of the splits has an image.
    """
    present = [split for split in splits if split in manifest.splits()]
    if not present:
        have = ", ".join(manifest.splits())
        raise InputError(f"{manifest.file}: no image is in splits {', '.join(splits)}; there are: {have}")
    return np.sort(np.concatenate([manifest.rows(split) for split in present]))
