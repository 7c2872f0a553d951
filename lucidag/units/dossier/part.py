"""What one analysis says of the units of a layer: columns of the dossier, and where they are from."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

# What may stand in the column ``warnings``.
WARNINGS = {
    "dead": "the activation of the unit is the same on all images",
    "dead_train": "the unit is 0 on all training images",
    "dead_test": "the unit is 0 on all test images",
    "degenerate": "splits of one population give units the role of one split alone as often: the roles of all units "
    "of this layer do not tell training from test images",
    "undecided_train": "the unit stands between two k of a grid on training images: its role may be another",
    "undecided_test": "the unit stands between two k of a grid on test images: its role may be another",
    "circular_words": "the label by words is judged by the CLIP that gave it, as no annotation has its name",
    "untestable_words": "nothing can be held against the label by words: its own column says why",
    "untestable_pixels": "nothing can be held against the label by pixels: its own column says why",
    "unconfirmed_effect": "validation images show an effect on a class that test images do not confirm",
}


@dataclass(frozen=True)
class Part:
    """What one analysis says.

    Attributes
    ----------
    values
        One row per unit, by unit number from 0, one column for each of `definitions`.
    definitions
        By column, what it holds.
    source
        The file that it is read from, or computed from.
    warnings
        By word (of `WARNINGS`), which units it is said of.
    """

    values: pd.DataFrame
    definitions: Mapping[str, str]
    source: str
    warnings: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
