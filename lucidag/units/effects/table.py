"""The effects of units as a table: what each class and group loses without each, and whether that is chance."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lucidag.data.features import Features
from lucidag.ground.statistics.dealt import dealt_out
from lucidag.ground.statistics.many import mean_intervals
from lucidag.rof.rank import head_of
from lucidag.units.effects.exact import Without, without_units
from lucidag.units.effects.selectivity import selectivity

MEASURES = ("loss", "margin", "accuracy")
ALL, CLASS, GROUP = "all", "class", "group"
COLUMNS = (
    *("split", "unit", "kind", "name", "images"),
    *(f"{measure}{end}" for measure in MEASURES for end in ("", "_low", "_high")),
    *("beyond", "p", "p_fdr", "found", "selectivity"),
)


def effects(content: Features, split: str, confidence: float, resamples: int, seed: int) -> pd.DataFrame:
    """Take each unit away, and average what changes over all images and over those of each class and group.

    Parameters
    ----------
    content
        What a model says about the images of a split.
    split
        Its name.
    confidence, resamples, seed
        Of the intervals over images, or over patients where the data set names any.

    Returns
    -------
    DataFrame
        `COLUMNS`; one row per unit and part of the images: ``kind`` is ``all``, ``class`` or ``group`` and ``name`` the
        class or group; ``images``, so many; means over these images with ``_low`` and ``_high`` of the change of the
        cross-entropy (``loss``, nats, above 0 where they lose), of the ``margin`` of the class's logit and of
        ``accuracy``. Of classes ``beyond``: how much more the margin *of this class* falls on its own images than on
        all others, as the cross-entropy of what is decided rightly hardly moves; ``p``, whether images dealt out at
        random would show as much; ``p_fdr``, corrected over units and classes (Benjamini and Hochberg 1995);
        ``found``, whether the class needs the unit: by that, with ``beyond`` and ``loss_low`` above 0. Of all images
        ``selectivity``, see `lucidag.units.effects.selectivity`.
    """
    features, weight, bias = head_of(content, split)
    parts = [
        row
        for found in without_units(features, weight, bias, content.labels)
        for row in averaged(found, content, confidence, resamples, seed)
    ]
    return together(parts, split, selectivity(features, content.labels), 1 - confidence)


def together(parts: Sequence[pd.DataFrame], split: str, selective: NDArray[np.float64], level: float) -> pd.DataFrame:
    """Put what `averaged` gives of all units in one table, with their class selectivity (K), and correct p values."""
    table = pd.concat(parts, ignore_index=True)
    whole = table["kind"] == ALL
    table.loc[whole, "selectivity"] = selective[table.loc[whole, "unit"]]
    return corrected(table.assign(split=split), table["p"].notna(), level)[list(COLUMNS)]


def corrected(table: pd.DataFrame, family: "pd.Series[bool]", level: float) -> pd.DataFrame:
    """Correct the p values of a family of rows, and say which units are found: the class needs them."""
    from scipy.stats import false_discovery_control  # here, as a figure needs names of this file alone

    p = np.full(len(table), np.nan)
    if family.any():
        p[family.to_numpy()] = false_discovery_control(table.loc[family, "p"].to_numpy(dtype=np.float64))
    return table.assign(p_fdr=p, found=(p <= level) & (table["beyond"] > 0) & (table["loss_low"] > 0))


def averaged(found: Without, content: Features, confidence: float, resamples: int, seed: int) -> Iterator[pd.DataFrame]:
    """Average what changes without each unit of a block, over each part of the images."""
    margin = np.take_along_axis(found.margin, content.labels[:, None, None], axis=1)[:, 0]
    changes = np.stack([found.loss, margin, found.correct], axis=1)
    owner = content.clusters()
    for kind, name, index, part in _parts(content):
        columns: dict[str, object] = {"unit": found.units, "kind": kind, "name": name, "images": int(part.sum())}
        count = len(found.units)
        own = changes[part].reshape(int(part.sum()), -1)
        low, high = mean_intervals(own, confidence, resamples, seed, None if owner is None else owner[part])
        ends = low.reshape(-1, count), high.reshape(-1, count)
        for place, measure in enumerate(MEASURES):
            columns[measure] = changes[part, place].mean(axis=0)
            columns |= {f"{measure}_low": ends[0][place], f"{measure}_high": ends[1][place]}
        columns |= dict.fromkeys(("beyond", "p", "selectivity"), np.nan)
        if kind == CLASS:
            columns["beyond"], columns["p"] = dealt_out(-found.margin[:, index], part, owner)
        yield pd.DataFrame(columns)


def _parts(content: Features) -> Iterator[tuple[str, str, int, NDArray[np.bool_]]]:
    """Give kind, name, index and images of all images, and of each class and group that has any."""
    yield ALL, "", 0, np.ones(len(content.labels), dtype=np.bool_)
    named = [(CLASS, content.labels, content.classes)]
    named += [(GROUP, content.groups, content.group_names)] if len(content.group_names) > 1 else []
    for kind, indices, names in named:
        for index, name in enumerate(names):
            if (indices == index).any():
                yield kind, name, index, indices == index
