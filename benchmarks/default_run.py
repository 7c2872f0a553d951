"""The default workflow as a whole: the first run, the second, and where the time went."""

import re
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

from benchmarks.measure import show
from benchmarks.project import copied_project

IMPORTS = re.compile(r"^imports ([\d.]+) s of ([\d.]+) s$", re.MULTILINE)


def run(quick: bool, full: bool) -> None:
    """Run the default twice in a copy of the project (`quick`: only plan it)."""
    with copied_project() as folder:
        first = _snakemake(folder, *(["-n"] if quick else []))
        second = _snakemake(folder, *(["-n"] if quick else []))
        rows = [("first run", f"{first:.1f} s"), ("second run", f"{second:.1f} s")]
        show("default workflow", rows + _shares(folder / "results" / "logs", first))


def _snakemake(folder: Path, *more: str) -> float:
    start = time.perf_counter()
    command = [sys.executable, "-m", "snakemake", "--cores", "4", "--resources", "gpu=1", *more]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return time.perf_counter() - start


def _shares(logs: Path, wall: float) -> list[tuple[str, str]]:
    """Return a row for each rule and one for all, from what every job wrote at the end of its log."""
    spent: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for log in sorted(logs.rglob("*.log")):
        spent[log.relative_to(logs).parts[0]] += [(float(a), float(b)) for a, b in IMPORTS.findall(log.read_text())]
    rows = [
        (rule, f"{len(jobs)} jobs, {sum(b for _, b in jobs):6.1f} s, of it imports {sum(a for a, _ in jobs):5.1f} s")
        for rule, jobs in sorted(spent.items(), key=lambda item: -sum(b for _, b in item[1]))
    ]
    imports, lives = (sum(job[i] for jobs in spent.values() for job in jobs) for i in (0, 1))
    if lives:
        share = (
            f"{imports:.1f} s of {lives:.1f} s of job time ({imports / lives:.0%}), {imports / wall:.0%} of wall time"
        )
        rows.append(("imports", share))
    return rows
