"""What was measured of each model, in one list each: so that two of them can be held side by side."""

from collections.abc import Iterable, Iterator
from typing import Any

from lucidag.atlas.results import Results
from lucidag.atlas.table import short

OUTCOMES = ("accuracy", "loss", "balanced_accuracy", "calibration_error")
CONFIRMED = "confirmed"
LABELS = {"words_verdict": "by words", "pixels_verdict": "by pixels"}
Row = dict[str, Any]


def measures(results: Results, models: Iterable[str], ranking: str) -> dict[str, Any]:
    """Return the section: rows of group, measure, value and interval, by model.

    Parameters
    ----------
    results
        What may be read.
    models
        Their names.
    ranking
        The main order of the sweep.
    """
    parts = (_outcomes, lambda given, name: _function(given, name, ranking), _concepts, _localisation)
    return {"models": {name: [row for part in parts for row in part(results, name)] for name in models}}


def _row(group: str, measure: str, value: Any, low: Any = None, high: Any = None) -> Row:  # noqa: ANN401
    return {"group": group, "measure": measure, "value": short(value), "low": short(low), "high": short(high)}


def _outcomes(results: Results, model: str) -> Iterator[Row]:
    known = (results.json(f"models/{model}/evaluation.json") or {}).get("test") or {}
    for name in OUTCOMES:
        if known.get(name) is not None:
            yield _row(
                "test images", name.replace("_", " "), known[name], known.get(f"{name}_low"), known.get(f"{name}_high")
            )


def _function(results: Results, model: str, ranking: str) -> Iterator[Row]:
    points = results.json(f"rof/{model}/turning_points.json") or {}
    for point in points.get("turning_points", []):
        if (point["split"], point["method"]) == ("test", ranking):
            ends = (None if point[end] is None else point[end] / point["units"] for end in ("n0", "low", "high"))
            yield _row("share of units at the turning point", point["metric"].replace("_", " "), *ends)
    for role in points.get("roles", []):
        yield _row(
            "share of units with a role",
            f"{role['role'].replace('_', ' ')} by {role['metric']}",
            role["share"],
            role["low"],
            role["high"],
        )


def _concepts(results: Results, model: str) -> Iterator[Row]:
    for file in results.under(f"units/{model}"):
        layer = file.removeprefix(f"units/{model}/").removesuffix(".csv")
        if not results.has(f"units/{model}/{layer}.json") or not file.endswith(".csv") or layer.startswith("inner/"):
            continue
        frame = results.table(file)
        assert frame is not None
        for column, how in LABELS.items():
            if column in frame.columns:
                share = (frame[column] == CONFIRMED).mean()
                yield _row("share of units with a confirmed label", f"{layer}, {how}", share)


def _localisation(results: Results, model: str) -> Iterator[Row]:
    frame = results.table(f"localisation/{model}-summary.csv")
    if frame is None:
        return
    rows = frame[(frame["metric"] == "mass_accuracy") & (frame["prediction"] == "all")]
    for row in rows.to_dict("records"):
        yield _row("relevance on the object", str(row["method"]), row["mean"], row["low"], row["high"])
