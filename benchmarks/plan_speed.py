"""How long Snakemake plans: dry runs of grids of networks, from ten jobs to thousands."""

import re
import sys
from pathlib import Path

import yaml

from benchmarks.case import Limit, machine
from benchmarks.peak import Ran, ran
from benchmarks.project import copied_project

# Of a grid of networks, and the most seconds that its plan should take. Each network is trained, examined and drawn in
# four jobs; a few more are shared.
NETWORKS = {125: 10.0, 500: 23.0, 2000: 41.0}
MOST_GIB = 0.85
TOTAL = re.compile(r"^total +(\d+)$", re.MULTILINE)


def run(quick: bool, full: bool) -> list[Limit]:
    """Plan grids of one network with many seeds (`quick`: a small one)."""
    found = []
    with copied_project() as folder:
        _plan(folder, 1)  # the first look at a network imports torch, and what it finds is kept
        for networks, most in {3: 10.0}.items() if quick else NETWORKS.items():
            where = machine()
            jobs, plan = _plan(folder, networks)
            title = f"dry run, {networks} networks, {jobs:,} jobs"
            found += [Limit("plan", title, plan.seconds, most, "s", where)]
            found += [Limit("plan", title, plan.gib, MOST_GIB, "GiB", where)]
    return found


def _plan(folder: Path, networks: int) -> tuple[int, Ran]:
    model = {
        "dataset": "digits",
        "architecture": "lucidag.models.small:small_cnn",
        "options": {"channels": 1},
        "input": {"size": 16, "channels": 1},
        "train": {"epochs": 1},
        "seeds": list(range(networks)),
    }
    words = {"datasets": {"digits": {"source": "digits"}}, "models": {"net": model}, "rof": None}
    (folder / "config/grid.yaml").write_text(yaml.safe_dump(words), encoding="utf-8")
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--quiet", "rules", "--configfile", "config/grid.yaml"]
    plan = ran(command, folder)
    total = TOTAL.search(plan.said)
    assert total is not None, plan.said
    return int(total[1]), plan
