"""A small page of made-up results whose names try to be markup."""

import base64
import io
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from lucidag.atlas.build import rendered
from lucidag.atlas.encode import packed
from lucidag.atlas.table import head, table, values

HOSTILE = ("<script>window.hit=1</script>", "![](x)", '<img src=x onerror="window.hit=1">')
CLASSES = ("heart", *HOSTILE)
METHODS = ("Grad-CAM", "LRP", HOSTILE[2])
UNITS, IMAGES, SIDE = 40, 6, 8


def page(units: int = UNITS) -> str:
    """Return the page of two networks: one with units, curves and explained images, one with explained images."""
    parts = {
        "units:net/block/layer4": _units("net", "block/layer4", units),
        "units:net/fc": _units("net", "fc", 5),
        "regions:net/block/layer4": _regions(units),
        "decided:net": _decided(),
        "measures": _measures(),
        "function:net": _function("net", units),
        "images:net": _images("net"),
        "images:other": _images("other"),
        "maps:net": _maps(),
        "maps:other": _maps(),
        "thumbs:shapes": _thumbs(),
        "compare": {
            "tables": [
                {"title": HOSTILE[0], "table": _plain("experiments.csv")},
                {"title": "Wide", "table": table(_wide(), "experiments.csv")},
            ]
        },
        "data": {"datasets": [_dataset()]},
        "claims": {"table": _plain("claims.csv")},
        "provenance": _provenance(),
    }
    letters = {name: packed(part) for name, part in parts.items()}
    return rendered({"core": packed(_core(letters)), **letters})


def names() -> list[str]:
    """Return the ids of the images."""
    return [f"scene/{place:05}" for place in range(IMAGES)]


def _core(letters: dict[str, str]) -> dict[str, Any]:
    model = {"dataset": "shapes", "architecture": HOSTILE[1], "split": "test", "n": 100, "loss": 0.1}
    told = {"accuracy": 0.9, "accuracy_low": 0.83, "accuracy_high": 0.95}
    found = [
        _finding(
            "0001", "Units", "result", "Without unit 3 heart loses .31 nats (.22 to .40).", "#unit=net/block%2Flayer4/3"
        ),
        _finding("0002", HOSTILE[0], "result", f"The network says {HOSTILE[0]} and {HOSTILE[1]}.", "#images"),
        _finding("0003", "Units", "doubt", f"Label {HOSTILE[2]} is not confirmed.", "#units"),
    ]
    return {
        "models": [{"name": name, "model": name, **model, **told} for name in ("net", "other")],
        "columns": [head(name) for name in ("model", "architecture", "accuracy", "loss")],
        "findings": found,
        "sections": {name: len(text) for name, text in letters.items()},
        "layers": {"net": ["block/layer4", "fc"]},
        "last": {},
        "probes": {},
        "versions": {"lucidag": "0"},
        "seeds": {"net": 0, "other": None},
        "ran": [{"analysis": "Units", "doc": f"What {HOSTILE[0]} does.", "of": ["net", HOSTILE[1]]}],
        "left_out": [f"Nothing of {HOSTILE[0]} is left out."],
    }


def _finding(name: str, analysis: str, level: str, sentence: str, link: str) -> dict[str, Any]:
    evidence = [{"file": "units/net/effects.csv", "where": f"class {HOSTILE[0]}"}]
    return {
        "id": name,
        "analysis": analysis,
        "level": level,
        "sentence": sentence,
        "links": [{"to": link, "text": "Show"}],
        "evidence": evidence,
    }


