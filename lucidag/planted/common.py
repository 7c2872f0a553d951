"""What top images have in common, held against what units were planted for, beside other ways to tell. No torch.

Three questions: does a unit answer to anything (`CLEAR`), does it answer to two concepts (`TWO_OF_THEM`), do two units
answer to the same (`ALIKE`)? What the images of a CLIP say stands beside what activations and labels say of the same.
"""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lucidag.models.planted_units import DEAD, NOISE, PURE, REDUNDANT, TWO
from lucidag.planted.scores import ALL, Row, auprc_rows, by_kind, share_row
from lucidag.units.settings import Draws

CLEAR, TWO_OF_THEM, ALIKE = "clear", "two", "alike"
SEVERAL = "several_clusters"
Floats = NDArray[np.float64]


def clarity_scores(truth: pd.DataFrame, images: pd.DataFrame, asked: Draws) -> Iterator[Row]:
    """Score clarity: does it tell units that answer to something from noise, and how many of a kind are ``clear``?

    Parameters
    ----------
    truth
        See `lucidag.planted.truth.truth_table`.
    images
        The layer's rows of ``units/{model}/images.csv``, see `lucidag.units.labels.top_table`.
    asked
        Level, draws and seed.
    """
    table = _known(truth).merge(images, on="unit")
    true = table["kind"] != NOISE
    yield from auprc_rows(CLEAR, "clarity", table.assign(value=_ordered(table["clarity"]), true=true), "true", asked)
    for kind, part in by_kind(table):
        yield {"part": CLEAR, "method": "clarity", "kind": kind} | share_row("clear", part["clear"], asked)


def two_scores(truth: pd.DataFrame, images: pd.DataFrame | None, labels: pd.DataFrame, asked: Draws) -> Iterator[Row]:
    """Score what tells units of two concepts from those of one: the clusters of top images, and second concepts.

    Parameters
    ----------
    truth, images
        See `clarity_scores`; images None where no CLIP tells.
    labels
        See `lucidag.planted.labels.label_table`: of second concepts the ``second_lift``.
    asked
        Level, draws and seed.
    """
    known = _known(truth)
    known = known[known["kind"] != NOISE].assign(true=known["kind"] == TWO)
    if images is not None:
        table = known.merge(images, on="unit")
        value = _ordered(table["separation"])
        yield from auprc_rows(TWO_OF_THEM, "clusters", table.assign(value=value), "true", asked, [ALL])
        for kind, part in by_kind(table):
            yield {"part": TWO_OF_THEM, "method": "clusters", "kind": kind} | share_row(
                SEVERAL, part["clusters"] > 1, asked
            )
    for method, own in labels.groupby("method", sort=False):
        table = known.merge(own[["unit", "second_lift"]], on="unit")
        value = _ordered(table["second_lift"])
        yield from auprc_rows(TWO_OF_THEM, f"second:{method}", table.assign(value=value), "true", asked, [ALL])


def alike_scores(truth: pd.DataFrame, similar: Mapping[str, Floats], asked: Draws) -> Iterator[Row]:
    """Score what tells pairs of units that were planted for the same concepts from all other pairs.

    A pair with a copy in it is of kind `REDUNDANT`. Pairs of units that answer to nothing are left out.

    Parameters
    ----------
    truth
        See `clarity_scores`.
    similar
        By what it is told by, U x U for all units of the layer, NaN where it is not defined.
    asked
        Level, draws and seed.
    """
    known = _known(truth)
    known = known[known["kind"] != NOISE].reset_index(drop=True)
    one, other = np.triu_indices(len(known), 1)
    columns = ["concept", "category", "second_concept", "second_category"]
    words = np.array([str(sorted(((a, b), (c, d)))) for a, b, c, d in known[columns].itertuples(index=False)])
    copy = (known["kind"] == REDUNDANT).to_numpy()
    units = known["unit"].to_numpy(dtype=np.int64)
    table = pd.DataFrame(
        {
            "unit": units[one],
            "true": words[one] == words[other],
            "kind": np.where(copy[one] | copy[other], REDUNDANT, PURE),
        }
    )
    for method, values in similar.items():
        value = _ordered(pd.Series(values[units[one], units[other]]))
        yield from auprc_rows(ALIKE, method, table.assign(value=value), "true", asked, [ALL, REDUNDANT])


def _known(truth: pd.DataFrame) -> pd.DataFrame:
    """Take verified units that are active."""
    return truth[truth["verified"] & (truth["kind"] != DEAD)]


def _ordered(values: "pd.Series[float]") -> "pd.Series[float]":
    """Put what is not defined behind all else."""
    return values.astype(float).fillna(-np.inf)
