"""The 1,797 handwritten digits (8 x 8) that scikit-learn carries: a data set without a download."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from sklearn.datasets import load_digits

from lucidag.data.ink import ink
from lucidag.data.manifest import Source
from lucidag.data.splits import assign


def load(splits: Mapping[str, float], seed: int) -> Source:
    """Give the digits, split at random and stratified by class.

    Their 17 grey levels (0 to 16) are spread over 0 to 255; the metadata column is ``ink``.

    Parameters
    ----------
    splits
        The share of each split (see `lucidag.data.splits.assign`).
    seed
        The seed of the split.

    Raises
    ------
    InputError
        If the shares do not sum to 1.
    """
    data = load_digits()
    images = np.rint(data.images * (255 / 16)).astype(np.uint8)[:, :, :, None]
    labels = [str(label) for label in data.target]
    table = pd.DataFrame(
        {
            "image": [f"digit-{row:04d}" for row in range(len(labels))],
            "label": labels,
            "split": assign(labels, splits, seed),
            "ink": ink(images),
        }
    )
    return Source(table, tuple(str(name) for name in data.target_names), images)
