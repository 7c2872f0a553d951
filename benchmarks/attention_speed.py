"""Explanations by attention against plain forward passes: a ViT-B/16 at 224 pixels; one after the other.

The goal is that a map costs no more than three forward passes, with its backward pass, whose cost is measured apart.
"""

from functools import partial

from benchmarks.case import Limit, machine
from benchmarks.measure import seconds, show
from benchmarks.vit import vit
from lucidag.explain.methods.registry import ATTENDED, load

GOAL = 3.0


def run(quick: bool, full: bool) -> list[Limit]:
    """Time the methods, best of three (`full`: ten) rounds, after one that finds layers and grid."""
    asked = vit(quick, full)
    model, x, rounds = asked.model, asked.x, asked.rounds

    def both() -> None:
        model(x.clone().requires_grad_())[0, 0].backward()

    found, where = [], machine()
    plain, twice = asked.plain(), min(seconds(both) for _ in range(rounds))
    model.zero_grad(set_to_none=True)
    rows = [
        ("forward pass", f"{1e3 * plain:.0f} ms, with the backward pass {1e3 * twice:.0f} ms ({twice / plain:.1f})"),
    ]
    for name in ATTENDED:
        explain = partial(load(name)().maps, model, x, 0)
        first, later = seconds(explain), min(seconds(explain) for _ in range(rounds))
        title = f"{name}, ViT with {asked.layers} layers, {asked.size} px"
        found.append(Limit("attention", title, later / plain, GOAL, "forward passes", where))
        rows.append(
            (
                name,
                f"{1e3 * later:.0f} ms, {later / plain:.2f} forward passes, {later / twice:.2f} with backward; the "
                f"first image {first / plain:.1f} (goal {GOAL:g})",
            )
        )
    show(f"explanations by attention, ViT with {asked.layers} layers, {asked.size} px", rows)
    return found
