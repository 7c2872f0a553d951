"""A small configuration with every rule of the workflow, and the files that it names; campaigns and tests run it.

Where several jobs do the work of one, their rules run in place of the rule of that one. So it has two forms, which
make the same: with shards, as `tests/every.yaml` is written, and without.
"""

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

CONFIGURATION = "config/every.yaml"
WHOLE = "config/whole.yaml"  # the same without shards
CLAIMS = """\
claims:
  - {id: right, project: own, text: It is right., claimed: {above: 0.5}, measure: {name: accuracy, of: [one]}}
  - {id: listed, project: own, text: Two., claimed: {value: 2}, measure: {name: units_listed, of: own/published.csv}}
"""
PUBLISHED = "layer,unit,description,similarity\nlast,0,dog,0.5\nlast,1,cat,0.25\n"
NETWORK = '''\
"""A network whose logits are not linear in its units."""

from torch import nn


def make(num_classes: int) -> nn.Module:
    """Build two convolutions, and a function before the mean over places."""
    units = [nn.Conv2d(3, 6, 3, 2), nn.ReLU()]
    return nn.Sequential(*units, nn.Conv2d(6, num_classes, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
'''


def every() -> dict[str, Any]:
    """Return the configuration, with several jobs for a stage where a stage may have them."""
    words: dict[str, Any] = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
    return words


def whole() -> dict[str, Any]:
    """Return the same with one job for each stage."""
    words = every()
    for section in (words["models"]["one"], words["dissect"], words["faithfulness"]):
        del section["shards"]
    return words


def prepare(folder: Path, words: Mapping[str, Any] | None = None) -> None:
    """Lay the project into a folder that exists, with both forms, or another configuration in place of the first."""
    copy_project(folder)
    draw_images(folder / "own")
    add(folder, words)


def add(folder: Path, words: Mapping[str, Any] | None = None) -> None:
    """Lay the configuration and the files that it names into a folder with a project and the images of its own."""
    for name, section in ((CONFIGURATION, words or every()), (WHOLE, whole())):
        (folder / name).write_text(yaml.safe_dump(dict(section), sort_keys=False), encoding="utf-8")
    (folder / "config/every-claims.yaml").write_text(CLAIMS, encoding="utf-8")
    (folder / "own/published.csv").write_text(PUBLISHED, encoding="utf-8")
    (folder / "everynet.py").write_text(NETWORK, encoding="utf-8")
    shapes = {"0.weight": (6, 3, 3, 3), "0.bias": (6,), "2.weight": (2, 6, 1, 1), "2.bias": (2,)}
    draw = np.random.default_rng(0)
    weights = {name: draw.normal(0.2, 0.3, shape).astype(np.float32) for name, shape in shapes.items()}
    save_file(weights, folder / "own/weights.safetensors")
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
