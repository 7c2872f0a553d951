"""What a model does when an artefact is put in or taken out."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lucidag.ground.errors import InputError
from lucidag.ground.statistics.intervals import estimate, share


def changes(
    before: ArrayLike, after: ArrayLike, confidence: float, resamples: int, seed: int, threshold: float = 0.5
) -> dict[str, Any]:
    """Summarise the change of a class's probability, image by image.

    Parameters
    ----------
    before, after
        N probabilities of one class, of the same images in the same order.
    confidence, resamples, seed
        Of the bootstrap over images.
    threshold
        A probability above it is a decision for the class.

    Returns
    -------
    dict
        ``before``, ``after`` and ``change`` (after less before, paired), each a mean with value, low, high, n;
        ``up`` the share of images whose probability rises, ``to_class`` and ``from_class`` the shares whose decision
        changes to and from the class (Wilson's interval, over all images). With no image all values are None.

    Raises
    ------
    InputError
        If the numbers differ, or a value is no probability.
    """
    first, second = np.asarray(before, dtype=np.float64), np.asarray(after, dtype=np.float64)
    if first.ndim != 1 or first.shape != second.shape:
        raise InputError(f"changes: {first.shape} probabilities before and {second.shape} after; needed: as many")
    for name, values in (("before", first), ("after", second)):
        if not ((values >= 0) & (values <= 1)).all():
            raise InputError(f"changes: a value {name} is no probability; it must be between 0 and 1")
    n, was, now = len(first), first > threshold, second > threshold
    return {
        "before": _mean(first, confidence, resamples, seed),
        "after": _mean(second, confidence, resamples, seed),
        "change": _mean(second - first, confidence, resamples, seed),
        "up": share(int((second > first).sum()), n, confidence),
        "to_class": share(int((~was & now).sum()), n, confidence),
        "from_class": share(int((was & ~now).sum()), n, confidence),
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
    beside = np.asarray(control, dtype=np.float64)
    own = ~np.isnan(beside)
    interval = (confidence, resamples, seed)
    return {
        "artefact": changes(before, after, *interval),
        "control": changes(np.asarray(before)[own], beside[own], *interval),
        "beyond": _mean(np.asarray(after, dtype=np.float64) - beside, *interval),
    }


def _mean(values: ArrayLike, confidence: float, resamples: int, seed: int) -> dict[str, Any]:
    return estimate(values, confidence, resamples, seed).json()
