"""What edits of proposals do, summarised over images and networks."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from lucidag.artefacts.proposals.edits import Proposer
from lucidag.artefacts.study_settings import WITH
from lucidag.ground.statistics.crossed import crossed

KEYS = ("proposer", "proposal", "name", "side", "edit", "set")
SIDE = ("proposer", "proposal", "side")
ENDS = ("", "_low", "_high")
COLUMNS = (
    *(*KEYS, "networks", "images", "units"),
    *(f"{what}{end}" for what in ("change", "control", "beyond") for end in ENDS),
    "reason",
)


def proposal_table(
    cells: pd.DataFrame, proposers: Sequence[Proposer], confidence: float, resamples: int, seed: int
) -> pd.DataFrame:
    """Summarise what edits of proposals do to the probability of their class.

    Parameters
    ----------
    cells
        See `lucidag.artefacts.proposals.asked.ask_proposals`.
    proposers
        Who proposes what.
    confidence, resamples, seed
        Of intervals over networks and images (`lucidag.ground.statistics.crossed`).

    Returns
    -------
    DataFrame
        `COLUMNS`: ``units``, how many go with the side; ``change``, after less before; ``control``, the same of the
        control; ``beyond``, their paired difference; ``reason``: why ``beyond`` has no interval.
    """
    units = {(one.name, side.proposal, side.side): len(side.units) for one in proposers for side in one.sides}
    rows = []
    for key, part in cells.groupby(list(KEYS), sort=False):
        wide = (part.pivot(index="model", columns="image", values=name) for name in ("before", "after", "control"))
        before, after, control = (each.to_numpy(dtype=np.float64) for each in wide)
        known = dict(zip(KEYS, key, strict=True))
        row = known | {"networks": len(before), "images": before.shape[1]}
        row["units"] = units[str(known["proposer"]), int(str(known["proposal"])), str(known["side"])]
        for what, values in (("change", after - before), ("control", control - before), ("beyond", after - control)):
            found = crossed(values, confidence, resamples, seed)
            row |= dict(zip((f"{what}{end}" for end in ENDS), (found.mean, found.low, found.high), strict=True))
        rows.append(row | {"reason": found.reason})
    return pd.DataFrame(rows, columns=list(COLUMNS))


def said(table: pd.DataFrame) -> list[str]:
    """Say of each side of each proposal what edits do in the network that proposes."""
    found = []
    for (proposer, number, side), rows in table[table["set"] == WITH].groupby(list(SIDE), sort=False):
        parts = [_edit(row) for row in rows.to_dict("records")]
        name = rows["name"].iloc[0]
        found.append(f"{proposer}, proposal {number}, {side}: probability of '{name}', {'; '.join(parts)}")
    return found or ["nothing was proposed, so nothing is tested"]


def _edit(row: Mapping[Hashable, Any]) -> str:
    beyond = f"{row['beyond']:+.2f} beyond its control"
    if np.isnan(row["beyond"]):
        beyond = "without a control"
    elif not row["reason"]:
        beyond += f" ({row['beyond_low']:+.2f} to {row['beyond_high']:+.2f})"
    return f"{row['edit']} {row['change']:+.2f}, {beyond}"
