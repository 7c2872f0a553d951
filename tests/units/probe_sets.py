"""Probe sets and networks of the tests of dissection, and the plain way to what they measure."""

from collections import OrderedDict
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import nn

from lucidag.data.manifest import Manifest, read_manifest, write_manifest
from lucidag.models.inputs import Inputs
from lucidag.models.network import Network
from lucidag.models.small import small_cnn, small_mlp, small_resnet
from lucidag.units.passes.activations import collect_part
from lucidag.units.passes.parts import whole_of

CONCEPTS = {"object": ("cup", "key", "hat"), "colour": ("red", "blue")}


def write(folder: Path, images: np.ndarray, concepts: dict | None = None, names: dict | None = None) -> Manifest:
    """Write images (N x H x W x C) with label maps as a data set whose images are all in one split."""
    ids = [f"p{index:04d}" for index in range(len(images))]
    table = pd.DataFrame(
        {"image": ids, "label": ["a", "b"] * (len(ids) // 2) + ["a"] * (len(ids) % 2), "split": "test"}
    )
    write_manifest(folder, table, ["a", "b"], images, concepts=concepts, concept_names=names)
    return read_manifest(folder)


def noise(folder: Path, count: int, size: int = 20, seed: int = 0, labels: bool = True, channels: int = 3) -> Manifest:
    """Write blotches of noise, with blotches of concepts; no object is labelled in every third image."""
    random = np.random.default_rng(seed)
    images = random.integers(0, 256, (count, size // 4, size // 4, channels), dtype=np.uint8).repeat(4, 1).repeat(4, 2)
    images = images // 2 + random.integers(0, 128, images.shape, dtype=np.uint8)
    if not labels:
        return write(folder, images)
    concepts = {
        category: random.integers(0, len(names) + 1, (count, size // 5, size // 5), dtype=np.uint8)
        .repeat(5, 1)
        .repeat(5, 2)
        for category, names in CONCEPTS.items()
    }
    concepts["object"][::3] = 0
    return write(folder, images, concepts, CONCEPTS)


def network(kind: str, seed: int, size: int = 16, resize: str = "stretch") -> tuple[Network, list[str]]:
    """Build a small network with random weights and name layers of it; the statistics of its BatchNorm are random."""
    inputs = Inputs(size, 3, resize, (0.4,), (0.3,))
    torch.manual_seed(seed)
    if kind == "signed":
        layers = OrderedDict(
            one=nn.Conv2d(3, 6, 3, stride=2, padding=1),
            norm=nn.BatchNorm2d(6),
            relu=nn.ReLU(inplace=True),
            two=nn.Conv2d(6, 5, 3),
            flatten=nn.Flatten(),
            fc=nn.LazyLinear(4),
        )
        model, names = nn.Sequential(layers), ["one", "norm", "two", "fc"]
    elif kind == "resnet":
        model, names = small_resnet(4, width=4), ["layer2", "layer4", "bn1", "fc"]
    elif kind == "mlp":
        model, names = small_mlp(4, 3 * size * size, [7]), ["relu1", "fc"]
    else:
        model, names = small_cnn(4, width=4, depth=2), ["blocks.block1.norm", "blocks.block2", "fc"]
    model(torch.zeros(2, 3, size, size))
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean, std=0.2)
            nn.init.normal_(module.bias, std=0.2)
    return Network(model.eval(), inputs, "fc"), names


def outputs(of: Network, pixels: torch.Tensor, kind: str) -> dict[str, np.ndarray]:
    """Run the parts of a network one after the other, without any hook."""
    model, x, found = of.model, pixels, {}
    with torch.inference_mode():
        if kind == "resnet":
            found["bn1"] = model.bn1(model.conv1(x))
            x = model.relu(found["bn1"].clone())
            for name in ("layer1", "layer2", "layer3", "layer4"):
                found[name] = x = getattr(model, name)(x)
            found["fc"] = model.fc(x.mean((2, 3)))
        elif kind == "cnn":
            block = model.blocks.block1
            found["blocks.block1.norm"] = block.norm(block.conv(x))
            found["blocks.block2"] = x = model.blocks(x)
            found["fc"] = model.fc(x.mean((2, 3)))
        else:
            for name, module in model.named_children():
                x = module(x.clone())
                found[name] = x
    return {name: value.numpy() for name, value in found.items()}


def collect(network, manifest, rows, layers, path, asked, **where):
    """Give the statistics of a pass over a whole probe set; the activations go to `path`."""
    return whole_of([collect_part(network, manifest, rows, layers, path, asked, **where)], path)
