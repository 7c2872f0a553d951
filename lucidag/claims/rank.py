"""Spearman's correlation with its interval, and none where ranks say nothing."""

from typing import Any

import pandas as pd
from scipy.stats import spearmanr

from lucidag.ground.statistics.correlation import spearman_interval

FEWEST = 3


def rank_correlation(
    x: "pd.Series[Any]", y: "pd.Series[Any]", confidence: float
) -> tuple[float | None, float | None, float | None]:
    """Return Spearman's rho of n pairs and its interval; None three times of fewer than three, or of equal values."""
    if len(x) < FEWEST or x.nunique() < 2 or y.nunique() < 2:
        return None, None, None
    rho = float(spearmanr(x, y).statistic)
    return rho, *spearman_interval(rho, len(x), confidence)