def _units(model: str, layer: str, many: int) -> dict[str, Any]:
    draw = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "unit": range(many),
            "words_concept": [CLASSES[place % 4] for place in range(many)],
            "words_verdict": ["confirmed" if place % 3 else "unconfirmed" for place in range(many)],
            "words_auprc": draw.random(many),
            "words_base_rate": 0.2,
            "zero_first_class": [CLASSES[place % 4] for place in range(many)],
            "zero_first_loss": [None if place % 5 == 0 else float(place) / 100 for place in range(many)],
            "nearest_unit": [(place + 1) % many for place in range(many)],
            "nearest_correlation": 0.5,
            "warnings": [HOSTILE[0] if place == 1 else "" for place in range(many)],
            f"relevance:{HOSTILE[0]}": draw.random(many),
        }
    )
    shown = [[names()[(place + step) % IMAGES] for step in range(5)] for place in range(many)]
    loss = draw.normal(size=(many, len(CLASSES)))
    effects = {"loss": loss, "loss_low": loss - 0.1, "loss_high": loss + 0.1}
    return {
        "model": model,
        "layer": layer,
        "units": table(frame, f"units/{model}/{layer}.csv", meanings={"unit": f"Its place. {HOSTILE[2]}"}),
        "images": {"top": shown, "reference": shown},
        "ranks": {"l1": list(range(many, 0, -1))},
        "effects": {
            "classes": list(CLASSES),
            "split": "test",
            **{key: [values(pd.Series(row)) for row in each] for key, each in effects.items()},
            "found": (loss > 1).tolist(),
        },
        "left_out": 0,
    }


def _regions(units: int) -> dict[str, Any]:
    """Give maps of 2 x 2 places, of which the upper left one is active."""
    shown = [[names()[(place + step) % IMAGES] for step in range(5)] for place in range(units)]
    data = base64.b64encode(bytes([0xF0, 0x00] * 5 * units)).decode()
    return {"images": shown, "height": 2, "width": 2, "data": data, "threshold": [0.5] * units}


def _decided() -> dict[str, Any]:
    """Give what three images rest on; two of them on unit 3, and of one what an edit does."""
    found = {"decided": "heart", "rival": HOSTILE[0], "lead": 1.5, "others": 0.1, "of": UNITS}
    found |= {"units": [3, 7], "adds": [0.9, 0.5], "without": [3, 7], "then": HOSTILE[0]}
    last = {**found, "units": [5], "adds": [1.4], "without": None, "then": None}
    row = {"edit": "pasted", "artefact": HOSTILE[1], "before": 0.9, "after": 0.2, "control": 0.8, "study": "ring"}
    return {
        "model": "net",
        "layer": "block/layer4",
        "columns": {name: head(name) for name in ("unit", "concept", "adds", "share")},
        "rests_on": {names()[0]: found, names()[1]: found, names()[2]: last},
        "relevance": {names()[0]: {"layer": "fc", "class": "heart", "units": [2], "shares": [0.3]}},
        "edits": {names()[0]: table(pd.DataFrame([row]), "shortcuts/ring/probabilities.csv")},
    }


def _measures() -> dict[str, Any]:
    row = {"group": "test images", "measure": HOSTILE[0], "value": 0.5, "low": 0.4, "high": 0.6}
    other = {**row, "measure": "loss", "low": None, "high": None}
    return {"models": {"net": [row, other], "other": [{**row, "value": 0.7, "low": None, "high": None}]}}


def _function(model: str, units: int) -> dict[str, Any]:
    k = list(range(units + 1))
    rise = [place / units for place in k]
    curve = {"split": "test", "k": k, "accuracy": rise, "loss": rise[::-1]}
    band = {"accuracy_low": [0.0] * len(k), "accuracy_high": [1.0] * len(k)}
    point = {"split": "test", "method": "l1", "metric": "accuracy", "n0": 7, "low": 5, "high": 9, "units": units}
    role = {"metric": "accuracy", "role": "enhancing", "units": 5, "share": 0.125, "supported": 1}
    return {
        "model": model,
        "file": f"rof/{model}/sweep.csv",
        "curves": [{**curve, "method": "random", **band}, {**curve, "method": "l1"}, {**curve, "method": HOSTILE[0]}],
        "points": table(pd.DataFrame([point]), "rof/net/turning_points.json"),
        "roles": table(pd.DataFrame([role]), "rof/net/turning_points.json"),
        "units": units,
        "confusion": {"k": [0, 20, 40], "classes": list(CLASSES), "counts": [_taken(0), _taken(5), _taken(9)]},
    }


