"""Agreement and localisation over all images: means with intervals, and differences to controls and baselines."""

from dataclasses import asdict

import numpy as np
import pandas as pd

from lucidag.explain.agreement.baselines import CENTRE, RANDOM
from lucidag.explain.agreement.predictions import ALL, RIGHT, WRONG
from lucidag.ground.statistics.intervals import estimate

PAIR_KEYS = ("method_a", "method_b", "measure", "threshold")
GRADE_KEYS = ("method", "metric", "threshold")
MEAN = ("mean", "low", "high", "n", "undefined")


def agreement_summary(
    agreement: pd.DataFrame, correlations: pd.DataFrame, confidence: float, resamples: int, seed: int
) -> pd.DataFrame:
    """Average the agreement of every two methods over the images.

    Parameters
    ----------
    agreement, correlations
        See `lucidag.explain.agreement.agreement`.
    confidence, resamples, seed
        Of the bootstrap over images, see `lucidag.ground.statistics.intervals.estimate`.

    Returns
    -------
    DataFrame
        method_a, method_b, measure (``iou`` or ``spearman``), threshold (empty for ``spearman``), mean, low, high,
        n, undefined (images with and without a value); control, control_low, control_high: the same where one map
        belongs to another image; over_control, over_control_low, over_control_high: the paired difference over the
        images where both are defined. The interval of the difference takes the controls as given, although images
        share maps in them. Intervals of fewer than two images are NaN.
    """
    both = pd.concat(
        [
            agreement.rename(columns={"iou": "value"}).assign(measure="iou"),
            correlations.rename(columns={"spearman": "value"}).assign(measure="spearman", threshold=""),
        ],
        ignore_index=True,
    )
    rows = []
    for key, part in both.groupby(list(PAIR_KEYS), sort=False):
        value, control = (part[name].to_numpy(dtype=np.float64) for name in ("value", "control"))
        own, others, gain = (estimate(each, confidence, resamples, seed) for each in (value, control, value - control))
        names = dict(zip(PAIR_KEYS, key, strict=True))
        rows.append({**names, **asdict(own), **others.columns("control"), **gain.columns("over_control")})
    columns = [*PAIR_KEYS, *MEAN, *_named("control"), *_named("over_control")]
    return pd.DataFrame(rows, columns=columns)


def localisation_summary(table: pd.DataFrame, confidence: float, resamples: int, seed: int) -> pd.DataFrame:
    """Average the grades of each method over the images, compared with the baselines on the same images.

    Images whose explained class is their own are averaged apart from the others, whose masks show what their maps are
    not about, and all of them together.

    Parameters
    ----------
    table
        See `lucidag.explain.agreement.localisation.localisation_table`.
    confidence, resamples, seed
        See `agreement_summary`.

    Returns
    -------
    DataFrame
        prediction (``right``, ``wrong``, ``all``), method, metric, threshold, mean, low, high, n, undefined (images
        with and without a value), over_centre, over_centre_low, over_centre_high, over_random, …: paired differences to
        the baselines. Intervals of fewer than two images are NaN. Every row is there for every prediction, also of no
        image.
    """
    parts = table.set_index("image").groupby(list(GRADE_KEYS), sort=False)
    graded = {key: part[["prediction", "value"]] for key, part in parts}
    rows = []
    for prediction in (RIGHT, WRONG, ALL):
        values = {
            key: part["value"][(part["prediction"] == prediction) | (prediction == ALL)].astype(np.float64)
            for key, part in graded.items()
        }
        for key, value in values.items():
            _, *rest = key
            own = estimate(value, confidence, resamples, seed)
            row = {"prediction": prediction, **dict(zip(GRADE_KEYS, key, strict=True)), **asdict(own)}
            for baseline in (CENTRE, RANDOM):
                chance = values[(baseline, *rest)].reindex(value.index)
                row |= estimate(value - chance, confidence, resamples, seed).columns(f"over_{baseline}")
            rows.append(row)
    columns = ["prediction", *GRADE_KEYS, *MEAN, *_named("over_centre"), *_named("over_random")]
    return pd.DataFrame(rows, columns=columns)


def _named(prefix: str) -> list[str]:
    return [prefix, f"{prefix}_low", f"{prefix}_high"]
