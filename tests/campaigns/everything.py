"""Configurations for accidents: one with every stage, each as small as it gets, and one of a few jobs."""

import gzip
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from PIL import Image
from safetensors.numpy import save_file

from benchmarks.project import copy_project
from tests.own_images import draw_images

CONFIGURATION = "config/accidents.yaml"
CNN = {"architecture": "lucidag.models.small:small_cnn", "device": "cpu"}
LESIONS = {"source": "lesions", "number": 80, "size": 32, "groups": ["label", "patch"]}
LIME = {"segmentation": {"algorithm": "slic", "n_segments": 6}, "num_features": 2, "num_samples": 10}
SHORTCUT = {"options": {"width": 4, "depth": 2}, "input": {"size": 32}, "train": {"epochs": 1, "threads": 1}, **CNN}
IMPORTED = {
    "architecture": "mynet:make",
    "weights": "mynet.safetensors",
    "input": {"size": 16},
    "device": "cpu",
}
MLP = {"architecture": "lucidag.models.small:small_mlp", "device": "cpu", "train": {"epochs": 2, "threads": 1}}
EVERYTHING: dict[str, Any] = {
    "datasets": {
        "digits": {"source": "digits", "groups": ["ink"], "splits": {"train": 0.1, "val": 0.1, "test": 0.8}},
        "mnist": {"source": "mnist", "root": "mnist"},
        "own": {
            "source": "folder",
            "path": "own/labels.csv",
            "columns": {"label": "diagnosis", "mask": "outline", "id": "patient"},
            "groups": ["site"],
            "splits": {"train": 0.5, "val": 0.25, "test": 0.25},
        },
        "rooms": {"source": "polygons", "path": "rooms", "splits": None},
        "lesions": {**LESIONS, "patch": {"benign": 0.5, "malignant": 0.1}, "ring": {"benign": 0.3, "malignant": 0.7}},
        "plain": {**LESIONS, "patch": {"benign": 0.3, "malignant": 0.3}, "ring": {"benign": 0.3, "malignant": 0.3}},
        "things": {"source": "scenes", "number": 60, "groups": ["place"]},
        "tied": {"source": "scenes", "number": 60, "seed": 2, "tied": {"heart": "red"}},
    },
    "models": {
        "net": {
            "dataset": "digits",
            "seeds": [0, 1],
            **MLP,
            "options": {"inputs": 64, "hidden": [8]},
            "input": {"size": 8, "channels": 1},
        },
        "foreign": {"dataset": "own", **IMPORTED},
        "room": {"dataset": "rooms", **IMPORTED},
        "number": {
            "dataset": "mnist",
            **MLP,
            "options": {"inputs": 784, "hidden": [4]},
            "input": {"size": 28, "channels": 1},
        },
        "one": {
            "dataset": "things",
            "options": {"width": 4, "depth": 2},
            "input": {"size": 32},
            "train": {"epochs": 2, "threads": 1},
            "batch_size": 16,
            "shards": 2,
            **CNN,
        },
        "shortcut": {"dataset": "lesions", **SHORTCUT},
        "without": {"dataset": "plain", **SHORTCUT},
        "planted": {
            "dataset": "tied",
            "architecture": "lucidag.models.planted:make",
            "options": {"width": 4, "detail": 4, "floor": 0, "images": 40, "epochs": 1, "shortcuts": {"heart": "red"}},
            "input": {"size": 64},
            "device": "cpu",
            "train": {"epochs": 1, "trainable": ["trunk", "fc"], "threads": 1},
        },
    },
    "rof": {
        "models": ["net", "foreign", "one"],
        "methods": ["l1", "random", "reversed"],
        "random_orders": 1,
        "resamples": 10,
        "order_resamples": 2,
        "points": [1, 4],
    },
    "generalisation": {"noise": {"models": ["net"], "resamples": 20}},
    "explain": {
        "models": ["one"],
        "images": {"things": {"scene-00001": {"target": "heart"}, "scene-00002": {"target": "fish"}}},
        "images_per_job": 1,
        "methods": ["gradcam", "lime", "epsilon_plus_flat"],
        "lime": {**LIME, "tuning": {"trials": 2}},
        "agreement": {"thresholds": [0.5], "resamples": 10},
        "localisation": {"thresholds": [0.5], "resamples": 10},
    },
    "relevance": {"atlas": {"layers": {"one": "blocks.block2"}, "units": 2, "examples": 2}},
    "faithfulness": {
        "methods": ["gradcam", "epsilon_plus_flat"],
        "infidelity_samples": 4,
        "sensitivity_samples": 2,
        "steps": 2,
        "randomisation_steps": 1,
        "shares": [0.5],
        "resamples": 10,
        "shards": 2,
    },
    "clips": {
        "small": {
            "train": {"dataset": "things", "steps": 3, "batch_size": 8, "image_size": 32, "width": 2, "threads": 1}
        }
    },
    "dissect": {
        "models": ["one", "planted"],
        "probe": "things",
        "layers": {"one": ["blocks.block2"], "planted": ["units"]},
        "clip_dissect": {"concepts": "annotations"},
        "compare": [["one", "planted"]],
        "control": None,
        "batch_size": 16,
        "sheet": {"units": 2, "images": 2},
        "resamples": 20,
        "shards": 2,
    },
    "units": {
        "models": ["one"],
        "layers": ["blocks.block1"],
        "images": 10,
        "random_sets": 19,
        "resamples": 20,
        "search": ["a red ball"],
    },
    "planted": {"probe_images": 20, "class_images": 1, "images": 1, "resamples": 20, "methods": ["gradcam"]},
    "artefacts": {"datasets": ["lesions"], "finders": ["ring", "patch"], "resamples": 20, "examples": 1},
    "discover": {"models": ["shortcut"], "min_images": 8, "clusters": 2, "surrogates": 19, "resamples": 10},
    "repair": {
        "mended": {
            "model": "shortcut",
            "without": "without",
            "way": "mask",
            "columns": ["ring"],
            "pasted": {"ring": "malignant"},
            "images": 4,
            "random": 19,
            "resamples": 20,
        }
    },
    "shortcuts": {
        "study": {
            "trained_with": "shortcut",
            "trained_without": "without",
            "artefacts": {"ring": "malignant"},
            "clean": {"ring": "0"},
            "images": 2,
            "methods": ["gradcam"],
            "resamples": 20,
        }
    },
}
# A data set, a network, what it says, its curves.
FEW: dict[str, Any] = {
    "datasets": {"own": EVERYTHING["datasets"]["own"]},
    "models": {
        "one": {
            "dataset": "own",
            "options": {"width": 2, "depth": 2},
            "input": {"size": 16},
            "train": {"epochs": 20, "batch_size": 8, "threads": 1},
            **CNN,
        }
    },
    "rof": {"methods": ["l1", "random"], "random_orders": 1, "resamples": 10, "order_resamples": 2},
    "claims": None,
    "report": {"notebook": False, "atlas": None},
}
NETWORK = '''\
"""A network whose logits are not linear in its units."""

from torch import nn


def make(num_classes: int) -> nn.Module:
    """Build two convolutions, and a function before the mean over places."""
    units = [nn.Conv2d(3, 6, 3, 2), nn.ReLU()]
    return nn.Sequential(*units, nn.Conv2d(6, num_classes, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
'''


