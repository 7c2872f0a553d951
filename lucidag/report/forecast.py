"""What a dry run says at its end: what the configuration leaves out, and how long the jobs took the last time."""

import csv
import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean

from lucidag.report.terminal import duration


def mean_seconds(results: str | Path) -> dict[str, float]:
    """Return the mean seconds of a job, by rule, from the benchmarks of earlier runs."""
    found: dict[str, list[float]] = defaultdict(list)
    folder = Path(results) / "benchmarks"
    for file in sorted(folder.rglob("*.tsv")):
        rule = file.relative_to(folder).parts[0]
        try:
            with file.open(encoding="utf-8", newline="") as handle:
                found[rule] += [float(row["s"]) for row in csv.DictReader(handle, delimiter="\t")]
        except (OSError, ValueError, KeyError, TypeError):  # a job was killed as it wrote it
            continue
    return {rule: fmean(seconds) for rule, seconds in found.items() if seconds}


def forecast(jobs: Mapping[str, int], seconds: Mapping[str, float], cores: int) -> str:
    """Return about how long jobs take.

    Parameters
    ----------
    jobs
        How many of each rule would run.
    seconds
        See `mean_seconds`.
    cores
        How many run at a time.
    """
    known = {rule: number for rule, number in jobs.items() if rule in seconds}
    if not known:
        return "no benchmarks yet"
    whole = sum(number * seconds[rule] for rule, number in known.items())
    # A job is not shared out: the longest takes its time however many cores there are.
    about = max(whole / cores, max(seconds[rule] for rule in known))
    new = sorted(set(jobs) - set(known))
    beside = f"; not counted, as there are no benchmarks yet: {', '.join(new)}" if new else ""
    return f"about {duration(about)} on {cores} core{'s' * (cores > 1)}, by the benchmarks of earlier runs{beside}"


def summary(
    jobs: Mapping[str, int],
    results: str,
    cores: int | None,
    absent: Sequence[str],
    source: str,
    families: Mapping[str, int],
) -> list[str]:
    """Return the last lines of a dry run.

    Parameters
    ----------
    jobs
        How many jobs of each rule would run, without targets.
    results
        The folder of results, for its benchmarks.
    cores
        As given to Snakemake; None: as many as the machine has.
    absent
        Sections that the configuration does not have.
    source
        Its file.
    families
        How many models each grid makes.
    """
    number = sum(jobs.values())
    lines = ["", f"Would run: {number} job{'s' * (number != 1)} of {len(jobs)} rule{'s' * (len(jobs) != 1)}"]
    if jobs:
        lines.append(f"Time: {forecast(jobs, mean_seconds(results), cores or os.cpu_count() or 1)}")
    if families:
        told = ", ".join(f"{number} of {name}" for name, number in families.items())
        lines.append(f"Models that grids and seeds make: {told}")
    if absent:
        lines.append(f"Skipped, as {source} has no such section: {', '.join(absent)}")
    return lines
