"""What the units of one model detect, counted: one method, and any units of a table."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import entr

from lucidag.ground.statistics.intervals import estimate, share
from lucidag.units.names import BY_CLIP, CONFIRMED, NONE, SECOND, SECOND_CHANCE, UNCONFIRMED, UNTESTABLE
from lucidag.units.settings import Counting

CONCEPT = ["concept", "category"]


def labelled(table: pd.DataFrame, confirmed: bool = True) -> NDArray[np.bool_]:
    """Tell which units have a label that counts.

    Parameters
    ----------
    table
        See `lucidag.units.labels.unit_tables`, with verdicts.
    confirmed
        Whether only confirmed labels count (see `lucidag.units.labels.verdict`), or all.
    """
    has = (table["concept"] != NONE).to_numpy()
    return has & (table["verdict"] == CONFIRMED).to_numpy() if confirmed else has


def measure(table: pd.DataFrame) -> pd.Series:
    """Give how strong labels are: the strength (see `lucidag.units.labels.chance`), or else the score."""
    return table["strength"].fillna(table["score"]) if "strength" in table else table["score"]


def labelled_rows(table: pd.DataFrame, method: str) -> pd.DataFrame:
    """Return the rows of one method whose label counts."""
    rows = table[table["method"] == method]
    return rows[labelled(rows)]


def verdict_counts(table: pd.DataFrame, confidence: float) -> dict[str, Any]:
    """Count the verdicts of some labels, and the confirmed ones that only the CLIP that gave them could judge.

    Parameters
    ----------
    table
        The rows of one method.
    confidence
        Of Wilson's intervals over units.

    Returns
    -------
    dict
        ``confirmed``, ``unconfirmed``, ``untestable`` and ``circular``: numbers of units; and ``shares`` of all units
        by the same names (value, low, high, n).
    """
    hits = {name: (table["verdict"] == name).to_numpy() for name in (CONFIRMED, UNCONFIRMED, UNTESTABLE)}
    hits["circular"] = hits[CONFIRMED] & (table["judged_by"] == BY_CLIP).to_numpy()
    counts = {name: int(own.sum()) for name, own in hits.items()}
    return counts | {"shares": {name: share(hit, len(table), confidence) for name, hit in counts.items()}}


def second_counts(table: pd.DataFrame, confidence: float) -> dict[str, Any]:
    """Count the units that answer to two concepts; see `lucidag.units.labels.second`.

    Parameters
    ----------
    table, confidence
        See `verdict_counts`.

    Returns
    -------
    dict
        Shares of all units (value, low, high, n): ``confirmed``: of those whose second concept is, ``two``: whose first
        one is too, ``chance``: that would have a confirmed one with their activations dealt out to the images anew.
    """
    second = (table[f"{SECOND}_verdict"] == CONFIRMED).to_numpy()
    two = second & (table["verdict"] == CONFIRMED).to_numpy()
    hits = {"confirmed": second, "two": two, "chance": table[SECOND_CHANCE].to_numpy(dtype=np.bool_)}
    return {name: share(int(own.sum()), len(table), confidence) for name, own in hits.items()}


def concept_counts(table: pd.DataFrame) -> pd.DataFrame:
    """Count the units of each concept.

    Two concepts are the same where name and category are: a scene and an object may share a name.

    Returns
    -------
    DataFrame
        concept, category, units; most units first, equal numbers by concept, then category, in the order of
        their characters. Units without a concept are left out.
    """
    named = table[table["concept"] != NONE]
    counted = named.groupby(CONCEPT, as_index=False).size().rename(columns={"size": "units"})
    order = np.lexsort((counted["category"], counted["concept"], -counted["units"]))
    return counted.iloc[order].reset_index(drop=True)


def diversity(units: NDArray[np.integer]) -> dict[str, float | None]:
    """Measure how evenly units spread over concepts.

    Parameters
    ----------
    units
        The number of units of each concept.

    Returns
    -------
    dict
        With p the share of the labelled units in each concept: ``shannon`` -sum p log p in nats; ``effective`` its
        exponential, the number of equally frequent concepts of the same entropy (Hill number of order 1);
        ``simpson`` 1 - sum p^2, the chance that two units drawn with replacement differ; ``units_per_concept``; and
        ``redundant``, the share of the labelled units whose concept another unit has too. None where no unit is
        labelled.
    """
    total = int(units.sum())
    if total == 0:
        return dict.fromkeys(("units_per_concept", "redundant", "shannon", "effective", "simpson"))
    p = units / total
    shannon = float(entr(p).sum())
    return {
        "units_per_concept": total / int((units > 0).sum()),
        "redundant": float(units[units > 1].sum() / total),
        "shannon": shannon,
        "effective": float(np.exp(shannon)),
        "simpson": float(1 - np.square(p).sum()),
    }


def measures(table: pd.DataFrame, confirmed: bool, asked: Counting) -> dict[str, Any]:
    """Describe what one method finds in some units.

    Numbers of concepts and diversities have no interval: a bootstrap sample repeats units, so that it always holds
    fewer concepts than the units themselves. `lucidag.units.compare.two_models` tests how they differ.

    Parameters
    ----------
    table
        The rows of one method.
    confirmed
        See `labelled`: what counts as a label.
    asked
        Of the intervals, and how many units a concept has that is listed.

    Returns
    -------
    dict
        ``units``; ``labelled`` (value, low, high, n: the share of the units); ``score`` (value, low, high, n: mean
        over the labelled ones); ``unique`` concepts; what `diversity` gives; ``top`` (the concepts with most units,
        several if equal); ``frequent`` (the concepts with at least so many units); ``categories`` by name
        (``unique`` concepts and ``share`` of the labelled units: value, low, high, n). A concept is given by concept,
        category and units.
    """
    kept = table[labelled(table, confirmed)]
    counted = concept_counts(kept)
    first = counted["units"].max() if len(counted) else 0
    return {
        "units": len(table),
        "labelled": share(len(kept), len(table), asked.confidence),
        "score": estimate(kept["score"], asked.confidence, asked.resamples, asked.seed).json(),
        "unique": len(counted),
        **diversity(counted["units"].to_numpy()),
        "top": listed(counted[counted["units"] == first]),
        "frequent": listed(counted[counted["units"] >= asked.min_units_per_concept]),
        "categories": {
            str(category): {"unique": len(part), "share": share(int(part["units"].sum()), len(kept), asked.confidence)}
            for category, part in counted.groupby("category")
        },
    }


def listed(counted: pd.DataFrame) -> list[dict[str, Any]]:
    """Give rows of `concept_counts` as plain values."""
    return [
        {"concept": str(concept), "category": str(category), "units": int(units)}
        for concept, category, units in counted[[*CONCEPT, "units"]].itertuples(index=False)
    ]
