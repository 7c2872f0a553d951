"""A hand-written network of CIFAR's kind, imported from its folder of images: rightly, and wrongly in one way each."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from PIL import Image
from torch import nn

from tests.models.setups import descend

pytestmark = pytest.mark.workflow

CLASSES = ["automobile", "bird", "cat", "deer"]
SIZE = 32
MEAN, STD = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)  # CIFAR-10's, as everybody writes them
NETWORK = """\
from torch import nn


def make(num_classes):
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(8, 16, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Linear(64, num_classes),
    )
"""
WAYS = {
    "right": ("plain", {"normalise": "cifar10"}),
    "numbers": ("plain", {"mean": list(MEAN), "std": list(STD)}),
    "raw": ("plain", {}),
    "bgr": ("plain", {"normalise": "cifar10", "order": "bgr"}),
    "permuted": ("turned", {"normalise": "cifar10"}),
}


def draw(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw stripes whose direction and colour are the class, in noise: uint8 N x 32 x 32 x 3, and labels."""
    random = np.random.default_rng(seed)
    labels = np.arange(count) % len(CLASSES)
    tints = np.array([[40, 0, -20], [0, 30, 0], [-10, 20, 30], [20, -30, 0]])
    y, x = np.mgrid[:SIZE, :SIZE]
    angle = np.pi * labels[:, None, None] / len(CLASSES)
    waves = np.sin(0.8 * (x * np.cos(angle) + y * np.sin(angle)) + random.uniform(0, 6.3, (count, 1, 1)))
    pixels = (
        115 + 35 * waves[..., None] + tints[labels][:, None, None] + 50 * random.normal(size=(count, SIZE, SIZE, 3))
    )
    return pixels.clip(0, 255).astype(np.uint8), labels


def learn(make: Callable[[int], nn.Module]) -> nn.Module:
    """Train as a script of somebody else's would."""
    torch.manual_seed(0)
    pixels, labels = draw(600, seed=1)
    batch = ((torch.from_numpy(pixels) / 255 - torch.tensor(MEAN)) / torch.tensor(STD)).permute(0, 3, 1, 2).float()
    truth, model = torch.from_numpy(labels), make(len(CLASSES))
    return descend(model, batch, truth, torch.optim.Adam(model.parameters(), 5e-3), 80)


@pytest.fixture(scope="module")
def ran(project, snakemake) -> tuple[Path, str, float]:
    """Return the folder of a run that imports the network in five ways, what was said, and its true accuracy."""
    folder = project()
    names: dict = {}
    exec(NETWORK, names)
    model = learn(names["make"])
    torch.save(model.state_dict(), folder / "cifar.PTH")
    (folder / "cifarnet.py").write_text(NETWORK)
    pixels, labels = draw(200, seed=2)
    for number, (image, label) in enumerate(zip(pixels, labels, strict=True)):
        file = folder / "cifar" / "test" / CLASSES[label] / f"{number}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(file)
    batch = ((torch.from_numpy(pixels) / 255 - torch.tensor(MEAN)) / torch.tensor(STD)).permute(0, 3, 1, 2).float()
    with torch.inference_mode():
        truth = float((model(batch).argmax(1).numpy() == labels).mean())
    plain = {"source": "folder", "path": "cifar"}
    network = {"architecture": "cifarnet:make", "weights": "cifar.PTH"}
    words = {
        "results": "imported",
        "datasets": {"plain": plain, "turned": plain | {"classes": [*CLASSES[1:], CLASSES[0]]}},
        "models": {
            name: {**network, "dataset": dataset, "input": {"size": SIZE, **how}}
            for name, (dataset, how) in WAYS.items()
        },
    }
    (folder / "config/cifar.yaml").write_text(yaml.safe_dump(words))
    done: subprocess.CompletedProcess[str] = snakemake(
        folder, "models", "--cores", "2", "--configfile", "config/cifar.yaml", timeout=900
    )
    return folder, done.stdout + done.stderr, truth


def evaluation(ran: tuple[Path, str, float], name: str) -> dict:
    return json.loads((ran[0] / f"imported/models/{name}/evaluation.json").read_text())


@pytest.mark.parametrize("name", ["right", "numbers"])
def test_fed_rightly_it_reaches_its_true_accuracy_and_nothing_is_said(ran, name: str) -> None:
    found = evaluation(ran, name)
    assert ran[2] > 0.85
    assert found["test"]["accuracy"] == ran[2]
    assert (found["doubts"], found["notes"]) == ([], [])
    assert f"models.{name}:" not in ran[1]


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("raw", ["check `input`", "normalise: "]),
        ("bgr", ["check `input`", "order: rgb"]),
        ("permuted", ["another order", "output 0 is 'automobile'", ", ".join(CLASSES)]),
    ],
)
def test_each_mistake_by_itself_is_one_sentence_with_the_accuracy_that_there_would_be(ran, name, parts) -> None:
    found = evaluation(ran, name)
    assert found["test"]["accuracy"] < ran[2] - 0.2
    (sentence,) = found["doubts"]
    assert all(part in sentence for part in parts), sentence
    assert f"lucidag: models.{name}: {sentence}" in ran[1]
    about = json.loads((ran[0] / f"imported/models/{name}/import.json").read_text())
    if name == "permuted":
        assert f"{ran[2]:.1%}" in sentence
        assert about["order"] == {CLASSES[(output) % 4]: output for output in range(4)}
    else:
        assert about["better"]["accuracy"]["then"] > ran[2] - 0.05
        assert about["better"]["accuracy"]["now"] == found["test"]["accuracy"]