def _taken(right: int) -> list[list[int]]:
    return [[right if place == column else place for column in range(4)] for place in range(4)]


def _images(model: str) -> dict[str, Any]:
    labels = [CLASSES[place % 4] for place in range(IMAGES)]
    predicted = ["heart", *labels[1:]] if model == "net" else ["heart"] * IMAGES
    frame = pd.DataFrame({"image": names(), "label": labels, "explained": predicted, "prediction": predicted})
    frame["probability"] = np.linspace(0.9, 0.4, IMAGES)
    frame["right"] = frame["label"] == frame["prediction"]
    frame["agreement"] = np.linspace(0.2, 0.7, IMAGES)
    pairs = pd.DataFrame([{"method_a": METHODS[0], "method_b": METHODS[2], "threshold": "area", "iou": 0.4}])
    return {
        "model": model,
        "dataset": "shapes",
        "images": table(frame, f"explanations/{model}/"),
        "agreement": {name: table(pairs, f"agreement/{model}.csv") for name in names()},
        "grades": None,
        "marks": [{"name": HOSTILE[2], "artefact": True, "values": ["0", "1", None] * (IMAGES // 3)}],
        "notes": {names()[0]: [f"Not sure of {HOSTILE[2]}."]},
    }


def _maps() -> dict[str, Any]:
    data = np.random.default_rng(0).integers(0, 256, IMAGES * len(METHODS) * SIDE * SIDE // 2, dtype=np.uint8)
    return {
        "images": names(),
        "methods": [{"name": name, "title": name, "signed": place == 1} for place, name in enumerate(METHODS)],
        "size": SIDE,
        "data": base64.b64encode(data.tobytes()).decode(),
        "present": [place % 7 > 0 for place in range(IMAGES * len(METHODS))],
    }


def _thumbs() -> dict[str, Any]:
    return {
        "size": 16,
        "ids": names(),
        "webp": [_webp(place * 40) for place in range(IMAGES)],
        "label": [CLASSES[place % 4] for place in range(IMAGES)],
        "split": ["test"] * IMAGES,
        "left_out": 0,
    }


def _webp(grey: int) -> str:
    place = io.BytesIO()
    Image.new("RGB", (16, 16), (grey, 90, 90)).save(place, "WEBP")
    return base64.b64encode(place.getvalue()).decode()


def _dataset() -> dict[str, Any]:
    counts = pd.DataFrame({"class": CLASSES, "train": [7] * 4, "test": [3] * 4})
    return {
        "name": "shapes",
        "kind": "folder",
        "columns": ["label", HOSTILE[2]],
        "counts": table(counts, "data/shapes/dataset.json"),
        "notes": [HOSTILE[0]],
        "irregularities": {"dropped_files": 2},
    }


def _provenance() -> dict[str, Any]:
    """Give what made two files, of which one is the table of claims."""
    rows = [
        {"file": file, "rule": rule, "of": HOSTILE[0], "sha256": f"{place}" * 64, "bytes": 100 + place, "code": "0f1e"}
        for place, (file, rule) in enumerate([("claims.csv", "claims"), ("units/net/effects.csv", "unit_effects")])
    ]
    kept = {"packages": 0, "seeds": {"train.seed": 7}}
    return {
        "table": table(pd.DataFrame(rows), ""),
        "job": [0, 1],
        "jobs": [
            {**kept, "settings": {"names": 0}, "record": "provenance/claims@claims@0.json"},
            {**kept, "settings": {"names": 1}, "record": "provenance/units/net/unit_effects@@1.json"},
        ],
        "values": [f'["{HOSTILE[1]}"]', f'["{HOSTILE[0]}"]'],
        "packages": [["numpy 2"]],
    }


def _wide() -> pd.DataFrame:
    """Give a table of 70 measures of methods beside one of all."""
    return pd.DataFrame({"model": ["net"], "test_accuracy": 0.9} | {f"agreement:{place}": 0.5 for place in range(70)})


def _plain(file: str) -> dict[str, Any]:
    return table(pd.DataFrame({"name": CLASSES, "value": [0.1, 0.25, None, 3]}), file)
