"""Which images of a probe set choose the labels of units, and which test them: light, as all passes need it."""

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray


def chosen_half(names: Sequence[str], seed: int) -> NDArray[np.bool_]:
    """Tell which of N images choose labels; the others test them.

    Parameters
    ----------
    names
        N: what stands or falls together, the id of a patient where there is one, else the image itself. All images of
        a name are in one half.
    seed
        Of the split.

    Returns
    -------
    bool N: half of the names, rounded down, in the order of a digest of seed and name.
    """
    values, place = np.unique(np.asarray(names, dtype=str), return_inverse=True)
    digests = [blake2b(f"{seed}:{name}".encode(), digest_size=8).digest() for name in values.tolist()]
    chosen = np.zeros(len(values), dtype=np.bool_)
    chosen[sorted(range(len(values)), key=digests.__getitem__)[: len(values) // 2]] = True
    found: NDArray[np.bool_] = chosen[place.reshape(-1)]
    return found
