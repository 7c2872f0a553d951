"""A second concept of a unit: what it answers to where its first one is not shown. Arrays in, arrays out.

A label names one concept. Whether a unit answers to another one too, its top images do not tell: of a unit that adds up
two concepts they show both. So the second concept is looked for among images of the choosing half that do not show the
first (see `lucidag.units.halves.chosen_half`): it is the one that the unit's top images among these show most beyond
chance. Two concepts that always go together are one. The verdict on it is that on any label
(`lucidag.units.labels.verdict`), on images of the other half that do not show the first concept. Our own
operationalisation; `lucidag.planted` measures what it is worth.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.stats import hypergeom

from lucidag.units.labels.held_out import Bools, Floats

Whole = NDArray[np.int64]
UNITS = 256  # units held in memory at once
FEWEST = 5  # images, at least, of the top ones that show the second concept


def second_concepts(
    activations: NDArray[np.floating], shown: Bools, first: Whole, allowed: Bools, share: float
) -> tuple[Whole, Floats]:
    """Find for each unit the concept that is most over-represented in its top images without its first one.

    By the p value of the hypergeometric distribution (Fisher's exact test): so many of the top images show it, of all
    that do not show the first. Some concept is always the best one; what it is worth its verdict tells.

    Parameters
    ----------
    activations
        N x U: the images of the choosing half.
    shown
        bool N x C: which of them show the concepts.
    first
        U: the column of the first concept, -1 of a unit that has none.
    allowed
        bool C: which concepts may be a second one.
    share
        Of the images without the first concept, how many are the top ones; `FEWEST` at least.

    Returns
    -------
    second, score
        int64 U, -1 where no other concept is shown more often than by chance; and the share of these top images that
        show it, NaN without one.
    """
    second, score = np.full(len(first), -1, dtype=np.int64), np.full(len(first), np.nan)
    for concept, units in groups(first):
        rest = ~shown[:, concept]
        total, own = int(rest.sum()), shown[rest]
        count = max(FEWEST, round(share * total))
        if total < 2 * FEWEST or count >= total:
            continue
        top = np.argsort(-activations[rest][:, units], axis=0, kind="stable")[:count]
        hits, of = own[top].sum(axis=0), own.sum(axis=0)
        p = hypergeom.logsf(hits - 1, total, of, count)
        able = (hits >= FEWEST) & (hits * total > of * count) & allowed
        p = np.where(able, p, np.inf)
        best = p.argmin(axis=1)
        known = np.isfinite(p[np.arange(len(units)), best])
        second[units[known]] = best[known]
        score[units[known]] = hits[known, best[known]] / count
    return second, score


def groups(first: Whole) -> Iterator[tuple[int, Whole]]:
    """Give the units of each first concept, in parts that fit into memory; those without one are left out."""
    for concept in np.unique(first[first >= 0]).tolist():
        units = np.flatnonzero(first == concept)
        yield from ((concept, units[start : start + UNITS]) for start in range(0, len(units), UNITS))
