"""The metrics of explanations: their names, which way is better, and what a value of one is. No torch."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lucidag.explain.agreement.baselines import CENTRE, RANDOM
from lucidag.explain.faithfulness.settings import (
    DELETION,
    INFIDELITY,
    INSERTION,
    RANDOMISATION,
    ROAD,
    SENSITIVITY,
)
from lucidag.ground.errors import InputError
from lucidag.ground.spelling import check_known
from lucidag.ground.tables import read_table

HIGHER, LOWER = "higher", "lower"

# The one sign convention: what stands in the column `better` of each table.
BETTER = {
    SENSITIVITY: LOWER,
    INFIDELITY: LOWER,
    DELETION: LOWER,
    INSERTION: HIGHER,
    ROAD: HIGHER,
    RANDOMISATION: LOWER,
}
METRICS = tuple(BETTER)
OPPOSITE = "the best scale is below 0: the map foretells the opposite of what happens"
CONTROLS = (CENTRE, RANDOM)

COLUMNS = ("image", "method", "metric", "value", "settings", "better", "note")
CURVE_COLUMNS = ("image", "method", "curve", "share", "step", "value")
# The curves that have no metric of their own name.
ROAD_MOST, ROAD_LEAST = "road_most_relevant_first", "road_least_relevant_first"
# What randomisation leaves anyway: the maps of one image by two networks without any training, and those of different
# images by the network as it is.
FLOOR, OTHER_IMAGES = "randomisation_floor", "randomisation_other_images"
FLOORS = {"untrained": FLOOR, "other_images": OTHER_IMAGES}


@dataclass(frozen=True)
class Measured:
    """What one metric says of one explanation.

    Attributes
    ----------
    value
        None where it is undefined.
    note
        Why it is, or what a reader should know; empty otherwise.
    """

    value: float | None
    note: str = ""


@dataclass(frozen=True)
class Row:
    """One line of the table; `settings` is JSON."""

    image: str
    method: str
    metric: str
    value: float | None
    settings: str
    better: str
    note: str


@dataclass(frozen=True)
class Point:
    """One point of a curve: a value at a share of the pixels or of the layers; `step` names the layer, if any."""

    image: str
    method: str
    curve: str
    share: float
    step: str
    value: float | None


def sign(metric: str) -> int:
    """Return +1 where a higher value of the metric is better, else -1.

    Raises
    ------
    InputError
        For an unknown metric.
    """
    check_known("metric", metric, METRICS)
    return 1 if BETTER[metric] == HIGHER else -1


def shows_nothing(values: NDArray[np.floating]) -> str:
    """Say why a map (S x S) explains nothing; empty where it does."""
    if values.min() < values.max():
        return ""
    return "the map is zero everywhere" if values.flat[0] == 0 else "the map has the same value everywhere"


def read_values(path: str | Path) -> pd.DataFrame:
    """Read the table of all values, the columns `COLUMNS`; undefined values are NaN.

    Raises
    ------
    InputError
        If the file lacks a column, holds an unknown metric, or says of one that another way is better.
    """
    table = read_table(path, COLUMNS)
    for metric, better in table[["metric", "better"]].drop_duplicates().itertuples(index=False):
        if BETTER.get(metric) != better:
            raise InputError(f"{path}: metric '{metric}' is said to be better when {better}; allowed: {BETTER}")
    return table
