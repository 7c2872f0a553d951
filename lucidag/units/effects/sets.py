"""What a class loses without the units that it needs most, beside random units and units as active as they."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lucidag.data.features import Features
from lucidag.ground.statistics.draws import interval
from lucidag.ground.statistics.many import mean_intervals
from lucidag.rof.rank import head_of
from lucidag.units.effects.exact import judged

Places = NDArray[np.int64]
Floats = NDArray[np.float64]
WORST, RANDOM, MATCHED = "worst", "random", "matched"
NEAR = 10  # units of the nearest mean activation, of which one takes the place of each of the worst
MEASURES = ("loss", "accuracy")
COLUMNS = (
    *("name", "set", "members", "images"),
    *(f"{measure}{end}" for measure in MEASURES for end in ("", "_low", "_high")),
    *("others_loss", "others_accuracy", "p", "p_fdr"),
)


def sets_table(
    content: Features,
    split: str,
    worst: Mapping[str, Places],
    draws: int,
    confidence: float,
    resamples: int,
    seed: int,
) -> pd.DataFrame:
    """Take sets of units away.

    Parameters
    ----------
    content
        What a model says about the images of a split.
    split
        Its name.
    worst
        Class to the units that it needs most, by images of another split.
    draws
        Random and matched sets of each class.
    confidence, resamples
        Of the intervals.
    seed
        Of bootstrap and sets.

    Returns
    -------
    DataFrame
        `COLUMNS`; three rows per class (``name``) that has ``images``: ``set`` is ``worst`` (its units are the
        ``members``), ``random`` or ``matched``. ``loss`` (nats) and ``accuracy``: mean change over the images of the
        class; of the worst with an interval over images (or patients), of the others the mean of all sets and where
        the middle ones lie. ``others_loss`` and ``others_accuracy``: the same over all other images. ``p``: the share
        of random or matched sets without which the class's loss rises at least as much, the worst counted in;
        ``p_fdr``, corrected over classes.
    """
    features, weight, bias = (each.astype(np.float64) for each in head_of(content, split))
    z = features @ weight.T + bias
    before = _judged(z, content.labels)
    active, owner = np.abs(features).mean(axis=0), content.clusters()
    rows: list[dict[str, object]] = []
    for place, name in enumerate(content.classes):
        part = content.labels == place
        if name not in worst or not part.any():
            continue
        units = worst[name]
        rng = np.random.default_rng([seed, place])
        chosen = {
            WORST: units[None],
            RANDOM: np.array([rng.choice(len(active), len(units), replace=False) for _ in range(draws)]),
            MATCHED: np.array([matched(units, active, rng) for _ in range(draws)]),
        }
        changes = {
            kind: [_judged(z - features[:, each] @ weight[:, each].T, content.labels) - before for each in sets]
            for kind, sets in chosen.items()
        }
        own = changes[WORST][0][part]
        ends = mean_intervals(own, confidence, resamples, seed, None if owner is None else owner[part])
        for kind, found in changes.items():
            members = " ".join(map(str, units)) if kind == WORST else ""
            cells = {"name": name, "set": kind, "members": members, "images": int(part.sum())}
            rows.append(cells | _means(found, part, confidence, ends if kind == WORST else None, own[:, 0].mean()))
    return _corrected(pd.DataFrame(rows, columns=list(COLUMNS)))


def worst_units(effects: pd.DataFrame, count: int) -> dict[str, Places]:
    """Return, for each class of a table of effects, the units without which its loss rises most, the first first."""
    classes = effects[effects["kind"] == "class"].sort_values(["loss", "unit"], ascending=[False, True])
    return {
        str(name): rows["unit"].to_numpy(dtype=np.int64)[:count] for name, rows in classes.groupby("name", sort=False)
    }


def matched(units: Places, active: Floats, rng: np.random.Generator) -> Places:
    """Draw for each unit one of the `NEAR` of nearest mean activation, itself among them, and none twice.

    Were a unit never drawn for itself, its nearest ones would spread less than it does from them, and p values would be
    too small.
    """
    found: list[int] = []
    for unit in units:
        near = np.argsort(np.abs(active - active[unit]), kind="stable")
        found.append(int(rng.choice([int(other) for other in near if other not in found][:NEAR])))
    return np.array(found)


def _judged(z: Floats, labels: Places) -> Floats:
    """Give loss and whether the decision is right, N x 2."""
    loss, _, right = judged(z[:, :, None], labels)
    return np.stack([loss[:, 0], right[:, 0]], axis=1)


def _means(
    changes: list[Floats],
    part: NDArray[np.bool_],
    confidence: float,
    ends: tuple[Floats, Floats] | None,
    worst: float,
) -> dict[str, object]:
    own = np.array([each[part].mean(axis=0) for each in changes])
    others = np.array([each[~part].mean(axis=0) for each in changes]) if not part.all() else np.full((1, 2), np.nan)
    cells: dict[str, object] = {}
    for place, measure in enumerate(MEASURES):
        low, high = (ends[0][place], ends[1][place]) if ends is not None else interval(own[:, place], confidence)
        cells |= {measure: own[:, place].mean(), f"{measure}_low": low, f"{measure}_high": high}
        cells[f"others_{measure}"] = others[:, place].mean()
    as_bad = (own[:, 0] >= worst - 1e-12).sum()
    return cells | {"p": (1 + as_bad) / (1 + len(own)) if ends is None else np.nan, "p_fdr": np.nan}


def _corrected(table: pd.DataFrame) -> pd.DataFrame:
    from scipy.stats import false_discovery_control  # here, as a figure needs names of this file alone

    for kind in (RANDOM, MATCHED):
        chosen = table["set"] == kind
        if chosen.any():
            table.loc[chosen, "p_fdr"] = false_discovery_control(table.loc[chosen, "p"].to_numpy(dtype=np.float64))
    return table
