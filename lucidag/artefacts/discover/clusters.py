"""Clusters of relevance maps: SpRAy.

S. Lapuschkin et al., "Unmasking Clever Hans predictors and assessing what machines really learn", Nature Communications
10 (2019): the graph of nearest neighbours of downsized maps is cut spectrally, and the gap between eigenvalues of its
Laplacian says how many clusters there are. We differ in that maps are turned the same way first, in that the gap is
held against maps without clusters, and in that clusters are found again in samples.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import laplacian
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score
from sklearn.neighbors import kneighbors_graph
from threadpoolctl import threadpool_limits

Vectors = NDArray[np.float64]
Labels = NDArray[np.int64]
SAMPLE = 0.8
STARTS = 10


@dataclass(frozen=True)
class Gap:
    """How many clusters a graph has.

    Attributes
    ----------
    clusters
        The number k below the greatest ratio of eigenvalue k + 1 to k.
    ratio
        That ratio.
    p
        The share of surrogates with a ratio as great, this one counted in.
    values
        The eigenvalues, the least (0) first.
    """

    clusters: int
    ratio: float
    p: float
    values: Vectors


def spectrum(vectors: Vectors, neighbours: int, count: int) -> tuple[Vectors, Vectors]:
    """Return the least eigenvalues of the normalised Laplacian of the graph of nearest neighbours, and their vectors.

    Parameters
    ----------
    vectors
        N x D.
    neighbours
        Of each; the graph joins two where either is a neighbour of the other, half as strongly where only one is.
    count
        How many eigenvalues.

    Returns
    -------
    values, embedding
        count, ascending; N x count.
    """
    graph = kneighbors_graph(vectors, min(neighbours, len(vectors) - 1), include_self=False).toarray()
    cutting: Vectors = np.array(laplacian(0.5 * (graph + graph.T), normed=True), dtype=np.float64)
    with threadpool_limits(1):
        values, embedding = np.linalg.eigh(cutting)
    return values[:count], embedding[:, :count]


def cut(embedding: Vectors, clusters: int, seed: int) -> Labels:
    """Cut an embedding into clusters, by k-means in its first so many axes."""
    with threadpool_limits(1):
        found = KMeans(clusters, n_init=STARTS, random_state=seed).fit_predict(embedding[:, :clusters])
    return found.astype(np.int64)


def gap(vectors: Vectors, neighbours: int, most: int, surrogates: int, seed: int) -> Gap:
    """Find the eigengap, and hold it against maps without clusters.

    A surrogate has as many vectors, drawn from one normal distribution of the same mean and covariance, of length 1 as
    they are: it has the same correlations and no clusters.
    """
    values, _ = spectrum(vectors, neighbours, most + 1)
    clusters, ratio = _greatest(values)
    rng = np.random.default_rng(seed)
    middle, spread = vectors.mean(axis=0), np.cov(vectors, rowvar=False)
    root = _root(spread)
    as_great = 0
    for _ in range(surrogates):
        made = middle + rng.normal(size=vectors.shape) @ root
        made /= np.maximum(np.linalg.norm(made, axis=1, keepdims=True), 1e-12)
        as_great += _greatest(spectrum(made, neighbours, most + 1)[0])[1] >= ratio
    return Gap(clusters, ratio, (1 + as_great) / (1 + surrogates), values)


def stability(vectors: Vectors, labels: Labels, neighbours: int, resamples: int, seed: int) -> Vectors:
    """Find the clusters again in samples; return the adjusted Rand index of each with `labels` on the same images."""
    rng, clusters = np.random.default_rng(seed), int(labels.max()) + 1
    found = []
    for _ in range(resamples):
        rows = rng.choice(len(vectors), round(SAMPLE * len(vectors)), replace=False)
        _, embedding = spectrum(vectors[rows], neighbours, clusters)
        found.append(adjusted_rand_score(labels[rows], cut(embedding, clusters, seed)))
    return np.array(found)


def _greatest(values: Vectors) -> tuple[int, float]:
    """Give the k from 2 on with the greatest ratio; values as good as 0 count as one tenth of a thousandth."""
    safe = np.maximum(values, 1e-4)
    ratios = safe[2:] / safe[1:-1]
    place = int(np.argmax(ratios))
    return place + 2, float(ratios[place])


def _root(spread: Vectors) -> Vectors:
    values, axes = np.linalg.eigh(spread)
    found: Vectors = (axes * np.sqrt(np.maximum(values, 0))).T
    return found
