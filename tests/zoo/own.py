"""A small configuration with every stage, for the hand-written networks and images that are drawn here."""

import re
import shutil
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
import yaml
from PIL import Image, ImageDraw

from tests.zoo import handwritten

FILE = "config/handwritten.yaml"
IMAGES = ["images-circle-000", "images-square-001"]
SIZE = 32
TARGETS = ("models", "rof", "explain", "relevance", "faithfulnesses", "dissect")
LINE = re.compile(
    r"^lucidag: config/handwritten\.yaml: (?P<keys>[^:]+): (?:model '(?P<model>[\w-]+)': )?(?P<sentence>.*)$",
    re.MULTILINE,
)
WHOLE = "whole"


def draw(folder: Path) -> None:
    """Draw 40 images of circles and squares, warm or cold, with masks and a table of them."""
    random = np.random.default_rng(0)
    rows = []
    for number in range(40):
        kind, colour = ("circle", "square")[number % 2], ("warm", "cold")[number // 2 % 2]
        image = Image.fromarray(random.integers(60, 110, (SIZE, SIZE, 3), dtype=np.uint8))
        mask = Image.new("L", image.size)
        left, top, size = random.integers(4, 10), random.integers(4, 10), random.integers(12, 18)
        fill = (220, 120, 60) if colour == "warm" else (60, 120, 220)
        for drawn, value in ((image, fill), (mask, 255)):
            pen = ImageDraw.Draw(drawn)
            shape = pen.ellipse if kind == "circle" else pen.rectangle
            shape((left, top, left + size, top + size), fill=value)
        row = {
            "image": f"images/{kind}/{number:03}.png",
            "label": kind,
            "mask": f"masks/{number:03}.png",
            "colour": colour,
        }
        for file, drawn in ((row["image"], image), (row["mask"], mask)):
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            drawn.save(folder / file)
        rows.append(row)
    pd.DataFrame(rows).to_csv(folder / "table.csv", index=False)


def write_networks(folder: Path) -> None:
    """Write the networks' code, and their weights as their authors would have saved them."""
    shutil.copy(Path(handwritten.__file__), folder / "handwritten.py")
    for name, kind in handwritten.networks().items():
        torch.manual_seed(1)
        model = kind(num_classes=2).eval()
        with torch.no_grad():
            model(torch.zeros(1, 3, SIZE, SIZE))  # lazy layers get their weights
        torch.save(model.state_dict(), folder / f"{name}.pt")


def configuration(names: Iterable[str], left_out: Mapping[str, Iterable[str]]) -> dict[str, Any]:
    """Return a configuration with every stage for some networks.

    Parameters
    ----------
    names
        Of the networks.
    left_out
        By network what does not take it: ``rof``, ``relevance``, ``dissect``, or methods of explanation.
    """
    kinds = handwritten.networks()
    models = {
        name: {
            "dataset": "shapes",
            "architecture": f"handwritten:{kinds[name].__name__}",
            "weights": f"{name}.pt",
            "input": {"size": SIZE, "normalise": "none" if name == "normalising" else "imagenet"},
            "device": "cpu",
        }
        for name in names
    }

    def those(stage: str) -> list[str]:
        return [name for name in models if stage not in left_out.get(name, ())]

    stages = ("rof", "relevance", "dissect")
    without = {name: [each for each in left_out.get(name, ()) if each not in stages] for name in models}
    return {
        "datasets": {"shapes": {"source": "folder", "path": "table.csv", "groups": ["colour"]}},
        "models": models,
        "rof": {"models": those("rof"), "random_orders": 1, "resamples": 10},
        "explain": {
            "images": {"shapes": IMAGES},
            "without": {name: methods for name, methods in without.items() if methods},
            "lime": {
                "segmentation": {"algorithm": "slic", "n_segments": 40},
                "num_features": 3,
                "num_samples": 30,
            },
        },
        "relevance": {"models": those("relevance"), "atlas": {"images": 1}},
        "faithfulness": {"infidelity_samples": 3, "steps": 3, "randomisation_steps": 2, "sensitivity_samples": 2},
        "dissect": {
            "models": those("dissect"),
            "clip_dissect": {"evidence": "annotations", "columns": ["colour"]},
            "netdissect": None,
            "resamples": 20,
        },
        "report": {"notebook": False},
    }


def prepare(folder: Path) -> None:
    """Lay images, networks and the configuration of all of them into a copy of the project."""
    draw(folder)
    write_networks(folder)
    (folder / FILE).write_text(yaml.safe_dump(configuration(handwritten.networks(), {}), sort_keys=False))


def refused(said: str) -> dict[str, dict[str, str]]:
    """Return what the dry run refuses: by network, and by stage or method (`WHOLE`: everything), the sentence."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for line in LINE.finditer(said):
        for key in re.findall(r"[\w.-]+(?: \(.*?\))?", line["keys"]):
            place, _, methods = key.partition(" (")
            section, _, name = place.partition(".")
            name = line["model"] or name.rpartition(".")[2]
            what = methods.rstrip(")").split(", ") if methods else [section]
            if what == ["models"]:
                what = ["rof" if "`rof.models`" in line["sentence"] else WHOLE]
            found[name] |= dict.fromkeys(what, line["sentence"])
    return found


def taken(refusals: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """Return the configuration without what the dry run has refused."""
    names = [name for name in handwritten.networks() if WHOLE not in refusals.get(name, ())]
    return configuration(names, refusals)
