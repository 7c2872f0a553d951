"""Relevance in a ViT-B/16 at 224 pixels: of pixels against plain forward passes, of units against a pass for each.

The goal is that a map by the epsilon rule costs no more than four forward passes, and one by the gamma rule no more
than eight. The rules themselves are made once for a network, and once its canonical form is compared with the network
as it is; what both cost together is said last. Maps of the units of a block (CRP) are to take at
most half the time of a pass through the network for each, and to be the same.
"""

from collections.abc import Sequence
from functools import partial

import torch
from torch import nn

from benchmarks.case import Case, machine, spent
from benchmarks.measure import seconds, show
from benchmarks.vit import vit
from lucidag.explain.relevance.composites import COMPOSITES, composite_for
from lucidag.explain.relevance.conditional import conditional_maps, conditioned_map
from lucidag.explain.relevance.layers import layer_relevance, views_of
from lucidag.explain.relevance.lrp import ending_of, lrp

GOAL, GAMMA_GOAL = 4.0, 8.0
UNITS_GOAL = 2.0
TOLERANCE = 1e-5  # of the greatest value


def run(quick: bool, full: bool) -> list[Case]:
    """Time each composite, best of three (`full`: ten) rounds."""
    asked = vit(quick, full)
    model, x, plain = asked.model, asked.x, asked.plain()
    low, high = torch.full((1, 3, 1, 1), -5.0), torch.full((1, 3, 1, 1), 5.0)
    rows = [("forward pass", f"{1e3 * plain:.0f} ms")]
    for name in COMPOSITES:
        rules = composite_for(name, model, x, low, high)
        made = seconds(partial(composite_for, name, model, x, low, high)) + seconds(
            partial(ending_of, model, x, [rules])
        )
        explain = partial(lrp, model, x, [0], rules, ending=ending_of(model, x, [rules]))
        explain()
        later = min(seconds(explain) for _ in range(asked.rounds))
        goal = GAMMA_GOAL if name == "attn_lrp" else GOAL  # the only one with another rule in linear layers
        words = (
            f"{1e3 * later:.0f} ms, {later / plain:.2f} forward passes (goal {goal:g}); its rules {made / plain:.1f}"
        )
        rows.append((name, words))
    show(f"layer-wise relevance, ViT with {asked.layers} layers, {asked.size} px", rows)
    units = range(8) if quick else range(asked.width) if full else range(0, asked.width, 24)
    block = (asked.layers - 1) // 2
    title = f"relevance of {len(units)} of {asked.width} units of block {block}, ViT, {asked.size} px"
    return [of_units(model, x, block, units, title)]


def of_units(model: nn.Module, x: torch.Tensor, block: int, units: Sequence[int], title: str) -> Case:
    """Time the maps of some units of a block, all from one pass to the block, against one pass for each."""
    layer = f"encoder.layers.encoder_layer_{block}"
    rules, views = composite_for("epsilon_plus_flat", model, x), views_of(model, x, [layer])
    found: dict[str, torch.Tensor] = {}

    def together() -> None:
        behind = layer_relevance(model, rules, x, [layer], [0], views)
        found["together"] = conditional_maps(model, rules, x, layer, behind, [[unit] for unit in units])

    def one_by_one() -> None:
        maps = [conditioned_map(model, rules, x, 0, {layer: [unit]}, views) for unit in units]
        found["one by one"] = torch.stack(maps)

    where = machine()
    (fast, memory), plain = spent(together), seconds(one_by_one)
    apart = float((found["together"] - found["one by one"]).abs().max() / found["one by one"].abs().max())
    if not apart <= TOLERANCE:
        raise AssertionError(f"maps are {apart} of the greatest value apart")
    show(
        title,
        [
            ("a pass for each", f"{plain:.1f} s"),
            ("together", f"{fast:.1f} s"),
            ("ratio", f"{plain / fast:.2f} (goal {UNITS_GOAL:g})"),
            ("equality", f"maps within {apart:.0e} of the greatest value"),
        ],
    )
    differs = "share of the greatest"
    return Case("lrp", title, "a pass for each", fast, plain, UNITS_GOAL, apart, differs, memory, where)
