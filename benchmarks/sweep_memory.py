"""The peak memory of a large sweep, in a process of its own."""

import argparse
import subprocess
import sys

from benchmarks.measure import problem, seconds, show
from benchmarks.peak import peak_gib
from lucidag.rof.sweep import sweep

IMAGES, UNITS, CLASSES = 50_000, 2_048, 1_000
PART = 4_096
GOAL_GIB = 2.0


def run(quick: bool, full: bool) -> None:
    """Sweep 4,096 of 50,000 images with all inputs in memory (`full`: all of them, `quick`: 512)."""
    part = IMAGES if full else 512 if quick else PART
    command = [sys.executable, "-m", "benchmarks.sweep_memory", str(part)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    inputs, peak, took = (float(word) for word in done.stdout.split())
    swept = f"{took:.0f} s for {part:,} images" + ("" if full else f"; all would take {took * IMAGES / part:.0f} s")
    show(
        f"memory, {IMAGES:,} images, {UNITS:,} units, {CLASSES:,} classes, 4 groups",
        [
            ("inputs", f"{inputs:.2f} GiB"),
            ("peak of the process", f"{peak:.2f} GiB (goal {GOAL_GIB:.0f})"),
            ("time", swept),
        ],
    )


def _child(part: int) -> None:
    p = problem(IMAGES, UNITS, CLASSES)
    took = seconds(lambda: sweep(p.features[:part], p.labels[:part], p.weight, p.bias, p.order, p.groups[:part], 4))
    inputs = sum(each.nbytes for each in (p.features, p.labels, p.weight, p.groups)) / 2**30
    print(inputs, peak_gib(), took)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("part", type=int)
    _child(parser.parse_args().part)
