"""The effects of units as a table: what each class and group loses without each, and whether that is chance."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import false_discovery_control

from lucidag.ground.statistics.dealt import dealt_out
from lucidag.ground.statistics.many import mean_intervals
from lucidag.units.effects.exact import Without, without_units

MEASURES = ("loss", "margin", "accuracy")
COLUMNS = (
    *("unit", "of", "value", "images"),
    *(f"{measure}{end}" for measure in MEASURES for end in ("", "_low", "_high")),
    *("beyond", "p", "p_fdr"),
)


def effects(
    features: NDArray[np.floating],
    weight: NDArray[np.floating],
    bias: NDArray[np.floating],
    labels: NDArray[np.int64],
    classes: list[str],
    groups: Mapping[str, NDArray[np.str_]],
    confidence: float,
    resamples: int,
    seed: int,
) -> pd.DataFrame:
    """Take each unit away, and average what changes over the images of each class and group.

    Parameters
    ----------
    features, weight, bias, labels
        See `lucidag.units.effects.exact.without_units`.
    classes
        Their names.
    groups
        Column of the data set to its N values: the images of each value are a group.
    confidence, resamples, seed
        Of the intervals over images.

    Returns
    -------
    DataFrame
        One row per unit and class, and per unit and group: ``unit``; ``of``, ``class`` or the column; ``value``, the
        class or group; ``images``; means over these images with ``_low`` and ``_high`` of the change of the
        cross-entropy (``loss``, above 0 where they lose), of the ``margin`` of the class's logit and of ``accuracy``.
        Of classes also ``beyond``: how much more the cross-entropy *of this class* rises on its own images than on all
        others; ``p``, whether images dealt out at random would show as much; ``p_fdr``, corrected over units and
        classes (Benjamini and Hochberg 1995).
    """
    parts = [
        _rows(each, labels, classes, groups, confidence, resamples, seed)
        for each in without_units(features, weight, bias, labels)
    ]
    table = pd.concat([row for part in parts for row in part], ignore_index=True)[list(COLUMNS)]
    known = table["p"].notna()
    table.loc[known, "p_fdr"] = false_discovery_control(table.loc[known, "p"]) if known.any() else np.nan
    return table


def _rows(
    found: Without,
    labels: NDArray[np.int64],
    classes: list[str],
    groups: Mapping[str, NDArray[np.str_]],
    confidence: float,
    resamples: int,
    seed: int,
) -> list[pd.DataFrame]:
    own = np.take_along_axis(found.loss, labels[:, None, None], axis=1)[:, 0]
    changes = dict(zip(MEASURES, (own, found.margin, found.correct), strict=True))
    rows = []
    for index, name in enumerate(classes):
        part = labels == index
        if part.any():
            row = _means(changes, part, confidence, resamples, seed)
            beyond, p = dealt_out(found.loss[:, index], part)
            rows.append(row.assign(unit=found.units, of="class", value=name, beyond=beyond, p=p))
    for column, values in groups.items():
        for value in np.unique(values):
            row = _means(changes, values == value, confidence, resamples, seed)
            rows.append(row.assign(unit=found.units, of=column, value=value, beyond=np.nan, p=np.nan))
    return [row.assign(p_fdr=np.nan) for row in rows]


def _means(
    changes: Mapping[str, NDArray[np.float64]], part: NDArray[np.bool_], confidence: float, resamples: int, seed: int
) -> pd.DataFrame:
    columns: dict[str, object] = {"images": int(part.sum())}
    for measure, values in changes.items():
        low, high = mean_intervals(values[part], confidence, resamples, seed)
        columns |= {measure: values[part].mean(axis=0), f"{measure}_low": low, f"{measure}_high": high}
    return pd.DataFrame(columns)
