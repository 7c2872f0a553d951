"""Two kinds or one: does a cluster stand apart from the rest, in images that had no part in finding it?

Every cut of a cloud of points gives clusters, also where there are none. Two kinds stand apart where a gap lies between
them: along the direction that tells the cluster from the rest (both found on validation images), fewer test images lie
half-way than at either end. Where a distribution has one peak, a field half-way between two others of the same width
holds at least as much as one of them, whatever its shape; so the test keeps its level.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from threadpoolctl import threadpool_limits

Vectors = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Kind:
    """A cluster, as a direction.

    Attributes
    ----------
    direction
        D numbers.
    rest, own
        The means of the rest and of the cluster along it; own > rest.
    """

    direction: Vectors
    rest: float
    own: float

    def along(self, vectors: Vectors) -> Vectors:
        """Return where N vectors lie: at 0 is the mean of the rest, at 1 that of the cluster."""
        found: Vectors = (vectors @ self.direction - self.rest) / (self.own - self.rest)
        return found

    def members(self, vectors: Vectors) -> Flags:
        """Say which vectors are nearer to the cluster than to the rest."""
        return np.asarray(self.along(vectors) > 0.5)


def kind_of(vectors: Vectors, cluster: Flags) -> Kind:
    """Find the direction that tells a cluster from the rest: linear discriminant, its covariance shrunk (Ledoit-Wolf).

    Parameters
    ----------
    vectors
        N x D.
    cluster
        N; at least two inside and outside.
    """
    with threadpool_limits(1):
        model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto").fit(vectors, cluster)
    direction = model.coef_[0]
    place = vectors @ direction
    return Kind(direction, float(place[~cluster].mean()), float(place[cluster].mean()))


def apart(places: Vectors) -> tuple[float, tuple[int, int, int]]:
    """Test whether two kinds stand apart.

    Parameters
    ----------
    places
        Where new images lie, see `Kind.along`.

    Returns
    -------
    p, counts
        The greater p of two binomial tests, that the field from .25 to .75 holds fewer than the one around 0, and than
        the one around 1 (each as wide); and how many the three hold. p is 1 where an outer field is empty.
    """
    left, between, right = (int(((places >= start) & (places < start + 0.5)).sum()) for start in (-0.25, 0.25, 0.75))
    if min(left, right) == 0:
        return 1.0, (left, between, right)
    p = max(float(binomtest(between, between + end, 0.5, alternative="less").pvalue) for end in (left, right))
    return p, (left, between, right)
