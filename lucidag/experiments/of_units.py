"""Cells about the units of a network: from retrieval of function and from dissection."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from lucidag.experiments.cells import Cell, Cells, missing, with_interval
from lucidag.experiments.columns import PLAIN
from lucidag.ground.statistics.intervals import share

CONFIRMED = "confirmed"
NO_UNITS = "the method labels no unit of this layer"


def of_retrieval(points: Mapping[str, Any], sweep: pd.DataFrame, ranking: str, role_metric: str) -> Cells:
    """Return turning points, shares of roles, and areas under the curve.

    Parameters
    ----------
    points
        ``rof/{model}/turning_points.json``.
    sweep
        ``rof/{model}/sweep.csv``.
    ranking, role_metric
        Of the configuration: whose turning points, and by which metric the roles.
    """
    cells: Cells = {}
    for row in points["turning_points"]:
        name = f"n0_{row['split']}_{row['metric']}"
        if row["method"] == ranking and row["seed"] is None and name in PLAIN:
            cells["units"] = Cell(row["units"])
            cells[name] = with_interval({"low": None, "high": None, **row}, "n0")
    for row in points["roles"]:
        if row["metric"] == role_metric:
            cells[f"share_{row['role']}"] = with_interval({"low": None, "high": None, **row}, "share")
    return cells | _areas(sweep[sweep["split"] == "test"], ranking)


def _areas(sweep: pd.DataFrame, ranking: str) -> Cells:
    curves = {
        (str(method), seed): _area(rows)
        for (method, seed), rows in sweep.groupby(["method", sweep["seed"].fillna(-1)], sort=False)
    }
    own = curves.get((ranking, -1))
    if own is None:
        return dict.fromkeys(("area", "area_random", "area_over_random"), missing("no test images"))
    random = [area for (method, _), area in curves.items() if method == "random"]
    if not random:
        nothing = missing("`rof.methods` has no `random`")
        return {"area": Cell(own), "area_random": nothing, "area_over_random": nothing}
    mean = float(np.mean(random))
    over = Cell(own - mean, own - max(random), own - min(random))
    return {"area": Cell(own), "area_random": Cell(mean), "area_over_random": over}


def _area(rows: pd.DataFrame) -> float:
    rows = rows.sort_values("k")
    k = rows["k"].to_numpy(dtype=np.float64)
    return float(np.trapezoid(rows["accuracy"].to_numpy(dtype=np.float64), k / k[-1]))


def of_dissection(layers: Mapping[str, pd.DataFrame], confidence: float) -> Cells:
    """Return how many units have a confirmed label, and how many concepts these are: in all layers and in each.

    Parameters
    ----------
    layers
        By layer ``dissect/{model}/{layer}.csv``.
    confidence
        Of Wilson's intervals over units.
    """
    cells: Cells = {}
    methods = list(dict.fromkeys(str(method) for table in layers.values() for method in table["method"]))
    for method in methods:
        own = {layer: table[table["method"] == method] for layer, table in layers.items()}
        whole = pd.concat(own.values())
        for name, rows in {method: whole, **{f"{method}:{layer}": rows for layer, rows in own.items()}}.items():
            kept = rows[rows["verdict"] == CONFIRMED]
            if rows.empty:
                cells |= {f"confirmed:{name}": missing(NO_UNITS), f"concepts:{name}": missing(NO_UNITS)}
                continue
            cells[f"confirmed:{name}"] = with_interval(share(len(kept), len(rows), confidence))
            cells[f"concepts:{name}"] = Cell(int(kept["concept"].nunique()))
    return cells
