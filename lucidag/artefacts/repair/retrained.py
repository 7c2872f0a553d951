"""The last layer trained again on balanced groups: deep feature reweighting.

P. Kirichenko, P. Izmailov and A. G. Wilson, "Last layer re-training is sufficient for robustness to spurious
correlations", ICLR 2023. As there, features are standardised, a logistic regression learns on each of several
group-balanced subsets, and their weights are averaged. We differ in that the penalty is L2 and its strength is set and
not searched, as the smallest groups leave no images for a search.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from lucidag.artefacts.repair.groups import Rows, balanced_rows
from lucidag.artefacts.repair.head import Floats, Head

STEPS = 5000
Draw = Callable[[np.random.Generator], Rows]


def retrained(
    features: NDArray[np.floating], labels: Rows, codes: Rows, strength: float, subsets: int, seed: int
) -> Head:
    """Train a last layer on subsets with as many images of each group.

    Parameters
    ----------
    features, labels
        N x K and N class indices; every class from 0 to the greatest has images.
    codes
        N groups, see `lucidag.artefacts.repair.groups.group_codes`.
    strength
        C of the logistic regression.
    subsets, seed
        How many subsets, and the seed of their draws.
    """
    return _averaged(features, labels, lambda rng: balanced_rows(codes, rng), strength, subsets, [seed])


def retrained_on_any(
    features: NDArray[np.floating], labels: Rows, codes: Rows, strength: float, subsets: int, seed: int, number: int
) -> Head:
    """Train a last layer on subsets as large, and with as many images of each class, whatever artefacts they show.

    What this does to a network, training again does by itself, and not the balance of the groups.

    Parameters
    ----------
    features, labels, codes, strength, subsets, seed
        As for `retrained`.
    number
        Of the control: each has draws of its own.
    """
    size = {int(c): int((labels[balanced_rows(codes, np.random.default_rng(0))] == c).sum()) for c in np.unique(labels)}

    def draw(rng: np.random.Generator) -> Rows:
        return np.concatenate([rng.choice(np.flatnonzero(labels == c), n, replace=False) for c, n in size.items()])

    return _averaged(features, labels, draw, strength, subsets, [seed, number])


def _averaged(
    features: NDArray[np.floating], labels: Rows, draw: Draw, strength: float, subsets: int, seed: list[int]
) -> Head:
    values = np.asarray(features, dtype=np.float64)
    middle, spread = values.mean(axis=0), values.std(axis=0)
    spread[spread == 0] = 1.0
    scaled = (values - middle) / spread
    found = []
    with threadpool_limits(1):  # sums in one order, so that the bytes do not depend on the number of cores
        for place in range(subsets):
            rows = draw(np.random.default_rng([*seed, place]))
            found.append(_both(LogisticRegression(C=strength, max_iter=STEPS).fit(scaled[rows], labels[rows])))
    weight, bias = (np.mean([each[part] for each in found], axis=0) for part in (0, 1))
    return Head(weight / spread, bias - (weight / spread) @ middle)


def _both(model: LogisticRegression) -> tuple[Floats, Floats]:
    """Give one row for each class: of two classes scikit-learn has one for both."""
    weight, bias = model.coef_, model.intercept_
    if len(weight) > 1:
        return weight, bias
    return np.concatenate([-weight, weight]) / 2, np.concatenate([-bias, bias]) / 2
