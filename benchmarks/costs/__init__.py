"""What each stage costs against images, units, classes, samples and tokens: seconds, and slopes in logarithms."""

import contextlib
import io
from collections.abc import Sequence

import numpy as np
from scipy.stats import linregress, t

from benchmarks.costs.growth import Growth
from benchmarks.costs.of_networks import of_networks
from benchmarks.costs.of_relevance import of_relevance
from benchmarks.costs.of_tables import of_tables
from benchmarks.measure import seconds, show
from benchmarks.recorded import COSTS, write_rows

COLUMNS = ("stage", "size", "value", "seconds", "exponent", "low", "high")


def run(quick: bool, full: bool, write: bool = False) -> None:
    """Time each stage at four sizes (`quick`: two, `full`: five), the least of three runs.

    Each size is twice the one before; tokens are four times as many.

    One size grows, the others are held. `write` keeps the seconds in docs/speed/costs.csv.
    """
    doublings, rounds = (2, 1) if quick else (5 if full else 4, 3)
    rows: list[dict[str, object]] = []
    shown = []
    for growth in (*of_tables(), *of_networks(), *of_relevance()):
        values = [growth.first * growth.factor**step for step in range(doublings)]
        with contextlib.redirect_stderr(io.StringIO()):
            taken = _times(growth, values, rounds)
        slope, low, high = exponent(values, taken)
        named = {"stage": growth.stage, "size": growth.size}
        fit = {"exponent": slope, "low": f"{low:.2f}", "high": f"{high:.2f}"}
        rows += [{**named, "value": at, "seconds": took, **fit} for at, took in zip(values, taken, strict=True)]
        cells = ", ".join(f"{at:,}: {took:.3g} s" for at, took in zip(values, taken, strict=True))
        shown.append((f"{growth.stage}, {growth.size}", f"{cells}; exponent {slope:.2f} ({low:.2f} to {high:.2f})"))
    show("what each stage costs", shown)
    if write:
        write_rows(COSTS, COLUMNS, rows)


def _times(growth: Growth, values: Sequence[int], rounds: int) -> list[float]:
    """Give the least seconds at each size; sizes in turn, as other work may slow one round down."""
    works = [growth.make(value) for value in values]
    for work in works:
        work()
    found = [[seconds(work) for work in works] for _ in range(rounds)]
    return [min(times) for times in zip(*found, strict=True)]


def exponent(values: Sequence[int], times: Sequence[float]) -> tuple[float, float, float]:
    """Fit a line in logarithms: its slope, and the 95 % interval of that (infinite of two points)."""
    fit = linregress(np.log(values), np.log(times))
    reach = float(t.ppf(0.975, len(values) - 2) * fit.stderr) if len(values) > 2 else float("inf")
    return float(fit.slope), float(fit.slope) - reach, float(fit.slope) + reach
