"""How well each concept describes each unit: CLIP-Dissect's five similarities. No torch.

Wherever a function here speaks of similarities it means P = images · textsᵀ, N images x M concepts, given by its
two factors. P itself is never built: for words the factors are CLIP's normalised embeddings; for label maps they are
those of `lucidag.units.labels.annotations`.
"""

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import get_args

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from lucidag.ground.errors import InputError
from lucidag.ground.spelling import check_known
from lucidag.units.settings import Similarity

Floats = NDArray[np.float32]
Scores = NDArray[np.float64]
Pairs = tuple[int, NDArray[np.int64], NDArray[np.int64]]  # a unit; its top images in a block: places, and ranks

SIMILARITIES: tuple[str, ...] = get_args(Similarity)
WHOLE = ("rank", "cosine", "cosine_cubed")  # those that read all pooled activations, not only the top images
WEIGHTS = {"soft_wpmi": 1.0, "wpmi": 0.6}  # λ of the paper, as in the authors' program
BLOCK_BYTES = 2**26
TINY = 1e-7
LEAST_MEAN = 1e-3
ROUNDING = 1e-6  # of a similarity or an activation, as a share of the greatest


def soft_wpmi(
    top: NDArray[np.int64],
    images: Floats,
    texts: Floats,
    scale: float = 10.0,
    first: float = 0.998,
    last: float = 0.97,
    weight: float = WEIGHTS["soft_wpmi"],
    threads: int = 1,
    block_bytes: int = BLOCK_BYTES,
) -> Scores:
    """Score concepts by soft weighted pointwise mutual information.

    With S = softmax(scale · P) over the concepts, the j-th of the T top images of unit u counts with
    p_j = first − j/T (first − last), j from 0, and

        log p(d|u) = Σ_j log(1 + p_j (S_jd − 1) + 1e-7)
        score(u, d) = log p(d|u) − weight · (logsumexp over the units of log p(d|·) − log U)

    so that a score depends on all units of the call (one layer) and on all concepts. With fewer than 100 images T is
    their number, and p_j still runs from `first` towards `last`.

    Only images that are among the top of some unit are compared with the concepts, `block_bytes` of similarities at
    a time. Time grows with (different top images) · M · D and with U · T · M; memory with U · M, the result.

    Parameters
    ----------
    top
        U x T rows of `images`, best first.
    images
        N x D; may be a memory map.
    texts
        M x D.
    scale, first, last, weight
        a, p_0, p_T and λ of the paper.
    threads, block_bytes
        How to compute; they change scores by rounding only (less than 1e-5).

    Returns
    -------
    U x M.

    References
    ----------
    Oikarinen & Weng, CLIP-Dissect, ICLR 2023, section 3 and appendix; constants as in the authors' program.
    The same sums, but 1 − p_j + p_j S_jd is never formed from a rounded S_jd − 1, and the sums are in float64.
    """
    count = top.shape[1]
    share = first - np.arange(count) / count * (first - last)
    given = _log_given(top, share, 1 - share + TINY, images, texts, scale, threads, block_bytes)
    return _mutual(given, weight)


def wpmi(
    top: NDArray[np.int64],
    images: Floats,
    texts: Floats,
    scale: float = 2.0,
    count: int = 28,
    weight: float = WEIGHTS["wpmi"],
    threads: int = 1,
    block_bytes: int = BLOCK_BYTES,
) -> Scores:
    """Score concepts by weighted pointwise mutual information.

    As `soft_wpmi`, but the first `count` top images all count fully: log p(d|u) = Σ_j log(S_jd + 1e-7). The
    defaults are those of the authors' program.
    """
    used = top[:, :count]
    ones = np.ones(used.shape[1])
    given = _log_given(used, ones, TINY * ones, images, texts, scale, threads, block_bytes)
    return _mutual(given, weight)


