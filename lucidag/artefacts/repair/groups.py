"""Groups of images by class and artefacts, and subsets in which the artefacts tell nothing of the class."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lucidag.ground.errors import InputError

Rows = NDArray[np.int64]
Shown = NDArray[np.bool_]


def artefacts_shown(table: pd.DataFrame, columns: Sequence[str], absent: str) -> Shown:
    """Say which artefacts images show.

    Parameters
    ----------
    table
        N rows of a manifest.
    columns, absent
        Its columns, and their value where the artefact is absent; an empty cell says that too.

    Returns
    -------
    array
        bool, N x columns.
    """
    return np.stack([~table[name].astype(str).str.strip().isin(["", absent]).to_numpy() for name in columns], axis=1)


def group_codes(labels: Rows, shown: Shown) -> Rows:
    """Number the groups of N images: class times each artefact shown or not."""
    codes = labels.astype(np.int64)
    for column in shown.T:
        codes = 2 * codes + column
    return codes


def balanced_rows(codes: Rows, rng: np.random.Generator) -> Rows:
    """Draw as many images of each group as the smallest has that has any.

    In such a subset neither an artefact nor two of them together tell anything of the class.
    """
    found, sizes = np.unique(codes, return_counts=True)
    return np.concatenate([rng.choice(np.flatnonzero(codes == code), sizes.min(), replace=False) for code in found])


def check_groups(labels: Rows, shown: Shown, classes: Sequence[str], columns: Sequence[str], split: str) -> None:
    """Stop where balanced groups cannot be drawn.

    Raises
    ------
    InputError
        If a class has no image, or an artefact is shown by no image, or by all, of a class.
    """
    for place, name in enumerate(classes):
        own = shown[labels == place]
        if not len(own):
            raise InputError(f"split '{split}' has no image of class '{name}', so nothing can be repaired on it")
        for column, cells in zip(columns, own.T, strict=True):
            if cells.all() or not cells.any():
                what = "every" if cells.all() else "no"
                raise InputError(
                    f"split '{split}': {what} image of class '{name}' shows '{column}', so there are no balanced "
                    "groups; name another `split`, or fewer `columns`"
                )
