"""What networks do when an artefact is put in or taken out."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lucidag.ground.errors import InputError
from lucidag.ground.statistics.crossed import crossed
from lucidag.ground.statistics.intervals import share


def changes(
    before: ArrayLike, after: ArrayLike, confidence: float, resamples: int, seed: int, threshold: float = 0.5
) -> dict[str, Any]:
    """Summarise the change of a class's probability, network by network and image by image.

    Parameters
    ----------
    before, after
        Probabilities of one class, networks x images, or of one network as many numbers as images.
    confidence, resamples, seed
        See `lucidag.ground.statistics.crossed.crossed`.
    threshold
        A probability above it is a decision for the class.

    Returns
    -------
    dict
        ``before``, ``after`` and ``change`` (after less before, paired), each a mean with value, low, high, n, each;
        ``up`` the share of cases whose probability rises, ``to_class`` and ``from_class`` the shares whose decision
        changes to and from the class: with Wilson's interval of one network, else as the means. With no image all
        values are None.

    Raises
    ------
    InputError
        If the numbers differ, or a value is no probability.
    """
    first, second = (np.atleast_2d(np.asarray(values, dtype=np.float64)) for values in (before, after))
    if first.ndim != 2 or first.shape != second.shape:
        raise InputError(f"changes: {first.shape} probabilities before and {second.shape} after; needed: as many")
    for name, values in (("before", first), ("after", second)):
        if not ((values >= 0) & (values <= 1)).all():
            raise InputError(f"changes: a value {name} is no probability; it must be between 0 and 1")
    was, now = first > threshold, second > threshold
    interval = (confidence, resamples, seed)
    return {
        "before": crossed(first, *interval).json(),
        "after": crossed(second, *interval).json(),
        "change": crossed(second - first, *interval).json(),
        "up": _share(second > first, *interval),
        "to_class": _share(~was & now, *interval),
        "from_class": _share(was & ~now, *interval),
    }


def against_control(
    before: ArrayLike, after: ArrayLike, control: ArrayLike, confidence: float, resamples: int, seed: int
) -> dict[str, Any]:
    """Summarise the change compared with that of a control edit of the same images.

    The control tells what any edit of that place and size does, such as the same mask filled with skin. Where it is
    NaN there is none, and the image has no part in ``control`` and ``beyond``.

    Returns
    -------
    dict
        ``artefact`` and ``control`` (see `changes`), and ``beyond``: the paired difference of the two changes.
    """
    was, now, beside = (np.atleast_2d(np.asarray(values, dtype=np.float64)) for values in (before, after, control))
    own = ~np.isnan(beside).any(axis=0)
    interval = (confidence, resamples, seed)
    return {
        "artefact": changes(was, now, *interval),
        "control": changes(was[:, own], beside[:, own], *interval),
        "beyond": crossed(now - beside, *interval).json(),
    }


def _share(hits: NDArray[np.bool_], confidence: float, resamples: int, seed: int) -> dict[str, Any]:
    if len(hits) == 1:
        return share(int(hits.sum()), hits.size, confidence)
    return crossed(hits, confidence, resamples, seed).json()
