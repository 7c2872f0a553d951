"""Explanations by attention against plain forward passes: a ViT-B/16 at 224 pixels; one after the other.

The goal is that a map costs no more than three forward passes, with its backward pass, whose cost is measured apart.
"""

from functools import partial

import torch
from torch import nn
from torchvision.models import VisionTransformer

from benchmarks.measure import seconds, show
from lucidag.explain.methods.registry import ATTENDED, load

GOAL = 3.0


def run(quick: bool, full: bool) -> None:
    """Time the methods, best of three (`full`: ten) rounds, after one that finds layers and grid."""
    size, layers, width = (64, 2, 48) if quick else (224, 12, 768)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = VisionTransformer(size, 16, layers, 12, width, 4 * width, num_classes=1000).eval()
        nn.init.normal_(model.heads.head.weight, std=0.02)
        x = torch.randn(1, 3, size, size)
    rounds = 1 if quick else 10 if full else 3

    def forward() -> None:
        with torch.no_grad():
            model(x)

    def both() -> None:
        model(x.clone().requires_grad_())[0, 0].backward()

    forward()
    plain, twice = (min(seconds(each) for _ in range(rounds)) for each in (forward, both))
    model.zero_grad(set_to_none=True)
    rows = [
        ("forward pass", f"{1e3 * plain:.0f} ms, with the backward pass {1e3 * twice:.0f} ms ({twice / plain:.1f})"),
    ]
    for name in ATTENDED:
        explain = partial(load(name)().maps, model, x, 0)
        first, later = seconds(explain), min(seconds(explain) for _ in range(rounds))
        rows.append(
            (
                name,
                f"{1e3 * later:.0f} ms, {later / plain:.2f} forward passes, {later / twice:.2f} with backward; the "
                f"first image {first / plain:.1f} (goal {GOAL:g})",
            )
        )
    show(f"explanations by attention, ViT with {layers} layers, {size} px", rows)