def cosine(activations: Floats, images: Floats, texts: Floats, block: int = 4096) -> Scores:
    """Score concepts by the cosine between a unit's activations and the concept's similarities, over all images.

    With A the activations, AᵀP = (Aᵀ images) textsᵀ and ‖P_d‖² = t_dᵀ (imagesᵀ images) t_d: two small matrices,
    summed in float64 in one pass over the images, hold all that is needed. A unit or a concept that is 0 everywhere
    scores 0.

    Parameters
    ----------
    activations
        N x U pooled activations; may be a memory map.
    images, texts
        N x D and M x D.
    block
        Images read at a time.

    Returns
    -------
    U x M.
    """
    units, width = activations.shape[1], images.shape[1]
    crossed, gram, squares = np.zeros((units, width)), np.zeros((width, width)), np.zeros(units)
    for start in range(0, len(images), block):
        a = np.asarray(activations[start : start + block], dtype=np.float64)
        e = np.asarray(images[start : start + block], dtype=np.float64)
        crossed += a.T @ e
        gram += e.T @ e
        squares += np.einsum("nu,nu->u", a, a)
    wide = texts.astype(np.float64)
    lengths = np.sqrt(np.maximum(np.einsum("md,md->m", wide @ gram, wide), 0))
    scores: Scores = crossed @ wide.T
    scores /= np.maximum(np.sqrt(squares), np.finfo(np.float64).tiny)[:, None]
    scores /= np.maximum(lengths, np.finfo(np.float64).tiny)
    return scores


