"""Numbers of the patients or lesions that images are of. Without scipy, as much goes by them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def owners(ids: Sequence[str] | None, count: int) -> NDArray[np.int64] | None:
    """Number the ids of N images from 0; None where there are none, or where every image has its own."""
    if ids is None:
        return None
    numbers = np.unique(np.asarray(ids, dtype=str), return_inverse=True)[1].astype(np.int64)
    return None if len(numbers) == 0 or int(numbers.max()) + 1 == count else numbers
