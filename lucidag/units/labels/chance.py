"""How strong a label is beside chance, and the level that few labels of an untrained network reach.

The scores of CLIP-Dissect have no threshold in the paper, and those of soft WPMI none in themselves: for each concept
they compare the units of a layer with each other, so that the one in front reaches up to log U whether its images
show the concept or not. So the strength of a label compares it with randomly drawn images, and orders labels. Whether
one counts is for its verdict to say (`lucidag.units.labels.verdict`), which takes the level of an untrained network
from here: its units answer to colour and texture too, so that randomly drawn images alone let a third of them through.
Our own operationalisation.
"""

import math

import numpy as np
from numpy.typing import NDArray

from lucidag.units.labels.similarity import WHOLE, Floats, Scores, describe

RANDOM_UNITS = 400
ROUNDING = 1e-5  # of `soft_wpmi` and `wpmi`
LEAST = 1e-6


def untrained_chance(values: NDArray[np.float64], level: float) -> float:
    """Tell from where on a label counts, by the labels of an untrained network: few of its own would.

    With its N values in order the chance is just more than the ⌈(N + 1) · level⌉-th, the greatest at most: of units
    like these, which were not looked at, no more than 1 − `level` are above it (split conformal prediction, Vovk et al.
    2005), as far as N reaches: of 8 units, one in 9. The units have to be of one layer. All of them share the weights
    before them, and so are more alike than units of two networks, which conformal prediction leaves out: the table of
    validity has how many pass in truth.

    Parameters
    ----------
    values
        N strengths, NaN for a unit without a label.
    level
        The share of labels of untrained networks that are not to count.
    """
    if not len(values):
        return -math.inf
    ordered = np.sort(np.where(np.isnan(values), -np.inf, values))
    return LEAST + float(ordered[min(len(ordered), math.ceil((len(ordered) + 1) * level)) - 1])


def strengths(
    name: str,
    images: Floats,
    texts: Floats,
    top: NDArray[np.int64],
    activations: Floats | None,
    alone: Scores,
    labels: NDArray[np.int64],
    level: float,
    seed: int,
    threads: int = 1,
) -> tuple[NDArray[np.float64], float]:
    """Compare the labels of a layer with those of units whose images mean nothing.

    Parameters
    ----------
    name, images, texts, top, activations, threads
        See `lucidag.units.labels.similarity.describe`.
    alone
        U x M: what `lucidag.units.labels.similarity.describe_layer` gives for them, each unit by itself.
    labels
        U: the concept of each unit, -1 where it has none.
    level
        See below.
    seed
        Of the random images.

    Returns
    -------
    values, chance
        float64 U: with g(u, d) how well concept d describes the top images of u (the logarithm of its probability
        given them; for the similarities of whole rankings their score), (g(u, d) − mean) / deviation, both over units
        with random images in the place of their own; NaN without a label. And what random images reach: just more than
        the strength of the greatest of all concepts for such a unit in the share `level` of cases.
    """
    units = np.flatnonzero(labels >= 0)
    generator = np.random.default_rng(seed)
    if name in WHOLE and activations is not None:
        # Units that never change would stand among the random ones as if their images made no difference.
        able = np.flatnonzero(~np.isnan(alone).any(axis=1))
        able = able if len(able) else np.arange(activations.shape[1])
        columns = able[generator.integers(0, len(able), RANDOM_UNITS)]
        shuffled = generator.permuted(np.asarray(activations[:, columns]), axis=0)
        random = describe(name, images, texts, top, shuffled, threads)
    else:
        drawn = [generator.permutation(len(images))[: top.shape[1]] for _ in range(RANDOM_UNITS)]
        random = describe(name, images, texts, np.array(drawn), None, threads)
    mean, deviation = random.mean(axis=0), random.std(axis=0)
    # Where images make no difference but by rounding, no label is above chance, whose strength is 0.
    deviation[deviation <= (1e-12 * np.abs(mean) if name in WHOLE else ROUNDING)] = np.inf
    # More than what random units reach, and by more than rounding: with few images many reach the same.
    chance = LEAST + float(np.quantile(((random - mean) / deviation).max(axis=1), level))
    values = np.full(len(labels), np.nan)
    at = labels[units]
    values[units] = (alone[units, at] - mean[at]) / deviation[at]
    return values, chance
