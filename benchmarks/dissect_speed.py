"""Dissection: the two passes over a probe set against the bare forward passes, their cost by images, their memory."""

import argparse
import math
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import torch
from torchvision.models import resnet18

from benchmarks.case import Limit, machine
from benchmarks.measure import seconds, show
from benchmarks.sweep_memory import peak_gib
from lucidag.data.manifest import Manifest, read_manifest, write_manifest
from lucidag.models.frames import batches
from lucidag.models.inputs import Inputs
from lucidag.models.network import Network
from lucidag.units.passes.activations import collect_part
from lucidag.units.passes.layers import forward
from lucidag.units.passes.netdissect import count_overlaps
from lucidag.units.passes.parts import whole_of
from lucidag.units.passes.unit_statistics import Statistics
from lucidag.units.settings import Passes

LAYERS = ("layer2", "layer3", "layer4")
CATEGORIES = {"object": 12, "material": 5, "colour": 8}
BATCH, GOAL = 64, 1.5


def run(quick: bool, full: bool) -> list[Limit]:
    """Time 256 images of 112 px (`quick`: 64 of 64 px; `full`: 224 px too), and the memory of few and many."""
    found: list[Limit] = []
    for size in (64,) if quick else (112, 224) if full else (112,):
        found += _speed(64 if quick else 256, size, 1 if quick else 3)
    few, many = (128, 256) if quick else (256, 1024)
    command = [sys.executable, "-m", "benchmarks.dissect_speed"]
    peaks = [
        float(subprocess.run([*command, str(n)], check=True, capture_output=True, text=True).stdout)
        for n in (few, many)
    ]
    show(
        "memory of both passes, images of 64 px",
        [(f"peak of the process, {n:,} images", f"{peak:.3f} GiB") for n, peak in zip((few, many), peaks, strict=True)],
    )
    return found


def _speed(count: int, size: int, rounds: int) -> list[Limit]:
    where, network, rows = machine(), _network(size), np.arange(count)
    with TemporaryDirectory() as folder:
        manifest = _draw(Path(folder) / "data", count, size)
        half = rows[: count // 2]
        statistics = _collect(network, manifest, rows, folder)
        work: dict[str, Callable[[], object]] = {
            "bare": lambda: _bare(network, manifest, rows),
            "activations": lambda: _collect(network, manifest, rows, folder),
            "overlaps": lambda: _count(network, manifest, rows, statistics),
            "bare, half": lambda: _bare(network, manifest, half),
            "overlaps, half": lambda: _count(network, manifest, half, statistics),
        }
        wall, cpu = _best(work, rounds)
    units = sum(len(each.threshold) for each in statistics.layers.values())
    show(
        f"dissection, {count} images of {size} px, resnet18, {', '.join(LAYERS)}: {units} units, "
        f"{sum(CATEGORIES.values())} concepts",
        [
            ("bare forward passes", f"{wall['bare']:.2f} s, {cpu['bare']:.2f} s of CPU"),
            *_rows("pooled activations, top images, exact thresholds", "activations", wall, cpu),
            *_rows("intersections and unions", "overlaps", wall, cpu),
            ("CPU for twice the images: bare", f"{cpu['bare'] / cpu['bare, half']:.2f}"),
            ("CPU for twice the images: unions", f"{cpu['overlaps'] / cpu['overlaps, half']:.2f}"),
        ],
    )
    title = f"dissection, {count} images of {size} px, ResNet-18, {units} units"
    ratios = {"pooled activations": "activations", "intersections and unions": "overlaps"}
    return [
        Limit("dissect", f"{title}: {what}", wall[name] / wall["bare"], GOAL, "bare passes", where)
        for what, name in ratios.items()
    ]


def _rows(what: str, name: str, wall: dict[str, float], cpu: dict[str, float]) -> list[tuple[str, str]]:
    ratios = f"{wall[name] / wall['bare']:.2f} (goal {GOAL}), of CPU {cpu[name] / cpu['bare']:.2f}"
    return [(what, f"{wall[name]:.2f} s, {cpu[name]:.2f} s of CPU"), ("  ratio", ratios)]


def _best(work: dict[str, Callable[[], object]], rounds: int) -> tuple[dict[str, float], dict[str, float]]:
    """Give the best wall and CPU seconds of each; in turn, as another process may slow one of them down."""
    wall, cpu = dict.fromkeys(work, math.inf), dict.fromkeys(work, math.inf)
    for _ in range(rounds):
        for name, each in work.items():
            start = time.process_time()
            wall[name] = min(wall[name], seconds(each))
            cpu[name] = min(cpu[name], time.process_time() - start)
    return wall, cpu


def _network(size: int) -> Network:
    torch.manual_seed(0)
    return Network(resnet18(num_classes=10).eval(), Inputs(size, 3, "stretch", (0.45,), (0.25,)), "fc")


def _draw(folder: Path, count: int, size: int) -> Manifest:
    """Draw coloured blotches, and in most of them blotches of concepts."""
    draw = np.random.default_rng(0)
    side = -(-size // 16)
    coarse = draw.integers(0, 256, (count, side, side, 3), dtype=np.uint8)
    images = coarse.repeat(16, 1).repeat(16, 2)[:, :size, :size]
    concepts, names = {}, {}
    for category, number in CATEGORIES.items():
        labels = draw.integers(0, 2 * number, (count, side, side))
        labels[labels > number] = 0
        concepts[category] = labels.astype(np.uint8).repeat(16, 1).repeat(16, 2)[:, :size, :size]
        names[category] = [f"{category}{index}" for index in range(number)]
    table = pd.DataFrame({"image": [f"p{index}" for index in range(count)], "label": "any", "split": "test"})
    write_manifest(folder, table, ["any"], images, concepts=concepts, concept_names=names)
    return read_manifest(folder)


def _bare(network: Network, manifest: Manifest, rows: np.ndarray) -> None:
    with forward(network, (), "cpu", torch.get_num_threads()) as outputs_of:
        for frames in batches(manifest, rows, network.inputs, BATCH, torch.get_num_threads(), memory_limit=0):
            outputs_of(frames)


def _collect(network: Network, manifest: Manifest, rows: np.ndarray, folder: str) -> Statistics:
    path = Path(folder) / "activations.npy"
    asked, threads = Passes(batch_size=BATCH), torch.get_num_threads()
    return whole_of([collect_part(network, manifest, rows, LAYERS, path, asked, threads=threads)], path)


def _count(network: Network, manifest: Manifest, rows: np.ndarray, statistics: Statistics) -> None:
    thresholds = {layer: each.threshold for layer, each in statistics.layers.items()}
    threads = torch.get_num_threads()
    count_overlaps(network, manifest, rows, thresholds, Passes(batch_size=BATCH), threads=threads)


def _child(count: int) -> None:
    torch.set_num_threads(2)
    with TemporaryDirectory() as folder:
        # Drawn in a process of its own, or its memory would be the greatest.
        command = [sys.executable, "-m", "benchmarks.dissect_speed", str(count), "--draw", folder]
        subprocess.run(command, check=True)
        manifest, network, rows = read_manifest(Path(folder) / "data"), _network(64), np.arange(count)
        _count(network, manifest, rows, _collect(network, manifest, rows, folder))
        print(peak_gib())


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("count", type=int)
    parser.add_argument("--draw")
    chosen = parser.parse_args()
    if chosen.draw:
        _draw(Path(chosen.draw) / "data", chosen.count, 64)
    else:
        _child(chosen.count)
