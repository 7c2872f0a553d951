"""The pictures of a data set that are shown to units."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lucidag.data.manifest import Manifest


def probe_rows(manifest: Manifest, splits: Sequence[str]) -> NDArray[np.int64]:
    """Give the rows of some splits, ascending.

    Raises
    ------
    InputError
        If one of the splits has no picture.
    """
    return np.sort(np.concatenate([manifest.rows(split) for split in splits]))
