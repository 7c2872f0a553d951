"""A layer's units: the dossier, the images that activate them most, and what each class loses without them."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from lucidag.atlas.results import Results
from lucidag.atlas.table import short, table

COLUMNS = (
    *("unit", "words_concept", "words_verdict", "words_auprc", "words_base_rate", "pixels_concept", "pixels_verdict"),
    *("pixels_auprc", "pixels_base_rate", "zero_first_class", "zero_first_loss", "zero_confirmed", "selectivity"),
    *("role_supported", "role_stability", "role_null", "share_active", "clarity", "clear", "clusters"),
    *("nearest_unit", "nearest_correlation", "alike", "similarity", "warnings"),
)
LISTS = {"top": "top_images", "reference": "reference_images"}
ZERO = "zero"
RANK = "test_rank:"  # place in an order on test images


def units(results: Results, model: str, layer: str, most: int, split: str = "test") -> dict[str, Any]:
    """Return the section of a layer.

    Parameters
    ----------
    results
        What may be read.
    model, layer
        Whose units.
    most
        Rows at most.
    split
        The images whose losses are shown.
    """
    file = f"units/{model}/{layer}.csv"
    whole = results.table(file)
    assert whole is not None
    frame = whole.head(most)
    meanings = {
        name: told["definition"] for name, told in results.json(f"units/{model}/{layer}.json")["columns"].items()
    }
    shares = [name for name in frame.columns if name.startswith("relevance:")]
    images = {key: _lists(frame, column) for key, column in LISTS.items() if column in frame.columns}
    return {
        "model": model,
        "layer": layer,
        "units": table(frame, file, [*COLUMNS, *shares], meanings),
        "images": images,
        "ranks": {name.removeprefix(RANK): frame[name].tolist() for name in frame.columns if name.startswith(RANK)},
        "effects": _effects(results, model, layer, frame["unit"].tolist(), split),
        "left_out": len(whole) - len(frame),
    }


def images_of(section: Mapping[str, Any]) -> list[str]:
    """Return the images that a section of units shows."""
    return [image for lists in section["images"].values() for images in lists for image in images]


def _lists(frame: pd.DataFrame, column: str) -> list[list[str]]:
    return [[image for image in str(cell).split(";") if image] for cell in frame[column]]


def _effects(results: Results, model: str, layer: str, units: Sequence[int], split: str) -> dict[str, Any] | None:
    """Return the loss of each class without each unit, units x classes, from whichever table has this layer."""
    inner = f"units/{model}/inner/{layer}.csv"
    found = results.table(inner) if results.has(inner) else results.table(f"units/{model}/effects.csv")
    if found is None:
        return None
    rows = found[(found["split"] == split) & (found["kind"] == "class")]
    if "baseline" in rows.columns:
        rows = rows[rows["baseline"] == ZERO]
    if set(rows["unit"]) != set(units):  # the layer is another one
        return None
    classes = list(dict.fromkeys(rows["name"]))
    by_unit = {key: _wide(rows, key, units, classes) for key in ("loss", "loss_low", "loss_high", "found")}
    return {"classes": classes, "split": split, **by_unit}


def _wide(rows: pd.DataFrame, key: str, units: Sequence[int], classes: Sequence[str]) -> list[list[Any]]:
    wide = rows.pivot(index="unit", columns="name", values=key).reindex(index=list(units), columns=list(classes))
    return [[short(value) for value in row] for row in wide.to_numpy(dtype=object).tolist()]
