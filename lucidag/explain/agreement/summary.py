"""Agreement and localisation over all images: means with intervals, and differences to controls and baselines."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from lucidag.explain.agreement.baselines import CENTRE, RANDOM
from lucidag.explain.agreement.predictions import ALL, RIGHT, WRONG
from lucidag.ground.statistics.corrections import holm
from lucidag.ground.statistics.intervals import estimate
from lucidag.ground.statistics.permutation import sign_flip

PAIR_KEYS = ("method_a", "method_b", "measure", "threshold")
GRADE_KEYS = ("method", "metric", "threshold")
MEAN = ("mean", "low", "high", "n", "undefined", "reason")
BASELINES = (CENTRE, RANDOM)
SHARE, CORRELATION = (0.0, 1.0), (-1.0, 1.0)  # the least and the greatest value of a measure


def agreement_summary(
    agreement: pd.DataFrame,
    correlations: pd.DataFrame,
    confidence: float,
    resamples: int,
    seed: int,
    hand_picked: bool = False,
) -> pd.DataFrame:
    """Average the agreement of every two methods over the images.

    Parameters
    ----------
    agreement, correlations
        See `lucidag.explain.agreement.agreement`.
    confidence, resamples, seed, hand_picked
        Of the bootstrap over images, see `lucidag.ground.statistics.intervals.estimate`.

    Returns
    -------
    DataFrame
        method_a, method_b, measure (``iou`` or ``spearman``), threshold (empty for ``spearman``), mean, low, high,
        n, undefined (images with and without a value), reason (why there is no interval); control, control_low,
        control_high: the same where one map belongs to another image; over_control, over_control_low,
        over_control_high: the paired difference over the images where both are defined. The interval of the difference
        takes the controls as given, although images share maps in them. Where there is no interval its ends are NaN.
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
        ends = SHARE if key[2] == "iou" else CORRELATION
        own, others = (estimate(each, confidence, resamples, seed, ends, hand_picked) for each in (value, control))
        gain = estimate(value - control, confidence, resamples, seed, hand_picked=hand_picked)
        names = dict(zip(PAIR_KEYS, key, strict=True))
        rows.append({**names, **asdict(own), **others.columns("control"), **gain.columns("over_control")})
    columns = [*PAIR_KEYS, *MEAN, *_named("control"), *_named("over_control")]
    return pd.DataFrame(rows, columns=columns)


def localisation_summary(
    table: pd.DataFrame, confidence: float, resamples: int, seed: int, hand_picked: bool = False
) -> pd.DataFrame:
    """Average the grades of each method over the images, compared with the baselines on the same images.

    Images whose explained class is their own are averaged apart from the others, whose masks show what their maps are
    not about, and all of them together.

    A method beats both baselines where its mean is above both, and the sign-flip tests of its paired differences to
    the one and to the other both reject: the greater of their p values, corrected after Holm for the number of methods
    (Holm 1979, Scandinavian Journal of Statistics 6), is at most 1 - `confidence`.

    Parameters
    ----------
    table
        See `lucidag.explain.agreement.localisation.localisation_table`.
    confidence, resamples, seed, hand_picked
        See `agreement_summary`; the seed is also that of the tests. Hand-picked images are not tested.

    Returns
    -------
    DataFrame
        prediction (``right``, ``wrong``, ``all``), method, metric, threshold, mean, low, high, n, undefined (images
        with and without a value), reason (why there is no interval), over_centre, over_centre_low, over_centre_high,
        over_random, …: paired differences to the baselines; p_holm and beats_both: whether the method beats both, as
        above, NaN and False for the baselines themselves. Where there is no interval its ends are NaN. Every row is
        there for every prediction, also of no image.
    """
    parts = table.set_index("image").groupby(list(GRADE_KEYS), sort=False)
    graded = {key: part[["prediction", "value"]] for key, part in parts}
    tables = []
    for prediction in (RIGHT, WRONG, ALL):
        values = {
            key: part["value"][(part["prediction"] == prediction) | (prediction == ALL)].astype(np.float64)
            for key, part in graded.items()
        }
        found: list[dict[str, Any]] = []
        for key, value in values.items():
            method, *rest = key
            own = estimate(value, confidence, resamples, seed, SHARE, hand_picked)
            gains = [value - values[(baseline, *rest)].reindex(value.index) for baseline in BASELINES]
            row = {"prediction": prediction, **dict(zip(GRADE_KEYS, key, strict=True)), **asdict(own)}
            for baseline, gain in zip(BASELINES, gains, strict=True):
                mean = estimate(gain, confidence, resamples, seed, hand_picked=hand_picked)
                row.update(mean.columns(f"over_{baseline}"))
            found.append({**row, "p": np.nan if hand_picked or method in BASELINES else _both(gains, seed)})
        tables.append(_corrected(found, 1 - confidence))
    columns = ["prediction", *GRADE_KEYS, *MEAN, *_named("over_centre"), *_named("over_random"), "p_holm", "beats_both"]
    return pd.concat(tables, ignore_index=True).reindex(columns=columns)


def _both(gains: Sequence[pd.Series], seed: int) -> float:
    """Give the p value of being above both: the greater of two, and 1 where a mean is not above."""
    defined = [gain.dropna().to_numpy(dtype=np.float64) for gain in gains]
    if min(map(len, defined)) < 2:
        return float("nan")
    return max(sign_flip(gain, seed) if gain.mean() > 0 else 1.0 for gain in defined)


def _corrected(rows: Sequence[dict[str, Any]], level: float) -> pd.DataFrame:
    """Correct p for the number of methods, apart for each metric and threshold."""
    table = pd.DataFrame(rows)
    if table.empty:
        return table
    p_holm = table.groupby(["metric", "threshold"], sort=False)["p"].transform(holm)
    return table.assign(p_holm=p_holm, beats_both=p_holm <= level + 1e-12)


def _named(prefix: str) -> list[str]:
    return [prefix, f"{prefix}_low", f"{prefix}_high"]
