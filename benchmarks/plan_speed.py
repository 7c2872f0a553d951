"""How long Snakemake plans: dry runs of grids of networks, from ten jobs to thousands."""

import re
import subprocess
import sys
import time
from pathlib import Path

import yaml

from benchmarks.measure import show
from benchmarks.project import copied_project

# Each network is trained, examined and drawn in about five jobs; a few more are shared.
NETWORKS = (1, 19, 199, 999)
TOTAL = re.compile(r"^total +(\d+)$", re.MULTILINE)


def run(quick: bool, full: bool) -> None:
    """Plan grids of one network with many seeds (`quick`: the two small ones)."""
    rows = []
    with copied_project() as folder:
        _plan(folder, 1)  # the first look at a network imports torch, and what it finds is kept
        for networks in NETWORKS[: 2 if quick else None]:
            jobs, seconds = _plan(folder, networks)
            rows.append((f"{networks} networks, {jobs} jobs", f"{seconds:.1f} s, {1000 * seconds / jobs:.0f} ms a job"))
    show("dry runs", rows)


def _plan(folder: Path, networks: int) -> tuple[int, float]:
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
    start = time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    seconds = time.perf_counter() - start
    found = TOTAL.search(done.stdout + done.stderr)
    assert found is not None, done.stdout + done.stderr
    return int(found[1]), seconds
