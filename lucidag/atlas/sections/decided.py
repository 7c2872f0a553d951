"""What decisions about explained images rest on: units in front of the last layer, relevance of units, edits."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from lucidag.atlas.deciding import Decision, decision
from lucidag.atlas.results import Results
from lucidag.atlas.table import Table, head, rounded, table
from lucidag.ground.tensors import read_tensors

MOST_UNITS = 8  # of a decision
COLUMNS = ("unit", "concept", "adds", "share")  # of the units behind a decision
EDITS = ["edit", "artefact", "before", "after", "control", "study"]


def decided(results: Results, model: str, layer: str | None, wanted: Iterable[str]) -> dict[str, Any]:
    """Return the section of a model's explained images.

    Parameters
    ----------
    results
        What may be read.
    model
        The network.
    layer
        The layer of the units in front of the last one, as dossiers name it; None without dossiers.
    wanted
        The explained images.
    """
    images = list(wanted)
    return {
        "model": model,
        "layer": layer,
        "columns": {name: head(name, "text" if name == "concept" else "number") for name in COLUMNS},
        "rests_on": dict(_rests_on(results, model, images)),
        "relevance": dict(_relevance(results, model, images)),
        "edits": dict(_edits(results, model, images)),
    }


def _rests_on(results: Results, model: str, images: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give of each image whose features are there, and whose logits are linear in them, what it rests on."""
    for split in ("val", "test"):
        file = f"features/{model}/{split}.safetensors"
        if not results.has(file):
            continue
        with read_tensors(results.path(file), "features") as (handle, about):
            names = set(handle.keys())
            if "exact" in names or "head.weight" not in names or len(about["classes"]) < 2:
                return
            weight, bias = handle.get_tensor("head.weight"), handle.get_tensor("head.bias")
            rows, features = {image: row for row, image in enumerate(about["images"])}, handle.get_slice("features")
            for image in (image for image in images if image in rows):
                found = decision(np.asarray(features[rows[image]]), weight, bias)
                yield image, _told(found, about["classes"])


def _told(found: Decision, classes: list[str]) -> dict[str, Any]:
    order = np.argsort(-np.abs(found.adds), kind="stable")[:MOST_UNITS]
    return {
        "decided": classes[found.decided],
        "rival": classes[found.rival],
        "lead": rounded(found.lead),
        "units": [int(unit) for unit in order],
        "adds": [rounded(float(found.adds[unit])) for unit in order],
        "others": rounded(found.lead - float(found.adds[order].sum())),
        "without": None if found.without is None else list(found.without),
        "then": None if found.then is None else classes[found.then],
        "of": len(found.adds),
    }


def _relevance(results: Results, model: str, images: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    for image in images:
        file = f"relevance/{model}/crp/{image}.safetensors"
        if results.has(file):
            with read_tensors(results.path(file), "units of a decision") as (_, about):
                units = about["units"]
                yield (
                    image,
                    {
                        "layer": about["record"]["layer"],
                        "class": about["record"]["target_name"],
                        "units": [each["unit"] for each in units],
                        "shares": [rounded(each["share"]) for each in units],
                    },
                )


def _edits(results: Results, model: str, images: list[str]) -> Iterator[tuple[str, Table]]:
    """Give of each image whose edits a study or a repair measured, what they did."""
    parts = []
    for kind, name, done in (
        ("shortcuts", "probabilities", "pasted"),
        ("shortcuts", "removal", "removed"),
        ("repair", "probabilities", "pasted"),
    ):
        for study in results.named(f"{kind}/{{}}/{name}.csv"):
            frame = results.table(f"{kind}/{study}/{name}.csv")
            assert frame is not None
            parts.append(
                frame[frame["model"] == model].assign(edit=done, study=study, file=f"{kind}/{study}/{name}.csv")
            )
    if not parts:
        return
    rows = pd.concat(parts, ignore_index=True)
    for image, own in rows[rows["image"].isin(images)].groupby("image"):
        yield str(image), table(own, "; ".join(dict.fromkeys(own["file"])), EDITS)
