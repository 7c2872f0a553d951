"""What a user sees when a network or a data set cannot be explained, measured or audited as asked."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from lucidag.ground.files import read_json
from lucidag.models.small import small_cnn
from tests.workflow.mistakes import said, write

pytestmark = pytest.mark.workflow

IMAGES = ["p0", "p1"]
ODD = '''\
"""A network with a module that no rule of relevance covers."""

import torch
from torch import nn


class Square(nn.Module):
    """Squares what comes in."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the squares."""
        return x * x


class Net(nn.Module):
    """One convolution, squares, a mean, a linear layer."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.square = Square()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.fc = nn.Linear(4, num_classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits."""
        return self.fc(self.flatten(self.pool(self.square(self.conv(x)))))


def make(num_classes: int) -> nn.Module:
    """Build the network."""
    return Net(num_classes)
'''
WORDS = {
    "results": "odd",
    "datasets": {
        "own": {"source": "folder", "path": "few/labels.csv"},
        "alike": {"source": "folder", "path": "few/alike.csv"},
    },
    "models": {
        "odd": {"dataset": "own", "architecture": "oddnet:make", "input": {"size": 16}, "weights": "w/odd.safetensors"},
        "flat": {
            "dataset": "own",
            "architecture": "lucidag.models.small:small_cnn",
            "options": {"width": 4, "depth": 2},
            "input": {"size": 16},
            "weights": "w/flat.safetensors",
        },
    },
    "rof": None,
    "explain": {"images": {"own": IMAGES}, "methods": ["gradcam", "epsilon_plus_flat"]},
    "faithfulness": {
        "models": ["flat"],
        "infidelity_samples": 5,
        "steps": 4,
        "randomisation_steps": 2,
        "resamples": 20,
    },
    "artefacts": {"datasets": ["alike"], "finders": ["ring"]},
}
TARGETS = [
    "odd/explanations/flat/maps/lrp/p0.safetensors",
    "odd/faithfulness/flat.csv",
    "odd/artefacts/alike.json",
]


@pytest.fixture(scope="module")
def tried(project: Callable[[], Path], snakemake):
    """Return the folder of a run, and the run: images of one class without an id, and two networks."""
    folder = project()
    (folder / "oddnet.py").write_text(ODD, encoding="utf-8")
    (folder / "few").mkdir()
    names = [f"p{number}" for number in range(16)]
    for number, name in enumerate(names):
        colours = np.random.default_rng(number).integers(0, 256, (16, 16, 3), dtype=np.uint8)
        Image.fromarray(colours).save(folder / f"few/{name}.png")
    mixed = "".join(f"{name}.png,{'ab'[number % 2]}\n" for number, name in enumerate(names))
    (folder / "few/labels.csv").write_text(f"image,label\n{mixed}")
    (folder / "few/alike.csv").write_text(f"image,label\n{mixed.replace(',a', ',b')}")
    (folder / "w").mkdir()
    flat = {name: torch.zeros_like(value) for name, value in small_cnn(2, width=4, depth=2).state_dict().items()}
    save_file(flat, folder / "w/flat.safetensors")
    shapes = {"conv.weight": (4, 3, 3, 3), "conv.bias": (4,), "fc.weight": (2, 4), "fc.bias": (2,)}
    save_file({name: torch.ones(shape) for name, shape in shapes.items()}, folder / "w/odd.safetensors")
    file = write(folder, "odd", WORDS | {"explain": WORDS["explain"] | {"models": ["flat"]}})
    snakemake(folder, "--cores", "2", *TARGETS, "--configfile", file)
    return folder, snakemake


STUDY = {"trained_with": "flat", "trained_without": "odd", "artefacts": {"ring": "a"}, "methods": ["epsilon_plus_flat"]}
ASKED = {
    "explain": (WORDS, "explain.methods (epsilon_plus_flat)"),
    "relevance": (
        WORDS
        | {
            "explain": WORDS["explain"] | {"methods": ["gradcam"]},
            "relevance": {"models": ["odd"], "atlas": {"layers": {"odd": "conv"}}},
        },
        "relevance",
    ),
    "shortcut": (
        WORDS | {"explain": WORDS["explain"] | {"models": ["flat"]}, "shortcuts": {"s": STUDY}},
        "shortcuts.s.methods (epsilon_plus_flat)",
    ),
}


@pytest.mark.parametrize("case", ASKED)
def test_a_step_without_a_rule_is_named_in_the_dry_run_with_what_to_do(tried, case: str) -> None:
    folder, snakemake = tried
    words, key = ASKED[case]
    file = write(folder, case, words)
    done = snakemake(folder, "--dry-run", "--configfile", file, check=False)
    (line,) = said(done)
    assert line.startswith(f"lucidag: {file}: {key}: model 'odd': network 'Net': module 'square' (Square)")
    assert "has no rule" in line
    assert "leave this one out" in line


def test_networks_with_rules_and_those_that_nobody_asks_are_let_be(tried) -> None:
    folder, snakemake = tried
    networks = WORDS["models"] | {"resnet": {"dataset": "own", "architecture": "resnet18", "train": {"epochs": 1}}}
    explain = WORDS["explain"] | {"models": ["flat", "resnet"]}
    file = write(folder, "fine", WORDS | {"models": networks, "explain": explain})
    snakemake(folder, "--dry-run", "--configfile", file)


def test_explanations_that_are_the_same_everywhere_have_no_value_and_a_note(tried) -> None:
    folder, _ = tried
    table = pd.read_csv(folder / "odd/faithfulness/flat.csv")
    mine = table[table["method"].isin(["gradcam", "epsilon_plus_flat"])]
    assert set(mine["method"]) == {"gradcam", "epsilon_plus_flat"}
    assert mine["value"].isna().all()
    assert set(mine["note"]) == {"the map is zero everywhere"}


def test_images_of_one_class_are_audited_and_the_shortcut_says_why_not(tried) -> None:
    folder, _ = tried
    audit = read_json(folder / "odd/artefacts/alike.json")
    assert audit["shortcut"] == {"sentence": "All images are of one class, so there is no label to predict."}
    assert (folder / "odd/artefacts/alike.csv").is_file()
