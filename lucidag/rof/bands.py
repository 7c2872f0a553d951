"""Bootstrap over the images of a split.

A bootstrap sample is a count for each image, and every metric of a sweep is a weighted sum over images:
so one walk serves all samples, by one matrix product a block of images. scipy.stats.bootstrap
calls its statistic on each resampled data set, which would need either the whole sweep again for each
sample or the hits and losses of all N images at all k in memory.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lucidag.ground.errors import InputError
from lucidag.ground.statistics.draws import percentiles
from lucidag.rof.rank import ORDER_COLUMNS, order_columns
from lucidag.rof.result import Draws

BANDS_COLUMNS = (*ORDER_COLUMNS, "k", "metric", "low", "high")


def weights(images: int, draws: int, seed: int, clusters: NDArray[np.int64] | None = None) -> NDArray[np.uint8]:
    """Draw how often each image is in each bootstrap sample.

    Parameters
    ----------
    images
        N.
    draws
        B.
    seed
        Of NumPy's PCG64 generator.
    clusters
        N numbers of patients or lesions, from 0: these are drawn, each with all its images. None: images are drawn.

    Returns
    -------
    array
        B x N counts; without clusters each row sums to N. One byte is enough: a count above 255 is a matter of
        10^-500.
    """
    if draws < 1:
        raise InputError(f"a bootstrap needs at least 1 draw, found {draws}")
    generator = np.random.Generator(np.random.PCG64(seed))
    number = images if clusters is None else int(clusters.max()) + 1
    counts = np.empty((draws, number), dtype=np.uint8)
    for row in counts:
        row[:] = np.bincount(generator.integers(number, size=number), minlength=number)
    return counts if clusters is None else np.ascontiguousarray(counts[:, clusters])


def bands(
    draws: Draws, confidence: float, group_names: tuple[str, ...] = ()
) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Return the band (low, high: K+1 each) of every metric.

    Parameters
    ----------
    draws
        The draws of a sweep.
    confidence
        Size of the band, such as 0.95; pointwise in k.
    group_names
        Adds ``accuracy_group:{name}`` for each of several groups; one group is everyone.
    """
    found = {name: percentiles(getattr(draws, name), confidence) for name in ("accuracy", "loss", "worst_accuracy")}
    if len(group_names) > 1:
        for index, name in enumerate(group_names):
            found[f"accuracy_group:{name}"] = percentiles(draws.group_accuracy[:, index], confidence)
    return found


def bands_table(
    draws: Draws,
    split: str,
    method: str,
    seed: int | None,
    group_names: Sequence[str],
    confidence: float,
    numbers: NDArray[np.int64] | None = None,
) -> pd.DataFrame:
    """Tabulate the bootstrap bands of one sweep: split, method, seed, k (`numbers`, or all), metric, low, high.

    The metrics are accuracy, loss, worst_accuracy and, where there are several groups,
    ``accuracy_group:{name}``.
    """
    steps = draws.accuracy.shape[1]
    order = order_columns(split, method, seed, steps)
    parts = [
        pd.DataFrame(
            order | {"k": np.arange(steps) if numbers is None else numbers, "metric": metric, "low": low, "high": high}
        )
        for metric, (low, high) in bands(draws, confidence, tuple(group_names)).items()
    ]
    return pd.concat(parts, ignore_index=True)
