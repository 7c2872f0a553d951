"""How far what a classifier says of its own decisions is from how often they are right."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

BINS = 15


def calibration(logits: NDArray[np.float64], labels: NDArray[np.int64]) -> tuple[float, float]:
    """Give the expected calibration error of N x C logits, and about what a calibrated classifier would have.

    Decisions are put into 15 bins of equal width by the probability of the decided class; the error is the mean over
    decisions of the distance between the mean probability and the accuracy of their bin (Guo and others 2017,
    arXiv 1706.04599; 0 to 1). Few images in a bin are off by chance alone: if each decision were right with just its
    probability, the distance of a bin would be about that of a normal of the same variance, and the mean over bins is
    the second number. An error near it is no sign of a bad calibration.

    Parameters
    ----------
    logits
        N x C, of at least one image.
    labels
        N true classes.
    """
    probability = softmax(logits, axis=1).max(axis=1)
    right = logits.argmax(axis=1) == labels
    bins = np.minimum(np.ceil(probability * BINS).astype(np.int64) - 1, BINS - 1)
    gaps = np.abs(np.bincount(bins, probability - right, BINS))
    spread = np.sqrt(np.bincount(bins, probability * (1 - probability), BINS))
    return float(gaps.sum() / len(labels)), float(np.sqrt(2 / np.pi) * spread.sum() / len(labels))
