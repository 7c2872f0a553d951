"""A model's explained images: its decision, its maps by each method, and how far these agree and are right."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from lucidag.atlas.results import Results
from lucidag.atlas.shrink import coarse, in_letters, nibbles
from lucidag.atlas.table import short, table
from lucidag.data.roles import RESERVED
from lucidag.explain.store import Explained

AGREEMENT = ["method_a", "method_b", "threshold", "iou", "control"]
FOUND = "_found"  # columns of an audit that say whether an image has an artefact
MOST_VALUES = 12  # of a column that images are picked by
GRADES = ["method", "metric", "threshold", "value"]


def images(results: Results, model: str, dataset: str, seen: dict[str, list[Explained]]) -> dict[str, Any]:
    """Return the section of a model's explained images, without their maps."""
    rows = [{"image": image, **_decision(parts)} for image, parts in seen.items()]
    agreement = results.table(f"agreement/{model}.csv")
    grades = results.table(f"localisation/{model}.csv")
    frame = pd.DataFrame(rows)
    if agreement is not None:
        usual = agreement[agreement["threshold"] == _middle(agreement)]
        frame["agreement"] = frame["image"].map(usual.groupby("image")["iou"].mean())
    notes = {image: [note for part in parts for note in _notes(part)] for image, parts in seen.items()}
    return {
        "model": model,
        "dataset": dataset,
        "images": table(frame, f"explanations/{model}/"),
        "agreement": _by_image(agreement, f"agreement/{model}.csv", AGREEMENT),
        "grades": _by_image(grades, f"localisation/{model}.csv", GRADES),
        "marks": marks(results, dataset, list(seen)),
        "notes": {image: told for image, told in notes.items() if told},
    }


def maps(seen: dict[str, list[Explained]], side: int) -> dict[str, Any]:
    """Return the maps of all images by all methods, side x side places in four bits."""
    methods: dict[str, dict[str, Any]] = {}
    for parts in seen.values():
        for part in parts:
            for name in part.maps:
                methods.setdefault(
                    name, {"name": name, "title": title(part, name), "signed": part.kind(name) == "signed"}
                )
    packed, present = [], []
    for parts in seen.values():
        found = {name: values for part in parts for name, values in part.maps.items()}
        for name, about in methods.items():
            values = found.get(name)
            present.append(values is not None and bool(np.abs(values).max() > 0))
            small = coarse(np.zeros((side, side), np.float32) if values is None else values, side)
            packed.append(nibbles(small, about["signed"]))
    size = packed[0].shape[0]
    return {
        "images": list(seen),
        "methods": list(methods.values()),
        "size": size,
        "data": in_letters(np.stack(packed)),
        "present": present,
    }


def title(part: Explained, method: str) -> str:
    """Return what readers call a method."""
    return part.about[method].title if method in part.about else method


def _decision(parts: Sequence[Explained]) -> dict[str, Any]:
    record = parts[0].record
    return {
        "label": record["label"],
        "explained": record["target_name"],
        "prediction": record["predicted_name"],
        "probability": short(record["probability"]),
        "right": record["label"] == record["predicted_name"],
    }


def _notes(part: Explained) -> list[str]:
    notes = part.record.get("notes", ())
    told = list(notes.values()) if isinstance(notes, dict) else list(notes)
    return [*told, *(f"{name}: its relevance explodes" for name in part.record.get("exploded", ()))]


def marks(results: Results, dataset: str, ids: Sequence[str]) -> list[dict[str, Any]]:
    """Return what tells images apart beside their class: metadata of few values, and artefacts that an audit found."""
    manifest, audit = results.table(f"data/{dataset}/manifest.csv"), results.table(f"artefacts/{dataset}.csv")
    found = []
    if manifest is not None:
        found += [(name, manifest, name) for name in manifest.columns if name not in RESERVED]
    if audit is not None:
        found += [(f"{name} found", audit, f"{name}{FOUND}") for name in _ends(audit, FOUND)]
    told = []
    for name, frame, column in found:
        own = frame.set_index("image")[column].reindex(list(ids)).astype(object)
        values = [None if pd.isna(value) else _word(value) for value in own]
        if 1 < len({value for value in values if value is not None}) <= MOST_VALUES:
            told.append({"name": name, "artefact": frame is audit, "values": values})
    return told


def _word(value: Any) -> str:  # noqa: ANN401 (a cell)
    return {"0": "no", "1": "yes"}.get(f"{value:g}" if isinstance(value, float) else str(value), str(value))


def _ends(frame: pd.DataFrame, end: str) -> list[str]:
    return [name.removesuffix(end) for name in frame.columns if name.endswith(end)]


def _middle(agreement: pd.DataFrame) -> str:
    """Return the threshold that is shown for an image as a whole: areas matched, where that was asked for."""
    thresholds = list(dict.fromkeys(agreement["threshold"]))
    return "area" if "area" in thresholds else str(thresholds[len(thresholds) // 2])


def _by_image(frame: pd.DataFrame | None, file: str, columns: list[str]) -> dict[str, Any] | None:
    if frame is None:
        return None
    if "threshold" in frame.columns and "iou" in frame.columns:
        frame = frame[frame["threshold"] == _middle(frame)]
    return {str(image): table(rows, file, columns) for image, rows in frame.groupby("image", sort=False)}
