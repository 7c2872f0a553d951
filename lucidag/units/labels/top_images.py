"""What the top images of units have in common, in the space of a CLIP or any other embedding. Arrays in, arrays out.

Each unit becomes the mean embedding of its top images, and with it clarity, redundancy and a search by words, as in
SemanticLens (Dreyer, Berend, Labarta, Vielhaben, Wiegand, Lapuschkin and Samek 2025, *Mechanistic understanding and
validation of large AI models with SemanticLens*, Nature Machine Intelligence). The number of clusters beside that of
random images is our own operationalisation.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import pdist, squareform

from lucidag.ground.errors import InputError

Embeddings = NDArray[np.floating]  # N x D, one row an image
Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
MOST = 4  # clusters that are looked for
LEAST = 0.2  # of the top images of a unit: the smallest cluster that counts
RANDOM = 200  # sets of random images


def unit_embeddings(images: Embeddings, top: Whole) -> Floats:
    """Give the mean embedding of the top images of each unit, each image and the mean at length 1.

    Parameters
    ----------
    images
        N x D.
    top
        U x T rows of `images`.

    Returns
    -------
    float64 U x D.
    """
    return _unit_length(np.stack([_unit_length(images[rows]).mean(axis=0) for rows in top]))


def clarity(images: Embeddings, top: Whole) -> Floats:
    """Give the mean cosine similarity of all pairs of different top images of each unit: float64 U, at most 1.

    Parameters
    ----------
    images, top
        See `unit_embeddings`; two images a unit at least.
    """
    count = top.shape[1]
    squares = np.array([np.square(_unit_length(images[rows]).sum(axis=0)).sum() for rows in top])
    return (squares - count) / (count * (count - 1))


def random_top(images: int, count: int, seed: int, sets: int = RANDOM) -> Whole:
    """Draw sets of random images in the place of top images: `sets` x `count`, without repetition in a set."""
    generator = np.random.default_rng(seed)
    return np.stack([generator.permutation(images)[:count] for _ in range(sets)])


@dataclass(frozen=True)
class Clusters:
    """How many clusters the top images of U units form.

    Attributes
    ----------
    count
        int64 U: 1 where no division is clearer than those of random images.
    separation
        float64 U: the greatest mean silhouette of a division into 2 to `MOST` clusters; NaN where there is none.
    random
        float64: what the separation of random images reaches in the share `level` of sets.
    parts
        int64 U x T: the cluster of each top image, from 0; all 0 where the count is 1.
    """

    count: Whole
    separation: Floats
    random: float
    parts: Whole


def polysemy(images: Embeddings, top: Whole, seed: int, level: float = 0.95) -> Clusters:
    """Count the clusters of the top images of each unit, against random images.

    Average linkage by cosine distance, cut into 2, 3 and `MOST` clusters, of which each holds `LEAST` of the images;
    the division of the greatest mean silhouette (Rousseeuw 1987) counts where it is clearer than those of random images
    of the same number.

    Parameters
    ----------
    images, top
        See `unit_embeddings`.
    level
        The share of sets of random images that are to have one cluster.
    seed
        Of the random images.
    """
    found = [_divided(images[rows]) for rows in top]
    chance = [_divided(images[rows])[1] for rows in random_top(len(images), top.shape[1], seed)]
    limit = float(np.quantile(np.nan_to_num(chance, nan=-1.0), level))
    separation = np.array([each for _, each in found])
    several = separation > limit
    parts = np.where(several[:, None], np.stack([each for each, _ in found]), 0)
    return Clusters(parts.max(axis=1) + 1, separation, limit, parts)


def nearest_units(embeddings: Floats) -> tuple[Whole, Floats]:
    """Give the nearest other unit of each, and its cosine similarity: redundancy by what units have in common.

    Parameters
    ----------
    embeddings
        U x D, each row of length 1 (see `unit_embeddings`, or activations, centred and at length 1).

    Returns
    -------
    nearest, similarity
        int64 and float64 U; -1 and NaN in a layer of one unit.
    """
    best, similarity = most_alike(embeddings @ embeddings.T)
    return np.where(np.isnan(best), -1, best).astype(np.int64), similarity


def most_alike(alike: Floats) -> tuple[Floats, Floats]:
    """Give for each unit the other one that is most alike, NaN where there is none, and how alike: U each.

    Parameters
    ----------
    alike
        U x U; NaN of a unit that is like no other.
    """
    others = np.where(np.eye(len(alike), dtype=np.bool_) | np.isnan(alike), -np.inf, alike)
    best = others.argmax(axis=1)
    value = others[np.arange(len(alike)), best]
    known = np.isfinite(value)
    return np.where(known, best, np.nan), np.where(known, value, np.nan)


def search(embeddings: Floats, texts: Embeddings, count: int) -> tuple[Whole, Floats]:
    """Find the units whose top images are most like some texts.

    Parameters
    ----------
    embeddings
        U x D (see `unit_embeddings`).
    texts
        Q x D, of the same CLIP.
    count
        How many units a text finds, at most U.

    Returns
    -------
    units, similarity
        Q x n, the most similar first, equal ones in their order.

    Raises
    ------
    InputError
        If texts and units are not embedded in the same space.
    """
    if embeddings.shape[1] != texts.shape[1]:
        raise InputError(f"search: units have {embeddings.shape[1]} dimensions, texts {texts.shape[1]}: two CLIPs")
    similar = _unit_length(texts) @ embeddings.T
    units = np.argsort(-similar, axis=1, kind="stable")[:, :count]
    return units, np.take_along_axis(similar, units, axis=1)


def _unit_length(rows: Embeddings) -> Floats:
    values = np.asarray(rows, dtype=np.float64)
    return values / np.maximum(np.linalg.norm(values, axis=-1, keepdims=True), np.finfo(np.float64).tiny)


def _divided(rows: Embeddings) -> tuple[Whole, float]:
    """Give the clearest division of some images, and its mean silhouette; NaN where no cluster is large enough."""
    count = len(rows)
    best, clearest = np.zeros(count, dtype=np.int64), float("nan")
    if count < 4:
        return best, clearest
    flat = pdist(_unit_length(rows), "sqeuclidean") / 2  # 1 - cosine
    tree, distances = linkage(flat, "average"), squareform(flat)
    for clusters in range(2, MOST + 1):
        parts = fcluster(tree, clusters, "maxclust").astype(np.int64) - 1
        sizes = np.bincount(parts)
        if len(sizes) < 2 or sizes.min() < max(2, LEAST * count):
            continue
        value = _silhouette(distances, parts)
        if not value <= clearest:
            best, clearest = parts, value
    return best, clearest


def _silhouette(distances: Floats, parts: Whole) -> float:
    """Give the mean silhouette of T images in clusters of two or more."""
    members = np.eye(int(parts.max()) + 1)[parts]
    sums, sizes = distances @ members, members.sum(axis=0)
    places = np.arange(len(parts))
    own = sums[places, parts] / (sizes[parts] - 1)
    means = sums / sizes
    means[places, parts] = np.inf
    other = means.min(axis=1)
    greater = np.maximum(own, other)
    return float(np.divide(other - own, greater, out=np.zeros(len(parts)), where=greater > 0).mean())
