"""The mean relevance of units for each explained class, signed, while batches of images go by."""

import numpy as np
from numpy.typing import NDArray

from lucidag.explain.relevance.store import ClassMeans


class OfClasses:
    """Sums of the relevance of U units over the images of each class; memory does not grow with the images."""

    def __init__(self) -> None:
        self._sums: dict[int, tuple[int, NDArray[np.float64], NDArray[np.float64]]] = {}

    def add(self, values: NDArray[np.floating], classes: NDArray[np.int64]) -> None:
        """Take the relevance (n x U) of some images, and the class that was explained of each."""
        for index in np.unique(classes).tolist():
            own = values[classes == index].astype(np.float64)
            count, total, squares = self._sums.get(index, (0, np.zeros(own.shape[1]), np.zeros(own.shape[1])))
            self._sums[index] = count + len(own), total + own.sum(axis=0), squares + (own**2).sum(axis=0)

    def result(self, independent: bool) -> ClassMeans:
        """Give the means once all images went by.

        Parameters
        ----------
        independent
            Whether every image stands for itself; else there is no error of a mean, as several are of one patient.
        """
        found = sorted(self._sums.items())
        counts = np.array([count for _, (count, *_) in found], dtype=np.int64)
        means = np.array([total / count for _, (count, total, _) in found])
        spread = np.array([squares / count for _, (count, _, squares) in found]) - means**2
        with np.errstate(divide="ignore", invalid="ignore"):
            error = np.sqrt(np.maximum(spread, 0) / (counts[:, None] - 1))
        known = (counts[:, None] > 1) & independent
        classes = np.array([index for index, _ in found], dtype=np.int64)
        return ClassMeans(classes, counts, means.astype(np.float32), np.where(known, error, np.nan).astype(np.float32))
