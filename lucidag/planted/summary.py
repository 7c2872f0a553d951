"""The scores of several models with planted units in one table. No torch."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from lucidag.ground.statistics.clusters import clustered_share
from lucidag.ground.statistics.intervals import estimate
from lucidag.planted.scores import ALL, COLUMNS, OF_LABELS, RIGHT, WRONG, Row, by_kind, label_shares, table_of
from lucidag.units.settings import Draws


def summary(labels: Sequence[pd.DataFrame], scores: Sequence[pd.DataFrame], asked: Draws) -> pd.DataFrame:
    """Put the scores of models together.

    Parameters
    ----------
    labels, scores
        Of each model, see `lucidag.planted.labels` and `lucidag.planted.scores`.
    asked
        Level, draws and seed.

    Returns
    -------
    DataFrame
        As `lucidag.planted.scores`: shares of labels are those of the units of all models, with intervals in which all
        units of a model that were planted for the same concepts are one trial where they agree
        (`lucidag.ground.statistics.clusters.clustered_share`); all else are means over the models, n of them, with
        intervals over models.
    """
    every = pd.concat([table.assign(model=place) for place, table in enumerate(labels)], ignore_index=True)
    return table_of(iter([*_shares(every, asked), *_means(pd.concat(scores, ignore_index=True), asked)]))[list(COLUMNS)]


def _shares(labels: pd.DataFrame, asked: Draws) -> Iterator[Row]:
    for method, own in labels.groupby("method", sort=False):
        for kind, part in by_kind(own):
            for measure, rows, column in label_shares(part):
                hits = rows[column]
                owner = rows.groupby(["model", "concept"]).ngroup().to_numpy().astype(np.int64)
                found = clustered_share(hits.to_numpy(dtype=np.bool_), owner, asked.confidence)
                row: Row = {"part": "labels", "method": method, "kind": kind, "measure": measure, "n": len(rows)}
                row |= {"positives": int(hits.sum()), "reason": "" if len(rows) else "none"}
                row |= {"base_rate": part["chance"].mean() if measure == RIGHT else np.nan}
                yield row | {name: found[name] for name in ("value", "low", "high")}


def _means(scores: pd.DataFrame, asked: Draws) -> Iterator[Row]:
    kept = scores[~((scores["part"] == "labels") & scores["measure"].isin(OF_LABELS))]
    for key, rows in kept.groupby(["part", "method", "kind", "measure"], sort=False):
        found = estimate(rows["value"], asked.confidence, asked.resamples, asked.seed, (0.0, 1.0))
        row: Row = dict(zip(("part", "method", "kind", "measure"), key, strict=True))
        row |= {"n": found.n, "positives": rows["positives"].sum(), "value": found.mean}
        row |= {"low": found.low, "high": found.high, "base_rate": rows["base_rate"].mean()}
        yield row | {"reason": found.reason if found.n else str(rows["reason"].iloc[0])}


def headline(table: pd.DataFrame) -> dict[str, dict[str, float | str | None]]:
    """Give by method how many confirmed labels there are, and the share of wrong ones with its interval, or why not."""
    rows = table[(table["part"] == "labels") & (table["kind"] == ALL) & (table["measure"] == WRONG)]
    numbers = ("n", "positives", "value", "low", "high")
    return {
        str(row["method"]): {name: row[name] if pd.notna(row[name]) else None for name in numbers}
        | ({"reason": str(row["reason"])} if pd.isna(row["value"]) else {})
        for row in rows.to_dict("records")
    }
