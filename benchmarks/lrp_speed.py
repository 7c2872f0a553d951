"""Layer-wise relevance of a ViT-B/16 at 224 pixels against plain forward passes, one after the other.

The goal is that a map by the epsilon rule costs no more than four forward passes, of which one is that by which the
network in canonical form is compared with the network as it is. The rules themselves are made once for a network; their
cost is said last.
"""

from functools import partial

import torch
from torch import nn
from torchvision.models import VisionTransformer

from benchmarks.measure import seconds, show
from lucidag.explain.relevance.composites import COMPOSITES, composite_for
from lucidag.explain.relevance.lrp import lrp

GOAL = 4.0


def run(quick: bool, full: bool) -> None:
    """Time each composite, best of three (`full`: ten) rounds."""
    size, layers, width = (64, 2, 48) if quick else (224, 12, 768)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = VisionTransformer(size, 16, layers, 12, width, 4 * width, num_classes=1000).eval()
        nn.init.normal_(model.heads.head.weight, std=0.02)
        x = torch.randn(1, 3, size, size)
    low, high = torch.full((1, 3, 1, 1), -5.0), torch.full((1, 3, 1, 1), 5.0)
    rounds = 1 if quick else 10 if full else 3

    def forward() -> None:
        with torch.no_grad():
            model(x)

    forward()
    plain = min(seconds(forward) for _ in range(rounds))
    rows = [("forward pass", f"{1e3 * plain:.0f} ms")]
    for name in COMPOSITES:
        made = seconds(partial(composite_for, name, model, x, low, high))
        explain = partial(lrp, model, x, [0], composite_for(name, model, x, low, high))
        explain()
        later = min(seconds(explain) for _ in range(rounds))
        goal = "" if name == "attn_lrp" else f" (goal {GOAL:g})"
        words = f"{1e3 * later:.0f} ms, {later / plain:.2f} forward passes{goal}; its rules {made / plain:.1f}"
        rows.append((name, words))
    show(f"layer-wise relevance, ViT with {layers} layers, {size} px", rows)
