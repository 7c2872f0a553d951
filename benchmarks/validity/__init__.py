"""Coverage of every interval and false positives of every test that is shown, by simulations whose truth is known."""

import os
import time

from benchmarks.measure import show
from benchmarks.validity.case import Case
from benchmarks.validity.measure import Measured, cases, measured, reached, title, topics
from benchmarks.validity.table import PAGE, section, write

SIMULATIONS, QUICK = 2000, 100
PROCESSES = 2


def run(quick: bool, full: bool, simulations: int | None = None, only: str | None = None) -> None:
    """Simulate all topics, or one, and write the tables of docs/validity.md (`quick`: print them only).

    Raises
    ------
    SystemExit
        If there is no such topic.
    """
    names = topics() if only is None else [only]
    if only is not None and only not in topics():
        raise SystemExit(f"no topic '{only}'; there are {', '.join(topics())}")
    os.environ["OMP_NUM_THREADS"] = "1"  # of the processes that are started from here
    count = simulations or (QUICK if quick else SIMULATIONS)
    rows = sum(len(cases(name)) for name in names)
    found: dict[str, list[tuple[Case, Measured]]] = {name: [] for name in names}
    start = time.perf_counter()
    for number, (topic, case, result) in enumerate(measured(names, count, PROCESSES), start=1):
        found[topic].append((case, result))
        seconds = time.perf_counter() - start
        print(f"{number} of {rows}, {seconds:.0f} s: {topic}: {case.name} {_short(result)}", flush=True)
    pairs = [(name, *pair) for name, each in found.items() for pair in each]
    missed = [(f"{name}: {case.name}", _short(each)) for name, case, each in pairs if not reached(case, each)]
    show(f"validity, {count} simulations a row; goals missed", missed or [("none", "")])
    if not quick:
        write(PAGE, {name: section(name, title(name), each) for name, each in found.items()})


def _short(found: Measured) -> str:
    return f"{found.share:.3f}" + (f" ({found.none} without)" if found.none else "")
