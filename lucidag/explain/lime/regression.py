"""The lime package's own regression, with its kernel and its random state."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from lime.lime_base import LimeBase
from lime.lime_image import LimeImageExplainer
from numpy.typing import NDArray
from sklearn import config_context
from sklearn.linear_model import Ridge
from sklearn.metrics import pairwise_distances
from threadpoolctl import threadpool_limits

# Two R2 that are closer than this are left to the regression itself.
CLOSE = 1e-6
# A column with a smaller share of its length beyond the kept ones is nearly a sum of these: its R2 is not known.
DEPENDENT = 1e-6


class Fit(NamedTuple):
    """The regression for one class.

    Attributes
    ----------
    weights
        (superpixel, weight) of those that were kept, the greatest absolute weight first.
    intercept, score, local_prediction
        The constant, the weighted R2, and the prediction for the image itself.
    """

    weights: list[tuple[int, float]]
    intercept: float
    score: float
    local_prediction: float


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


class ScreenedBase(LimeBase):
    """lime's `LimeBase`, whose forward selection fits only the superpixels that can win a step.

    lime fits each superpixel that is not yet kept, hundreds of regressions in all, and keeps the one with the highest
    R2. Here `Screening` knows every R2 to far more digits than two superpixels usually share; lime's own fit and score
    then decide among those that are too close to tell apart or whose R2 it cannot know, in lime's order. So the choice
    is lime's.
    """

    def forward_selection(
        self, data: NDArray[np.float64], labels: NDArray[np.floating], weights: NDArray[np.float64], num_features: int
    ) -> NDArray[np.int64]:
        """Return the superpixels that are kept, in the order in which they were chosen."""
        model = Ridge(alpha=0, fit_intercept=True, random_state=self.random_state)
        screening = Screening(data, labels, weights)
        used: list[int] = []

        def score(candidate: int) -> float:
            columns = data[:, [*used, candidate]]
            return float(model.fit(columns, labels, weights).score(columns, labels, weights))

        for _ in range(min(num_features, data.shape[1])):
            candidates = screening.candidates(used)
            if len(candidates) > 1:  # The first of equals, as lime does.
                candidates = [candidates[int(np.argmax([score(candidate) for candidate in candidates]))]]
            used.append(candidates[0])
            screening.keep(candidates[0])
        return np.array(used)


def regress(
    explainer: LimeImageExplainer,
    masks: NDArray[np.float64],
    probabilities: NDArray[np.floating],
    labels: Sequence[int],
    num_features: int,
) -> dict[int, Fit]:
    """Fit each class by lime's `LimeBase.explain_instance_with_data`, in the given order.

    The numbers are lime's: its kernel of scikit-learn's cosine distance, its choice of superpixels (see
    `ScreenedBase`), its weighted ridge regression.

    Parameters
    ----------
    explainer
        Holds the kernel, the way of choosing superpixels, and the random state from which the masks were drawn.
    masks
        N x n of 0 and 1; the first row is the image itself.
    probabilities
        N x classes, finite.
    labels
        The classes to explain.
    num_features
        How many superpixels to keep.
    """
    base = ScreenedBase(explainer.base.kernel_fn, random_state=explainer.random_state)
    found = {}
    # One thread, so that sums do not depend on the number of cores; and no argument is checked twice.
    with threadpool_limits(1, user_api="blas"), config_context(assume_finite=True, skip_parameter_validation=True):
        distances = pairwise_distances(masks, masks[:1], metric="cosine").ravel()
        for label in labels:
            intercept, weights, score, local = base.explain_instance_with_data(
                masks, probabilities, distances, label, num_features, feature_selection=explainer.feature_selection
            )
            kept = [(int(segment), float(weight)) for segment, weight in weights]
            found[label] = Fit(kept, float(intercept), float(score), float(local[0]))
    return found
