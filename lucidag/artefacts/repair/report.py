"""Repaired networks beside what they were, beside controls, and beside networks that never learnt the shortcut."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lucidag.artefacts.repair.settings import ORIGINAL, RANDOM, REPAIRED, WITHOUT
from lucidag.ground.statistics.crossed import crossed, crossed_difference
from lucidag.ground.statistics.draws import interval

CLEAN, ALL, GROUP = "without artefact", "all", "group"
ENDS = ("", "_low", "_high")
EFFECTS = (
    *("set", "artefact", "networks", "images", *(f"change{end}" for end in ENDS), *(f"beyond{end}" for end in ENDS)),
    *("reason", *(f"less_original{end}" for end in ENDS), *(f"less_without{end}" for end in ENDS), "p"),
)
ACCURACY = (
    *("set", "kind", "name", "networks", "images", *(f"accuracy{end}" for end in ENDS), "reason"),
    *(f"less_original{end}" for end in ENDS),
)

Cells = NDArray[np.float64]  # networks x images; of controls draws x networks x images
Interval = tuple[float, int, int]


@dataclass(frozen=True)
class Changes:
    """What pasting an artefact does to the probability of its class.

    Attributes
    ----------
    change
        After less before.
    beyond
        That, less what filling the same place does.
    """

    change: Cells
    beyond: Cells


def effects_table(found: Mapping[str, Mapping[str, Changes]], asked: Interval) -> pd.DataFrame:
    """Summarise what pasting does.

    Parameters
    ----------
    found
        By artefact, then by set (`ORIGINAL` and so on; `WITHOUT` may be absent).
    asked
        Confidence, resamples, seed.

    Returns
    -------
    DataFrame
        `EFFECTS`. ``change`` and ``beyond`` with intervals over networks and images
        (`lucidag.ground.statistics.crossed`), of controls the mean of all and where the middle ones lie. Of the
        repaired networks ``less_original`` (the same networks, paired) and ``less_without`` (others, images paired),
        and ``p``: the share of controls whose change is as small or smaller, the repair counted in.
    """
    rows = []
    for artefact, sets in found.items():
        for name, own in sets.items():
            row: dict[str, object] = {"set": name, "artefact": artefact, "images": own.change.shape[-1]}
            row["networks"] = own.change.shape[-2]
            if name == RANDOM:
                rows.append(row | _of_draws("change", own.change, asked) | _of_draws("beyond", own.beyond, asked))
                continue
            change = crossed(own.change, *asked)
            row |= change.columns("change") | {"reason": change.reason}
            row |= crossed(own.beyond, *asked).columns("beyond")
            if name == REPAIRED:
                row |= crossed(own.change - sets[ORIGINAL].change, *asked).columns("less_original")
                if WITHOUT in sets:
                    row |= crossed_difference(own.change, sets[WITHOUT].change, *asked).columns("less_without")
                controls = sets[RANDOM].change.mean(axis=(1, 2))
                row["p"] = (1 + int((controls <= change.mean).sum())) / (1 + len(controls))
            rows.append(row)
    return pd.DataFrame(rows, columns=list(EFFECTS)).fillna({"reason": ""})


def accuracy_table(
    right: Mapping[str, Cells],
    clean: NDArray[np.bool_],
    codes: NDArray[np.int64],
    names: Sequence[str],
    asked: Interval,
) -> pd.DataFrame:
    """Summarise accuracy on all images, on those that show no artefact, and by group.

    Parameters
    ----------
    right
        By set: 1 where a network decides an image rightly, else 0.
    clean
        Whether each of the N images shows no artefact.
    codes, names
        N groups, and the names of all.
    asked
        Confidence, resamples, seed.

    Returns
    -------
    DataFrame
        `ACCURACY`; groups without images are left out.
    """
    parts = [(ALL, "", np.ones(len(codes), bool)), (CLEAN, "", clean)]
    parts += [(GROUP, name, codes == place) for place, name in enumerate(names)]
    rows = []
    for kind, name, part in parts:
        for own, cells in right.items() if part.any() else ():
            row: dict[str, object] = {"set": own, "kind": kind, "name": name, "images": int(part.sum())}
            row["networks"] = cells.shape[-2]
            if own == RANDOM:
                rows.append(row | _of_draws("accuracy", cells[..., part], asked))
                continue
            found = crossed(cells[:, part], *asked)
            ends = {key: float(np.clip(value, 0, 1)) for key, value in found.columns("accuracy").items()}
            row |= ends | {"reason": found.reason}
            if own == REPAIRED:
                row |= crossed(cells[:, part] - right[ORIGINAL][:, part], *asked).columns("less_original")
            rows.append(row)
    return pd.DataFrame(rows, columns=list(ACCURACY)).fillna({"reason": ""})


def verdicts(effects: pd.DataFrame, accuracy: pd.DataFrame) -> list[str]:
    """Say in a sentence for each artefact, and one for accuracy, what the repair has reached."""
    said = []
    for artefact, rows in effects.groupby("artefact", sort=False):
        own = _by_set(rows)
        text = (
            f"{artefact}: pasting changes the probability of its class by {own[REPAIRED]['change']:.3f} after the "
            f"repair, {own[ORIGINAL]['change']:.3f} before, and {own[RANDOM]['change']:.3f} with controls"
        )
        if WITHOUT in own:
            beside = _beside(own[REPAIRED])
            text += f"; by {own[WITHOUT]['change']:.3f} where it was never learnt: {beside}"
        said.append(text)
    clean = _by_set(accuracy[accuracy["kind"] == CLEAN])
    if clean:
        before, after = clean[ORIGINAL]["accuracy"], clean[REPAIRED]["accuracy"]
        said.append(
            f"accuracy on images without artefact: {after:.3f} after and {before:.3f} before the repair "
            f"({100 * clean[REPAIRED]['less_original']:+.1f} points)"
        )
    return said


def _by_set(rows: pd.DataFrame) -> dict[str, dict[str, Any]]:
    return {row["set"]: {str(key): value for key, value in row.items()} for row in rows.to_dict("records")}


def _beside(row: Mapping[str, Any]) -> str:
    if row["less_without"] <= 0:
        return "no worse"
    return "still worse" if row["less_without_low"] > 0 else "not told apart"


def _of_draws(name: str, cells: Cells, asked: Interval) -> dict[str, object]:
    draws = cells.mean(axis=(1, 2))
    low, high = interval(draws, asked[0])
    return {name: float(draws.mean()), f"{name}_low": low, f"{name}_high": high}