def cosine_cubed(activations: Floats, images: Floats, texts: Floats, block_bytes: int = BLOCK_BYTES) -> Scores:
    """Score concepts by the cosine between the cubes of a unit's activations and of the concept's similarities.

    Both are taken less their mean over all images and then cubed, so that the images in which they stand out decide::

        score(u, d) = Σ_i a_i³ p_i³ / (‖a³‖ ‖p³‖),  a = A_u − mean(A_u),  p = P_d − mean(P_d)

    Differences from the authors' program: it divides by 0.001 where a norm is less than that, which shrinks the scores
    of concepts whose similarities differ little, as CLIP's do in small probe sets. Here a unit or a concept that is
    the same in all images, but for rounding, scores 0. Time grows with N · M · (D + U).

    Parameters
    ----------
    activations
        N x U pooled activations; may be a memory map.
    images, texts
        N x D and M x D.
    block_bytes
        How to compute.

    Returns
    -------
    U x M, -1 to 1.

    References
    ----------
    Oikarinen & Weng, CLIP-Dissect, ICLR 2023, appendix; ``cos_similarity_cubed`` in the authors' program.
    """
    units, concepts = activations.shape[1], len(texts)
    usual, middle = activations.mean(axis=0, dtype=np.float64), images.mean(axis=0, dtype=np.float64)
    wide = texts.astype(np.float64).T
    crossed, norms, peaks = np.zeros((units, concepts)), np.zeros(units + concepts), np.zeros(units + concepts)
    step = max(1, block_bytes // (8 * (units + concepts)))
    for start in range(0, len(images), step):
        a = np.asarray(activations[start : start + step], dtype=np.float64) - usual
        p = (np.asarray(images[start : start + step], dtype=np.float64) - middle) @ wide
        peaks = np.maximum(peaks, np.concatenate([np.abs(a).max(axis=0), np.abs(p).max(axis=0)]))
        a, p = a**3, p**3
        crossed += a.T @ p
        norms += np.concatenate([np.square(a).sum(axis=0), np.square(p).sum(axis=0)])
    level = np.concatenate([np.abs(usual), np.abs(middle) @ np.abs(wide)])
    norms = np.where(peaks > ROUNDING * level, np.sqrt(norms), np.inf)
    scores: Scores = crossed / norms[:units, None] / norms[units:]
    return scores


def rank(
    activations: Floats,
    images: Floats,
    texts: Floats,
    share: float = 0.05,
    power: int = 3,
    length: float = 0.5,
    block_bytes: int = BLOCK_BYTES,
) -> Scores:
    """Score concepts by how little a unit's highest activations move when they are put in the concept's order.

    Of the `share` of images with the highest activations q (at least one), q' is q in the order of the
    similarities P_d, and::

        score(u, d) = − mean |q − q'|^power / (the mean for a random order) / (mean of P_d over them)^length

    Differences from the authors' program: the mean for a random order is exact and not from five draws, and a mean
    similarity below 0.001 counts as 0.001. Theirs takes the root of the mean as it is, so that a concept whose mean
    similarity to the images is negative scores NaN there, and has a low score here. Images that are equally similar
    keep a random order, always the same one, so that a concept that does not tell them apart scores as by chance.
    Where all q are equal every order counts as a random one. Time grows with U · N · share · M: minutes for thousands
    of concepts.

    Parameters
    ----------
    activations
        N x U pooled activations; may be a memory map.
    images, texts
        N x D and M x D.
    share, power, length
        See above.
    block_bytes
        How to compute.

    Returns
    -------
    U x M, 0 or less.
    """
    count = max(1, int(len(images) * share))
    step = max(1, block_bytes // (8 * count))
    scores = np.empty((activations.shape[1], len(texts)))
    shuffled = np.random.default_rng(0).permutation(count)
    for unit in range(len(scores)):
        values = np.asarray(activations[:, unit], dtype=np.float64)
        rows = np.argsort(-values, kind="stable")[:count][shuffled]
        high = values[rows]
        ascending = np.sort(high)
        usual = _mean_difference(ascending, power)
        shown = np.asarray(images[rows], dtype=np.float32)
        for start in range(0, len(texts), step):
            similar = shown @ texts[start : start + step].T
            order = np.argsort(similar, axis=0, kind="stable")
            moved = (np.abs(high[order] - ascending[:, None]) ** power).mean(axis=0)
            mean = np.maximum(similar.mean(axis=0, dtype=np.float64), LEAST_MEAN)
            scores[unit, start : start + step] = -(moved / usual if usual > 0 else 1.0) / mean**length
    return scores


def describe(
    name: str,
    images: Floats,
    texts: Floats,
    top: NDArray[np.int64],
    activations: Floats | None,
    threads: int = 1,
) -> Scores:
    """Tell how well each concept describes each unit of a layer by itself, without the units being compared.

    Parameters
    ----------
    name
        One of `SIMILARITIES`.
    images, texts
        N x D and M x D.
    top
        U x T rows of `images`, best first; not read for the names in `WHOLE`.
    activations
        N x U; only read for the names in `WHOLE`.
    threads
        How to compute.

    Returns
    -------
    U x M: log p(d|u) for `soft_wpmi` and `wpmi`, the scores themselves for the names in `WHOLE`.

    Raises
    ------
    InputError
        If the name is unknown, or `activations` are needed and missing.
    """
    check_known("similarity", name, SIMILARITIES)
    if name not in WHOLE:
        return (soft_wpmi if name == "soft_wpmi" else wpmi)(top, images, texts, weight=0, threads=threads)
    if activations is None:
        raise InputError(f"similarity '{name}' needs the pooled activations of all images, not only the top ones")
    if name == "rank":
        return rank(activations, images, texts)
    return (cosine if name == "cosine" else cosine_cubed)(activations, images, texts)


def describe_layer(
    name: str,
    images: Floats,
    texts: Floats,
    top: NDArray[np.int64],
    activations: Floats | None,
    constant: NDArray[np.bool_],
    threads: int = 1,
) -> tuple[Scores, Scores]:
    """Compare all concepts with the units of one layer that are not constant.

    Parameters
    ----------
    name, images, texts, top, activations, threads
        See `describe`, which also says what is raised.
    constant
        U; a unit that is the same in all images has no top images: it has no part in p(d) either.

    Returns
    -------
    alone, scores
        Each U x M, NaN for a constant unit: each unit by itself, see `describe`; and the units compared with each
        other, where the similarity does that.
    """
    living = np.flatnonzero(~constant)
    if activations is not None and len(living) < len(constant):
        activations = activations[:, living]
    alone = describe(name, images, texts, top[living], activations, threads)
    found: tuple[Scores, ...] = (alone,) if name in WHOLE else (alone, _mutual(alone, WEIGHTS[name]))
    if constant.any():
        before = np.searchsorted(living, np.flatnonzero(constant))
        found = tuple(np.insert(each, before, np.nan, axis=0) for each in found)
    return found[0], found[-1]


def best_concepts(scores: Scores, count: int = 1) -> tuple[NDArray[np.int64], Scores]:
    """Give each unit its best concepts, the first of equal ones first.

    A unit that is constant gets none. Nor does one for which all concepts score the same, as by `soft_wpmi` in a
    layer of one unit.

    Parameters
    ----------
    scores
        U x M, as `describe_layer` gives them.
    count
        How many concepts a unit gets (fewer if there are not so many).

    Returns
    -------
    concepts, scores
        Each U x n: indices of concepts, best first, -1 where the unit has none; and what they score, 0 there.
    """
    concepts = np.argsort(-scores, axis=1, kind="stable")[:, :count]
    values = np.take_along_axis(scores, concepts, axis=1)
    none = np.isnan(scores).any(axis=1) | ((scores.max(axis=1) == scores.min(axis=1)) & (scores.shape[1] > 1))
    concepts[none], values[none] = -1, 0
    return concepts, values


def constant_units(activations: Floats, block: int = 4096) -> NDArray[np.bool_]:
    """Tell which units are the same in all images; `activations` is N x U and may be a memory map."""
    same = np.ones(activations.shape[1], dtype=np.bool_)
    for start in range(0, len(activations), block):
        same &= (activations[start : start + block] == activations[0]).all(axis=0)
    return same


def _log_given(
    top: NDArray[np.int64],
    slope: NDArray[np.float64],
    offset: NDArray[np.float64],
    images: Floats,
    texts: Floats,
    scale: float,
    threads: int,
    block_bytes: int,
) -> Scores:
    """Give Σ_j log(offset_j + slope_j S_jd) over the top images of each unit, U x M.

    The logarithms of the offsets are set apart: most S are nearly 0, and 1 + slope/offset S is exact there even in
    float32, in which a sum of some hundreds is not.
    """
    given = np.full((len(top), len(texts)), np.log(offset).sum())
    slope = slope / offset
    # So many factors may be multiplied in float32 before their logarithm is taken.
    together = max(1, int(36 / math.log10(max(10.0, 1 + float(slope.max())))))
    with ThreadPoolExecutor(threads) as pool:
        for part, pairs in _blocks(top, max(1, block_bytes // (4 * len(texts)))):
            similar = np.asarray(images[part], dtype=np.float32) @ texts.T
            totals = np.concatenate(list(pool.map(partial(_exponentials, similar, scale), _pieces(len(part)))))
            work = partial(_add_unit, given, similar, totals, slope, together)
            for _ in pool.map(work, pairs):
                pass
    return given


def _pieces(count: int, size: int = 8) -> list[slice]:
    return [slice(start, start + size) for start in range(0, count, size)]


def _exponentials(similar: Floats, scale: float, part: slice) -> Floats:
    """Turn rows of similarities into e^(scale · P − their greatest), in place; give the sums of the rows."""
    rows = similar[part]
    rows *= np.float32(scale)
    rows -= rows.max(axis=1, keepdims=True)
    np.exp(rows, out=rows)
    sums: Floats = rows.sum(axis=1)
    return sums


def _blocks(top: NDArray[np.int64], size: int) -> Iterator[tuple[NDArray[np.int64], list[Pairs]]]:
    """Cut the different top images into blocks, each with the units that want its images."""
    rows, place = np.unique(top, return_inverse=True)
    place = place.reshape(-1)
    order = np.argsort(place, kind="stable")
    units, ranks = np.divmod(order, top.shape[1])
    place = place[order]
    for start in range(0, len(rows), size):
        low, high = np.searchsorted(place, (start, start + size))
        by_unit = low + np.argsort(units[low:high], kind="stable")
        found, first = np.unique(units[by_unit], return_index=True)
        groups = np.split(by_unit, first[1:])
        yield (
            rows[start : start + size],
            [(int(u), place[group] - start, ranks[group]) for u, group in zip(found, groups, strict=True)],
        )


def _add_unit(
    given: Scores,
    exponentials: Floats,
    totals: Floats,
    slope: NDArray[np.float64],
    together: int,
    pairs: Pairs,
) -> None:
    """Add log(1 + slope S) of one unit's images in a block to its row of `given`."""
    unit, places, ranks = pairs
    weights = (slope[ranks] / totals[places]).astype(np.float32)
    for start in range(0, len(weights), together):
        product: Floats | None = None
        for j in range(start, min(start + together, len(weights))):
            factor = exponentials[places[j]] * weights[j]
            factor += np.float32(1)
            product = factor if product is None else np.multiply(product, factor, out=product)
        assert product is not None
        given[unit] += np.log(product, dtype=np.float64)


def _mutual(given: Scores, weight: float) -> Scores:
    """Give log p(d|u) − weight · log p(d)."""
    if not weight or not len(given):  # none of p(d), or no unit to take it from
        return given
    overall = np.empty(given.shape[1])
    for start in range(0, len(overall), 1024):
        overall[start : start + 1024] = logsumexp(given[:, start : start + 1024], axis=0)
    return given - weight * (overall - math.log(len(given)))


def _mean_difference(ascending: NDArray[np.float64], power: int) -> float:
    """Give the mean of |x_i − x_j|^power over all pairs (i, j), also i = j: that of a random order."""
    spread = float(ascending[-1] - ascending[0])
    if spread == 0:
        return 0.0
    # Powers of numbers in -1/2..1/2, so that the differences of the sums below keep their digits.
    x = (ascending - ascending[0]) / spread - 0.5
    total = 0.0
    for k in range(power + 1):
        before = np.concatenate([[0.0], np.cumsum(x ** (power - k))[:-1]])
        total += math.comb(power, k) * (-1) ** (power - k) * float(np.dot(x**k, before))
    return 2 * total / len(x) ** 2 * spread**power
