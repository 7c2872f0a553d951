"""Images drawn at random, of each class its share, and one of each patient."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def drawn(labels: Sequence[str], seed: int, owners: Sequence[str] | None = None) -> NDArray[np.int64]:
    """Order images at random so that any first so many of them are a stratified sample.

    The images of each class come in a random order, evenly spread from a random start (systematic sampling by class):
    every image is as likely as any other to be among the first n, and of each class the first n hold its share to
    within about one image. So a greater sample holds a smaller one of the same seed.

    Parameters
    ----------
    labels
        The N class names.
    seed
        Of NumPy's PCG64 generator.
    owners
        N patients or lesions, or None where every image stands for itself: one image of each, at random, is among
        those that can be drawn, so that what is drawn is independent.

    Returns
    -------
    array
        Row numbers, N or as many as there are owners.
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    rows = rng.permutation(len(labels))
    if owners is not None:
        rows = rows[np.sort(np.unique(np.asarray(owners, dtype=str)[rows], return_index=True)[1])]
    own = np.asarray(labels, dtype=str)[rows]
    place = np.empty(len(rows))
    for label in np.unique(own):
        members = np.flatnonzero(own == label)
        place[members] = (np.arange(len(members)) + rng.random()) / len(members)
    return rows[np.argsort(place, kind="stable")].astype(np.int64)
