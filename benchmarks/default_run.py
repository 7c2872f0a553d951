"""The default workflow as a whole: the first run, the second, and where the time went."""

import re
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from benchmarks.case import Limit, machine
from benchmarks.measure import show
from benchmarks.peak import Ran, ran
from benchmarks.project import copied_project

IMPORTS = re.compile(r"^imports ([\d.]+) s of ([\d.]+) s$", re.MULTILINE)
FINISHED = re.compile(r"^Finished .*\(job \d+\)$", re.MULTILINE)
SNAKEMAKE = (sys.executable, "-m", "snakemake", "--cores", "4", "--resources", "gpu=1")


def run(quick: bool, full: bool) -> list[Limit]:
    """Run the default, see that there is nothing left to do, and plan it (`quick`: plans alone)."""
    with copied_project() as folder:
        where = machine()
        results, began = folder / "results", time.time()
        if quick:
            plan = ran([*SNAKEMAKE, "-n"], folder)
            show("default workflow", [("first plan", f"{plan.seconds:.1f} s, {plan.gib:.2f} GiB")])
            return []
        first = ran(SNAKEMAKE, folder)
        figure = min(file.stat().st_mtime for file in (results / "figures").rglob("*.png")) - began
        again, plan = _median(SNAKEMAKE, folder), _median([*SNAKEMAKE, "-n"], folder)
        jobs, share = _shares(results / "logs", first.seconds)
    show("default workflow", jobs)
    return [
        Limit("default", f"default, cold, {len(FINISHED.findall(first.said))} jobs", first.seconds, 480, "s", where),
        Limit("default", "default, cold: the first figure", figure, 60, "s", where),
        Limit("default", "default, cold: imports", share, 0.2, "share of job time", where),
        Limit("default", "default, nothing to do", again.seconds, 2, "s", where),
        Limit("default", "default, dry run where nothing changed", plan.seconds, 3, "s", where),
        Limit("default", "default, dry run where nothing changed", plan.gib, 0.4, "GiB", where),
    ]


def _median(words: Sequence[str], folder: Path) -> Ran:
    """Run a command three times; give the run that is neither the fastest nor the slowest."""
    return sorted((ran(words, folder) for _ in range(3)), key=lambda run: run.seconds)[1]


def _shares(logs: Path, wall: float) -> tuple[list[tuple[str, str]], float]:
    """Return a row for each rule and one for all, and the share of imports, by what every job wrote in its log."""
    spent: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for log in sorted(logs.rglob("*.log")):
        spent[log.relative_to(logs).parts[0]] += [(float(a), float(b)) for a, b in IMPORTS.findall(log.read_text())]
    rows = [
        (rule, f"{len(jobs)} jobs, {sum(b for _, b in jobs):6.1f} s, of it imports {sum(a for a, _ in jobs):5.1f} s")
        for rule, jobs in sorted(spent.items(), key=lambda item: -sum(b for _, b in item[1]))
    ]
    imports, lives = (sum(job[i] for jobs in spent.values() for job in jobs) for i in (0, 1))
    told = f"{imports:.1f} s of {lives:.1f} s of job time ({imports / lives:.0%}), {imports / wall:.0%} of wall time"
    return [*rows, ("imports", told)], imports / lives
