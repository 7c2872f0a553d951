"""What a sweep gives: metrics at every k."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Draws:
    """The metrics on B bootstrap samples of the images, one row a sample.

    Attributes
    ----------
    accuracy, loss, worst_accuracy
        B x (K+1) float64; the last is NaN where a sample holds no image of a group that may be the worst.
    group_accuracy
        B x G x (K+1) float64; NaN where a sample holds no image of the group.
    """

    accuracy: NDArray[np.float64]
    loss: NDArray[np.float64]
    worst_accuracy: NDArray[np.float64]
    group_accuracy: NDArray[np.float64]


@dataclass(frozen=True)
class SweepResult:
    """The metrics at every k from 0 (all units off) to K (all on), or at some of them.

    Attributes
    ----------
    accuracy
        K+1 shares of images whose class is the argmax; the lowest class index wins a tie.
    loss
        K+1 mean cross-entropies (nats).
    worst_accuracy
        K+1: the least accuracy over the groups that hold an image.
    group_accuracy
        G x (K+1); NaN for a group without images.
    class_accuracy
        C x (K+1); NaN for a class without images.
    draws
        The same on bootstrap samples, where image weights were given.
    grid
        The k of the metrics, 0 and K among them, where these are not all; every ``K+1`` above is then their number.
    """

    accuracy: NDArray[np.float64]
    loss: NDArray[np.float64]
    worst_accuracy: NDArray[np.float64]
    group_accuracy: NDArray[np.float64]
    class_accuracy: NDArray[np.float64]
    draws: Draws | None = None
    grid: NDArray[np.int64] | None = None

    @property
    def numbers(self) -> NDArray[np.int64]:
        """The k of the metrics."""
        return np.arange(len(self.accuracy)) if self.grid is None else self.grid

    @property
    def units(self) -> int:
        """K, the number of units."""
        return int(self.numbers[-1])
