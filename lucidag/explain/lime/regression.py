"""The lime package's own regression, with its kernel and its random state."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
from lime.lime_base import LimeBase
from lime.lime_image import LimeImageExplainer
from numpy.typing import NDArray
from sklearn import config_context
from sklearn.linear_model import Ridge
from sklearn.metrics import pairwise_distances
from threadpoolctl import threadpool_limits

from lucidag.explain.lime.screening import Screening


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
        for _ in range(min(num_features, data.shape[1])):
            candidates = screening.candidates(used)
            if len(candidates) > 1:
                candidates = [self._best(model, data, labels, weights, used, candidates)]
            used.append(candidates[0])
            screening.keep(candidates[0])
        return np.array(used)

    @staticmethod
    def _best(
        model: Ridge,
        data: NDArray[np.float64],
        labels: NDArray[np.floating],
        weights: NDArray[np.float64],
        used: Sequence[int],
        candidates: Sequence[int],
    ) -> int:
        """Return the candidate with the highest R2; the first of equals, as lime does."""
        scores = []
        for candidate in candidates:
            columns = data[:, [*used, candidate]]
            model.fit(columns, labels, sample_weight=weights)
            scores.append(model.score(columns, labels, sample_weight=weights))
        return candidates[int(np.argmax(scores))]


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
    with _sober_algebra():
        distances = pairwise_distances(masks, masks[:1], metric="cosine").ravel()
        for label in labels:
            intercept, weights, score, local = base.explain_instance_with_data(
                masks, probabilities, distances, label, num_features, feature_selection=explainer.feature_selection
            )
            kept = [(int(segment), float(weight)) for segment, weight in weights]
            found[label] = Fit(kept, float(intercept), float(score), float(local[0]))
    return found


def constant_fit(probability: float) -> Fit:
    """Return the regression of a class whose probability is the same under every mask: nothing is kept."""
    return Fit([], probability, 0.0, probability)


@contextmanager
def _sober_algebra() -> Iterator[None]:
    """Compute with one thread, so that sums do not depend on the number of cores, and check no argument twice."""
    with threadpool_limits(1, user_api="blas"), config_context(assume_finite=True, skip_parameter_validation=True):
        yield
