"""Conditional relevance of all channels of a layer against zennit-crp: one image of 224 x 224 pixels."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from crp.attribution import CondAttribution
from torch import nn
from torchvision.models import resnet18, resnet50

from benchmarks.case import Case, machine, spent
from benchmarks.drawn import drawn_network
from benchmarks.measure import show
from lucidag.data.images import decode
from lucidag.explain.relevance.composites import composite_for
from lucidag.explain.relevance.conditional import conditional_maps
from lucidag.explain.relevance.layers import layer_relevance
from lucidag.models.inputs import Inputs

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
IMAGE = SHARED / "imagenet10" / "n02098286_West_Highland_white_terrier.JPEG"
# Each of these layers has 512 channels.
CASES = (("resnet18", "layer4.1.conv2"), ("resnet50", "layer2"))
BUILDERS = {"resnet18": resnet18, "resnet50": resnet50}
RULES = "epsilon_plus_flat"
GOAL = 2.0
TOLERANCE = 1e-5  # of the greatest value
BATCHES = (1, 2, 4, 8, 16, 32)
TRIED = 32  # channels that each batch size is tried on


def run(quick: bool, full: bool) -> list[Case]:
    """Search zennit-crp's best batch size, then time both; `full` times the second network too."""
    size, channels = (64, 16) if quick else (224, 512)
    inputs = Inputs(size, 3, "crop", (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    image = inputs.normalise(inputs.prepare(decode(IMAGE))[None]) if IMAGE.is_file() else inputs.example(1)
    return [compare(network(name), name, image, layer, channels) for name, layer in (CASES if full else CASES[:1])]


def compare(model: nn.Module, name: str, image: torch.Tensor, layer: str, channels: int) -> Case:
    """Print the seconds of both, by the clock and of the processor, and how far their maps are apart."""
    with torch.no_grad():
        target = int(model(image).argmax())
    tried = min(TRIED, channels)
    searched = {
        size: clocked(partial(by_library, model, image, layer, target, tried, size))[1] / tried
        for size in BATCHES
        if size <= tried
    }
    best = min(searched, key=searched.__getitem__)
    expected, theirs, their_work = clocked(lambda: by_library(model, image, layer, target, channels, best))
    rules = composite_for(RULES, model, image)
    units = [[unit] for unit in range(channels)]

    def by_lucidag() -> torch.Tensor:
        behind = layer_relevance(model, rules, image, [layer], [target])
        return conditional_maps(model, rules, image, layer, behind, units)

    parts: list[torch.Tensor] = []
    where, before = machine(), time.process_time()
    ours, memory = spent(lambda: parts.append(by_lucidag()))
    our_work = time.process_time() - before
    apart = equality(parts[0], expected)
    rows = [
        ("zennit-crp, a channel", ", ".join(f"{size}: {1e3 * each:.0f} ms" for size, each in searched.items())),
        (f"zennit-crp, batches of {best}", f"{theirs:.1f} s, processor {their_work:.1f} s"),
        ("lucidag", f"{ours:.1f} s, processor {our_work:.1f} s"),
        ("ratio", f"{theirs / ours:.2f} (goal {GOAL:g}), processor {their_work / our_work:.2f}"),
        ("against zennit-crp", f"maps within {apart:.0e} of the greatest value"),
    ]
    title = f"{channels} channels of {layer}, {name}, {image.shape[-1]} px, {RULES}"
    show(title, rows)
    return Case("crp", f"CRP, {title}", "zennit-crp", ours, theirs, GOAL, apart, "share of the greatest", memory, where)


def by_library(
    model: nn.Module, image: torch.Tensor, layer: str, target: int, channels: int, batch_size: int
) -> torch.Tensor:
    """Give the maps of the first channels as a user of zennit-crp gets them."""
    parts = CondAttribution(model).generate(
        image.clone().requires_grad_(),
        [{layer: [unit], "y": [target]} for unit in range(channels)],
        composite_for(RULES, model, image),
        batch_size=batch_size,
        verbose=False,
    )
    return torch.cat([part.heatmap.clone() for part in parts])


def equality(found: torch.Tensor, expected: torch.Tensor) -> float:
    """Compare all maps, in parts of the greatest value."""
    apart = float((found - expected).abs().max() / expected.abs().max())
    if not apart <= TOLERANCE:
        raise AssertionError(f"maps are {apart} of the greatest value apart")
    return apart


def clocked(work: Callable[[], torch.Tensor]) -> tuple[torch.Tensor, float, float]:
    """Do some work; give its result, its seconds by the clock, and those of the processor on all cores."""
    wall, processor = time.perf_counter(), time.process_time()
    result = work()
    return result, time.perf_counter() - wall, time.process_time() - processor


def network(name: str) -> nn.Module:
    """Return a network with ImageNet weights where they are, else with weights and statistics from a seed."""
    model = drawn_network(BUILDERS[name])
    weights = SHARED / "weights" / f"{name}-imagenet.pth"
    if weights.is_file():
        model.load_state_dict(torch.load(weights, weights_only=True))
    return model.requires_grad_(False)
