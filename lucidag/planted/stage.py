"""All scores of one model's planted units, and what its report says. No torch."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lucidag.planted.common import alike_scores, clarity_scores, two_scores
from lucidag.planted.scores import (
    Row,
    effect_scores,
    label_scores,
    region_scores,
    relevance_scores,
    role_scores,
    table_of,
)
from lucidag.planted.summary import headline
from lucidag.units.settings import Draws


def all_scores(
    tables: Mapping[str, pd.DataFrame],
    labels: pd.DataFrame,
    similar: Mapping[str, NDArray[np.float64]],
    asked: Draws,
) -> pd.DataFrame:
    """Score what is there.

    Parameters
    ----------
    tables
        ``truth``, ``relevance``, ``regions``; where they were asked for ``effects``, ``roles`` with ``ranking``, and
        the layer's ``images``.
    labels
        See `lucidag.planted.labels.label_table`.
    similar
        See `lucidag.planted.common.alike_scores`.
    asked
        Level, draws and seed.
    """

    def rows() -> Iterator[Row]:
        yield from label_scores(labels, asked)
        if "effects" in tables:
            yield from effect_scores(tables["truth"], tables["effects"], asked)
        if "roles" in tables:
            yield from role_scores(tables["truth"], tables["roles"], tables["ranking"], asked)
        if "images" in tables:
            yield from clarity_scores(tables["truth"], tables["images"], asked)
        yield from two_scores(tables["truth"], tables.get("images"), labels, asked)
        yield from alike_scores(tables["truth"], similar, asked)
        yield from relevance_scores(tables["truth"], tables["relevance"], asked)
        yield from region_scores(tables["regions"], asked)

    return table_of(rows())


def report(truth: pd.DataFrame, scores: pd.DataFrame) -> dict[str, Any]:
    """Say how many planted units of each kind are verified, and how many confirmed labels are wrong."""
    counts = truth.groupby("kind", sort=False)["verified"].agg(["size", "sum"])
    kinds = {str(kind): {"planted": int(row["size"]), "verified": int(row["sum"])} for kind, row in counts.iterrows()}
    reasons = truth.loc[~truth["verified"], "reason"].value_counts()
    return {
        "kinds": kinds,
        "not_verified": {str(reason): int(count) for reason, count in reasons.items()},
        "wrong_among_confirmed": headline(scores),
    }
