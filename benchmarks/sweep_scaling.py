"""The cost of the sweep against N, K and C: doublings, and the slope in logarithms (1 is linear)."""

import numpy as np

from benchmarks.measure import problem, seconds, show
from lucidag.rof.sweep import sweep

BASE = {"images": 4_000, "units": 256, "classes": 100}


def run(quick: bool, full: bool) -> None:
    """Double each of N, K and C three times (`full`: four times, `quick`: twice); one thread, least of three runs."""
    doublings = 3 if quick else 5 if full else 4
    rows = []
    for name in BASE:
        sizes = [BASE[name] * 2**i for i in range(doublings)]
        times = [_cost(**(BASE | {name: size})) for size in sizes]
        slope = np.polyfit(np.log(sizes), np.log(times), 1)[0]
        cells = ", ".join(f"{size:,}: {time:.2f} s" for size, time in zip(sizes, times, strict=True))
        rows.append((name, f"{cells}; slope {slope:.2f}"))
    show(f"cost of the sweep, from {BASE}", rows)


def _cost(images: int, units: int, classes: int) -> float:
    p = problem(images, units, classes)

    def once() -> object:
        return sweep(p.features, p.labels, p.weight, p.bias, p.order, p.groups, p.group_count, threads=1)

    return min(seconds(once) for _ in range(3))
