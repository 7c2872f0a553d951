"""Made-up results of one large network, as the files that a page reads: nothing in them was measured."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.ndimage import gaussian_filter

from lucidag.data.features import Features, write_features
from lucidag.data.manifest import write_manifest
from lucidag.explain.store import About, Explained, write_explained
from lucidag.ground.files import write_json
from lucidag.ground.tables import read_table, write_table
from lucidag.units.passes.region_maps import RegionMaps, write_region_maps

CLASSES = ("heart", "<script>alert(1)</script>", "![](x)", "</script>", "a & b", '"quoted"', "007", "nan")
METHODS = (
    *("gradcam", "gradcam++", "layercam", "scorecam", "ablationcam", "eigencam", "lime", "rollout", "legrad"),
    *("epsilon_plus_flat", "epsilon_gamma_box", "epsilon_alpha2_beta1"),
)
SIGNED = METHODS[-3:]
MAIN = ("l1", "l2", "variance", "contribution", "reversed", "logit_bias")
SIDE, MAP = 112, 28
REGIONS = 5  # top images of a unit with a map


def make(folder: Path, units: int = 2048, images: int = 500, probe: int = 1500, seed: int = 0) -> None:
    """Write the results of one network.

    Parameters
    ----------
    folder
        The folder of results.
    units, images, probe
        Units of its one layer, explained images, and images of its data set.
    seed
        Of everything that is drawn.
    """
    rng = np.random.default_rng(seed)
    names = [f"made-up-{number:05}" for number in range(probe)]
    labels = [CLASSES[number % len(CLASSES)] for number in range(probe)]
    _data(folder, names, labels, rng)
    _decisions(folder, names[:images], labels, rng)
    _units(folder, units, names, rng)
    _last(folder, units, names[:images], labels, rng)
    _sweep(folder, units, rng)


def _data(folder: Path, names: list[str], labels: list[str], rng: np.random.Generator) -> None:
    columns = {"image": names, "path": "", "label": labels, "split": "test", "mask": ""}
    images = np.stack([_image(rng) for _ in names])
    write_manifest(folder / "data/made-up", pd.DataFrame(columns), CLASSES, images)
    about = {"n": len(names), "accuracy": 0.91, "accuracy_low": 0.9, "accuracy_high": 0.92, "loss": 0.3}
    write_json(folder / "models/large/evaluation.json", {"test": about, "doubts": [], "notes": []})


def _image(rng: np.random.Generator) -> np.ndarray:
    """Draw something with the detail of a photograph: noise with a spectrum of about one over the frequency."""
    layers = [gaussian_filter(rng.normal(size=(SIDE, SIDE, 3)), (s, s, 0)) * s for s in (0.7, 2, 6, 18)]
    values = np.sum(layers, axis=0)
    return np.clip(128 + 45 * values / values.std(), 0, 255).astype(np.uint8)


def _decisions(folder: Path, names: list[str], labels: list[str], rng: np.random.Generator) -> None:
    about = {name: About(name, "signed" if name in SIGNED else "graded") for name in METHODS}
    frame = np.zeros((3, MAP, MAP), np.uint8)
    found = []
    for row, name in enumerate(names):
        label, predicted = labels[row], labels[row if rng.random() < 0.9 else (row + 1) % len(labels)]
        record = {"label": label, "predicted_name": predicted, "target_name": predicted, "probability": rng.random()}
        maps = {}
        for method in METHODS:
            values = gaussian_filter(rng.normal(size=(MAP, MAP)), 3)
            maps[method] = (values if method in SIGNED else np.maximum(values, 0)).astype(np.float32)
        found.append(Explained(name, frame, None, maps, record=record, about=about))
    write_explained(folder / f"explanations/large/maps/all/{names[0]}.safetensors", found)
    values = rng.random((len(names), len(METHODS), 3))
    metrics = ("pointing_game", "iou", "relevance_mass")
    grid = pd.MultiIndex.from_product([names, METHODS, metrics], names=["image", "method", "metric"]).to_frame(False)
    grades = grid.assign(prediction="right", threshold="", value=values.reshape(-1), no_class="")
    write_table(folder / "localisation/large.csv", grades)


def _units(folder: Path, units: int, names: list[str], rng: np.random.Generator) -> None:
    table: dict[str, Any] = {"unit": np.arange(units), "words_concept": rng.choice(CLASSES, units)}
    table["words_verdict"] = rng.choice(["confirmed", "unconfirmed", "untestable"], units)
    table |= {f"words_{name}": rng.random(units) for name in ("score", "strength", "auprc", "base_rate", "lift", "p")}
    for baseline in ("zero", "mean"):
        for place in ("all", "first", "second", "third"):
            if place != "all":
                table[f"{baseline}_{place}_class"] = rng.choice(CLASSES, units)
            measured = ("loss", "loss_low", "loss_high", "accuracy", "beyond", "p_fdr")
            table |= {f"{baseline}_{place}_{name}": rng.normal(0, 0.1, units) for name in measured}
    table |= {f"relevance:{name}": rng.normal(0, 0.01, units) for name in CLASSES}
    table["role"] = rng.choice(["both", "train_only", "test_only", "neither"], units)
    table |= {f"{split}_rank:l1": rng.permutation(units) + 1 for split in ("train", "test")}
    table["nearest_unit"] = rng.integers(0, units, units)
    table["nearest_correlation"] = rng.random(units)
    table["top_images"] = [";".join(rng.choice(names, 10, replace=False)) for _ in range(units)]
    columns = {name: {"definition": "made up", "source": "units/large/effects.csv"} for name in table}
    write_table(folder / "units/large/layer4.csv", pd.DataFrame(table))
    about = {"model": "large", "layer": "layer4", "units": units, "columns": columns}
    write_json(folder / "units/large/layer4.json", about)
    pairs = pd.MultiIndex.from_product([range(units), CLASSES], names=["unit", "name"]).to_frame(False)
    pairs = pairs.assign(split="test", kind="class", images=50, found=False)
    measured = ("loss", "loss_low", "loss_high", "accuracy", "beyond", "p_fdr")
    pairs = pairs.assign(**{name: rng.normal(0, 0.1, len(pairs)) for name in measured})
    write_table(folder / "units/large/effects.csv", pairs)


def _last(folder: Path, units: int, names: list[str], labels: list[str], rng: np.random.Generator) -> None:
    """Write the features of the explained images, the last layer, and maps of all units in their top images."""
    head = {"weight": rng.normal(size=(len(CLASSES), units)), "bias": rng.normal(size=len(CLASSES))}
    features = np.maximum(rng.normal(size=(len(names), units)), 0).astype(np.float32)
    logits, owned = features @ head["weight"].T, np.array([CLASSES.index(label) for label in labels[: len(names)]])
    groups = np.zeros(len(names), np.int64)
    content = Features(
        tuple(names), owned, groups, logits, features, **head, classes=CLASSES, group_names=("all",), layer="fc"
    )
    write_features(folder / "features/large/test.safetensors", content)
    top = read_table(folder / "units/large/layer4.csv")["top_images"].str.split(";")
    maps = np.maximum(rng.normal(size=(units, REGIONS, 7, 7)), 0).astype(np.float32)
    own = RegionMaps(maps, np.full(units, 1.5, np.float32), tuple(tuple(ids[:REGIONS]) for ids in top))
    write_region_maps(folder / "units/large/regions.safetensors", {"layer4": own})


def _sweep(folder: Path, units: int, rng: np.random.Generator) -> None:
    orders: list[tuple[str, int | None]] = [(name, None) for name in MAIN]
    orders += [("random", seed) for seed in range(5)]
    share = np.arange(units + 1) / units
    parts = []
    for split in ("train", "test"):
        for method, seed in orders:
            accuracy = np.clip(share ** rng.uniform(0.2, 2) + rng.normal(0, 0.003, units + 1), 0, 1)
            part = pd.DataFrame({"split": split, "method": method, "seed": seed, "k": np.arange(units + 1)})
            parts.append(part.assign(accuracy=accuracy, loss=2 - 1.9 * accuracy, worst_accuracy=accuracy * 0.9))
    sweep = pd.concat(parts, ignore_index=True).astype({"seed": "Int64"})
    write_table(folder / "rof/large/sweep.csv", sweep)
    point = {"split": "test", "method": "l1", "seed": None, "metric": "accuracy", "n0": units // 2, "units": units}
    point |= {"value": 0.9, "baseline": 0.91, "gain": -0.01, "low": 1, "high": units - 1, "degenerate": False}
    role = {"metric": "accuracy", "degenerate": False, "role": "both", "units": units, "share": 1.0, "low": 0.9}
    role |= {"high": 1.0, "null_share": 0.9, "null_high": 1.0, "p": 0.5, "supported": 0}
    points = {"turning_points": [{**point, "margin": 0.01, "first_best": units}], "selection": [], "roles": [role]}
    write_json(folder / "rof/large/turning_points.json", points)
    table = {"unit": np.arange(units), "role": "both", "supported_accuracy": "both", "flags": ""}
    write_table(folder / "rof/large/roles.csv", pd.DataFrame(table))
