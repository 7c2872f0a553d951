"""Which superpixels can be the next of a forward selection, without a regression for each."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# Two R2 that are closer than this are left to the regression itself.
CLOSE = 1e-6
# A column with a smaller share of its length beyond the kept ones is nearly a sum of these: its R2 is not known.
DEPENDENT = 1e-6


class Screening:
    """The weighted R2 of a linear model with each further column, all at once.

    Each column and the answer, centred and weighted, lose their part along the columns that were kept (modified
    Gram-Schmidt). A further column then adds its squared correlation with what is left of the answer.

    Parameters
    ----------
    data
        N x n columns.
    answer
        N values.
    weights
        N weights of the rows.
    """

    def __init__(self, data: NDArray[np.float64], answer: NDArray[np.floating], weights: NDArray[np.float64]) -> None:
        root = np.sqrt(weights)
        self.left = (data - np.average(data, axis=0, weights=weights)) * root[:, None]
        exact = answer.astype(np.float64)
        self.answer = (exact - np.average(exact, weights=weights)) * root
        self.lengths = self._squares()
        self.total = float(self.answer @ self.answer)
        self.reliable = self.total > 0

    def candidates(self, used: Sequence[int]) -> list[int]:
        """Return the columns, in order, of which one has the highest R2; all that are not used if nothing is known."""
        free = np.ones(self.left.shape[1], dtype=bool)
        free[list(used)] = False
        # With few rows for the columns a fit is perfect or ambiguous.
        if not self.reliable or len(self.left) <= 2 * (len(used) + 2):
            return np.flatnonzero(free).tolist()
        squares = self._squares()
        known = free & (squares > DEPENDENT * self.lengths)
        if not known.any():
            return np.flatnonzero(free).tolist()
        gain = np.zeros(len(squares))
        gain[known] = (self.answer @ self.left[:, known]) ** 2 / squares[known] / self.total
        return np.flatnonzero(free & (~known | (gain >= gain[known].max() - CLOSE))).tolist()

    def keep(self, column: int) -> None:
        """Add a column to the model."""
        square = float(self.left[:, column] @ self.left[:, column])
        if square <= DEPENDENT * self.lengths[column]:
            self.reliable = False
        if not self.reliable:
            return
        direction = self.left[:, column] / np.sqrt(square)
        self.left -= np.outer(direction, direction @ self.left)
        self.answer -= direction * (direction @ self.answer)

    def _squares(self) -> NDArray[np.float64]:
        return np.einsum("ij,ij->j", self.left, self.left)
