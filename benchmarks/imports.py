"""What each script of the workflow imports: seconds until it could start, and the packages that take most of them."""

import ast
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from benchmarks.measure import show
from benchmarks.recorded import IMPORTS, write_rows

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = ROOT / "workflow" / "scripts"
COLUMNS = ("script", "seconds", "heaviest")
LINE = re.compile(r"^import time:\s+(\d+) \|\s+(\d+) \| ( *)(\S+)$", re.MULTILINE)
HEAVIEST = 4  # packages that are named
LEAST = 0.02  # seconds of a package that is named
SOME = ("train", "explanations", "figures_rof")  # of a quick run


def run(quick: bool, full: bool, write: bool = False) -> None:
    """Import what each script imports at its top, in a process of its own, the least of two runs (`full`: four).

    `quick` takes three scripts. `write` keeps it in docs/speed/imports.csv.
    """
    names = SOME if quick else sorted(path.stem for path in SCRIPTS.glob("*.py"))
    rows: list[dict[str, object]] = []
    for name in names:
        runs = [measured(SCRIPTS / f"{name}.py") for _ in range(1 if quick else 4 if full else 2)]
        seconds, packages = min(runs, key=lambda run: run[0])
        rows.append({"script": name, "seconds": seconds, "heaviest": named(packages)})
    rows.sort(key=lambda row: -float(str(row["seconds"])))
    show("imports of each script", [(str(row["script"]), f"{row['seconds']:.2f} s: {row['heaviest']}") for row in rows])
    if write:
        write_rows(IMPORTS, COLUMNS, rows)


def measured(script: Path) -> tuple[float, dict[str, float]]:
    """Give the seconds of all imports of a script, and of each package's own modules.

    Raises
    ------
    AssertionError
        If the script's imports fail.
    """
    tree = ast.parse(script.read_text(encoding="utf-8"))
    code = "\n".join(ast.unparse(node) for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom))
    command = [sys.executable, "-X", "importtime", "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{script.name}: {done.stderr[-400:]}"
    return read(done.stderr)


def read(text: str) -> tuple[float, dict[str, float]]:
    """Read what ``-X importtime`` prints: microseconds of a module's own, all in all, and its name by its depth."""
    packages: dict[str, float] = defaultdict(float)
    total = 0.0
    for own, whole, depth, module in LINE.findall(text):
        packages[module.partition(".")[0]] += int(own) / 1e6
        if not depth:
            total += int(whole) / 1e6
    return total, dict(packages)


def named(packages: dict[str, float]) -> str:
    """Name the heaviest packages."""
    heaviest = sorted(packages.items(), key=lambda item: -item[1])[:HEAVIEST]
    return ", ".join(f"{name} {seconds:.2f} s" for name, seconds in heaviest if seconds >= LEAST)
