"""soft-WPMI of many concepts against the plain way: all similarities, their softmax, then unit by unit."""

import argparse
import importlib
import json
import math
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks.peak import peak_gib
from lucidag.units.labels.similarity import soft_wpmi

if TYPE_CHECKING:
    from benchmarks.case import Case

CONCEPTS, IMAGES, UNITS, WIDTH = 20_000, 60_000, 512, 512
TOP = 100
MEMORY_GOAL, SPEED_GOAL = 10.0, 1.5


def run(quick: bool, full: bool) -> "list[Case]":
    """Score 20,000 concepts for 512 units with the top 100 of 60,000 images (`quick`: a twentieth of it)."""
    # It brings torch, whose memory the child of the torch-free way must not count.
    from benchmarks.case import Case, machine  # here, as below
    from benchmarks.measure import show

    part = 20 if quick else 1
    sizes = CONCEPTS // part, IMAGES // part, UNITS // part
    with tempfile.TemporaryDirectory() as folder:
        different = draw(Path(folder), *sizes)
        rounds = [{way: _child(folder, way) for way in ("ours", "plain")} for _ in range(3 if full else 1)]
        labels = {way: np.load(Path(folder, f"{way}.npy")) for way in ("ours", "plain")}
    if not np.array_equal(labels["ours"], labels["plain"]):
        raise AssertionError(f"{int((labels['ours'] != labels['plain']).sum())} units got another label")
    ours, plain = (min(each[way]["seconds"] for each in rounds) for way in ("ours", "plain"))
    least, most = (min(each[way]["peak"] for each in rounds) for way in ("ours", "plain"))
    concepts, images, units = sizes
    title = f"soft-WPMI, {concepts:,} concepts, {images:,} images, {units} units"
    show(
        f"{title} ({different:,} different top images)",
        [
            ("plain, peak of the process", f"{most:.2f} GiB"),
            ("ours, peak of the process", f"{least:.2f} GiB"),
            ("ratio of memory", f"{most / least:.1f} (goal {MEMORY_GOAL:.0f})"),
            ("plain, time", f"{plain:.1f} s"),
            ("ours, time", f"{ours:.1f} s"),
            ("ratio of time", f"{plain / ours:.2f} (goal {SPEED_GOAL})"),
            ("labels", f"equal for all {units} units"),
        ],
    )
    return [Case("concepts", title, "plain way", ours, plain, SPEED_GOAL, 0.0, "labels", 1024 * least, machine())]


def draw(folder: Path, concepts: int, images: int, units: int, seed: int = 0) -> int:
    """Write made-up embeddings, and units that each fire for one concept; give how many different top images there are.

    Directions are random, so that the top images of the units hardly overlap: the hardest case for the union.
    """
    rng = np.random.default_rng(seed)
    texts, frames = (_directions(rng, count) for count in (concepts, images))
    chosen = texts[rng.choice(concepts, units, replace=False)]
    top = np.empty((units, min(TOP, images)), dtype=np.int64)
    for start in range(0, units, 32):
        activations = frames @ chosen[start : start + 32].T
        activations += np.float32(0.02) * rng.standard_normal(activations.shape, dtype=np.float32)
        top[start : start + 32] = np.argsort(-activations, axis=0, kind="stable")[: top.shape[1]].T
    for name, array in (("images", frames), ("texts", texts), ("top", top)):
        np.save(folder / f"given-{name}.npy", array)
    return len(np.unique(top))


def ours(folder: Path, threads: int) -> NDArray[np.int64]:
    """Label the units by `lucidag.units.labels.similarity`, with the images behind a memory map."""
    images = np.load(folder / "given-images.npy", mmap_mode="r")
    texts, top = (np.load(folder / f"given-{name}.npy") for name in ("texts", "top"))
    return soft_wpmi(top, images, texts, threads=threads).argmax(axis=1)


def plain(folder: Path, threads: int) -> NDArray[np.int64]:
    """Label the units in the plain way, in PyTorch: N x M similarities and as many probabilities."""
    import torch

    torch.set_num_threads(threads)
    images, texts, top = (
        torch.from_numpy(np.load(folder / f"given-{name}.npy")) for name in ("images", "texts", "top")
    )
    share = torch.softmax(10 * (images @ texts.T), dim=1)
    weight = (0.998 - torch.arange(top.shape[1]) / top.shape[1] * (0.998 - 0.97))[:, None]
    given = torch.stack([torch.log(1 + weight * (share[rows] - 1) + 1e-7).sum(dim=0) for rows in top])
    score = given - (torch.logsumexp(given, dim=0) - math.log(len(top)))
    return score.argmax(dim=1).numpy()


def _directions(rng: np.random.Generator, count: int) -> NDArray[np.float32]:
    drawn = rng.standard_normal((count, WIDTH), dtype=np.float32)
    drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
    return drawn


def _child(folder: str, way: str, threads: int = 2) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.clip_speed", folder, way, str(threads)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    measured: dict[str, float] = json.loads(done.stdout)
    return measured


def _measure(folder: Path, way: str, threads: int) -> None:
    if way == "plain":
        importlib.import_module("torch")
    start = time.perf_counter()
    labels = (ours if way == "ours" else plain)(folder, threads)
    took = time.perf_counter() - start
    np.save(folder / f"{way}.npy", labels)
    print(json.dumps({"seconds": took, "peak": peak_gib()}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("way", choices=("ours", "plain"))
    parser.add_argument("threads", type=int)
    chosen = parser.parse_args()
    _measure(chosen.folder, chosen.way, chosen.threads)
