"""The sweep of all k against the plain loop: mask, run the layer, count; at every k."""

import numpy as np
import torch

from benchmarks.case import Case, machine, spent
from benchmarks.measure import Problem, plain_step, problem, seconds, show
from lucidag.rof.result import SweepResult
from lucidag.rof.sweep import sweep

CASES = ((10_000, 512, 10, 3.0), (5_000, 2_048, 1_000, 8.0))


def run(quick: bool, full: bool) -> list[Case]:
    """Time both cases, ours and the loop in turn; `full` runs the loop at every k of the large case too."""
    found = []
    for images, units, classes, goal in CASES:
        if quick:
            images, units = images // 10, units // 4
        case = problem(images, units, classes)
        every = full or images * units * classes < 10**8
        ks = np.arange(units + 1) if every else np.unique(np.linspace(0, units, 9).astype(int))
        found.append(_compare(case, ks, goal, rounds=1 if quick else 3 if every else 2))
    return found


def _compare(case: Problem, ks: np.ndarray, goal: float, rounds: int) -> Case:
    times, loop, steps, where = [], float("inf"), len(case.order) + 1, machine()
    plain_step(case, 0)
    result = _sweep(case)
    for _ in range(rounds):
        times.append(spent(lambda: _sweep(case)))
        loop = min(loop, seconds(lambda: [plain_step(case, int(k)) for k in ks]) / len(ks) * steps)
    ours, memory = min(times)
    images, units, classes = len(case.labels), len(case.order), len(case.bias)
    how = "at every k" if len(ks) == steps else f"from {len(ks)} evenly spaced k, times {steps} / {len(ks)}"
    apart = _equality(case, result)
    title = f"sweep, {images:,} images, {units:,} units, {classes:,} classes, 4 groups"
    show(
        title,
        [
            ("plain loop, float32", f"{loop:.2f} s ({how})"),
            ("sweep, float64", f"{ours:.2f} s (all {steps} k)"),
            ("ratio", f"{loop / ours:.1f} (goal {goal:.0f})"),
            ("against the float64 loop", f"accuracies equal to the last digit, losses within {apart:.0e}, at 9 k"),
        ],
    )
    return Case("sweep", title, "plain loop", ours, loop, goal, apart, "loss, in nats", memory, where)


def _sweep(case: Problem) -> SweepResult:
    return sweep(case.features, case.labels, case.weight, case.bias, case.order, case.groups, case.group_count)


def _equality(case: Problem, result: SweepResult) -> float:
    """Compare with the loop in float64 at nine k."""
    apart = 0.0
    for k in np.unique(np.linspace(0, len(case.order), 9).astype(int)):
        accuracy, loss, by_group = plain_step(case, int(k), torch.float64)
        if result.accuracy[k] != accuracy or result.group_accuracy[:, k].tolist() != by_group:
            raise AssertionError(f"accuracy at k = {k}: {result.accuracy[k]} is not {accuracy}")
        apart = max(apart, abs(result.loss[k] - loss))
    if apart > 1e-6:
        raise AssertionError(f"loss is {apart} apart")
    return apart