def prepare(folder: Path, words: Mapping[str, Any]) -> None:
    """Lay the project, a configuration and the files that it names into a folder that exists."""
    copy_project(folder)
    (folder / CONFIGURATION).write_text(yaml.safe_dump(dict(words), sort_keys=False), encoding="utf-8")
    (folder / "mynet.py").write_text(NETWORK, encoding="utf-8")
    shapes = {"0.weight": (6, 3, 3, 3), "0.bias": (6,), "2.weight": (2, 6, 1, 1), "2.bias": (2,)}
    draw = np.random.default_rng(0)
    save_file(
        {name: draw.normal(0.2, 0.3, shape).astype(np.float32) for name, shape in shapes.items()},
        folder / "mynet.safetensors",
    )
    draw_images(folder / "own")
    _draw_rooms(folder / "rooms")
    _draw_digits(folder / "mnist/MNIST/raw")


def _draw_rooms(folder: Path) -> None:
    """Draw rooms of two classes, each with the polygon of one object."""
    points = "".join(f"<pt><x>{x}</x><y>{y}</y></pt>" for x, y in ((2, 2), (12, 2), (12, 10)))
    for split in ("train", "val", "test"):
        for number in range(4):
            image, annotation = folder / f"images/{split}/{number}.png", folder / f"objects/{split}/{number}.xml"
            for file in (image, annotation):
                file.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (16, 16), (40 * number, 60, 90)).save(image)
            annotation.write_text(
                f"<annotation><class>{number % 2}</class><objects><class>1</class><polygon>{points}</polygon>"
                "</objects></annotation>"
            )
    (folder / "categories.txt").write_text("/b/bedroom 0\n/k/kitchen 1\n")
    (folder / "object_categories.txt").write_text("lamp 0\nchair 1\n")


def _draw_digits(folder: Path) -> None:
    """Draw the four files of MNIST, of a few images."""
    folder.mkdir(parents=True)
    draw = np.random.default_rng(1)
    for name, number in (("train", 20), ("t10k", 20)):
        images = draw.integers(0, 256, (number, 28, 28), dtype=np.uint8)
        labels = (np.arange(number) % 10).astype(np.uint8)
        for kind, values in (("images-idx3", images), ("labels-idx1", labels)):
            head = bytes([0, 0, 8, values.ndim]) + b"".join(size.to_bytes(4, "big") for size in values.shape)
            (folder / f"{name}-{kind}-ubyte.gz").write_bytes(gzip.compress(head + values.tobytes(), mtime=0))
