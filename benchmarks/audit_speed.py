"""The audit of images at full size against decoding and shrinking them alone; and its memory for few and many."""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from benchmarks.case import Case, machine, spent
from benchmarks.measure import seconds, show
from benchmarks.peak import peak_gib
from benchmarks.photographs import photographs
from lucidag.artefacts.finders import FINDERS, scan
from lucidag.artefacts.vision import SIDE
from lucidag.data.images import decode
from lucidag.data.lesions import draw_one

IMAGES = 47
SMALLEST, LARGEST = 4e6, 12e6  # pixels
GOAL = 1 / 1.3


def run(quick: bool, full: bool) -> list[Case]:
    """Time 47 images of 4 to 12 megapixels (`quick`: four small ones), the best of two rounds (`full`: four)."""
    count, part, rounds = (4, 0.01, 1) if quick else (IMAGES, 1.0, 4 if full else 2)
    threads = torch.get_num_threads()
    with TemporaryDirectory() as folder:
        paths = photographs(Path(folder), sides(count, part), lambda seed: draw_one(seed, 256, 0, 0.5, 1.0).image)
        plain: list[NDArray[np.uint8]] = []

        def shrunk() -> None:
            with ThreadPoolExecutor(threads) as pool:
                plain[:] = pool.map(shrink, paths)

        where = machine()
        times = [(seconds(shrunk), spent(lambda: _audited(paths, threads))) for _ in range(rounds)]
        apart = max(int(np.abs(shrink(path).astype(int) - decoded(path)).max()) for path in paths[:3])
        few, many = (_child(some, threads) for some in (paths[::-4], paths))
    library, (took, memory) = min(theirs for theirs, _ in times), min(ours for _, ours in times)
    title = f"audit of {count} JPEG of {SMALLEST * part / 1e6:g} to {LARGEST * part / 1e6:g} megapixels"
    show(
        title,
        [
            ("decoding and shrinking alone", f"{library:.2f} s"),
            ("all finders", f"{took:.2f} s"),
            ("of decoding and shrinking", f"{took / library:.2f} (goal 1.3)"),
            ("memory", f"{few:.2f} GiB with {len(paths[::-4])} images, {many:.2f} GiB with {count}"),
            ("what both look at", f"the same pixels within {apart}"),
        ],
    )
    if apart:
        raise AssertionError(f"shrunk images are {apart} apart")
    peer = "decoding and shrinking alone"
    return [Case("audit", title, peer, took, library, GOAL, float(apart), "shrunk pixels", memory, where)]


def sides(count: int, part: float) -> list[tuple[int, int]]:
    """Give widths and heights, three to two, of evenly spread numbers of pixels."""
    return [(round((1.5 * n) ** 0.5), round((n / 1.5) ** 0.5)) for n in part * np.linspace(SMALLEST, LARGEST, count)]


def shrink(path: Path) -> NDArray[np.uint8]:
    """Decode and shrink an image as one does by hand."""
    with Image.open(path) as image:
        return shrunk_to_side(np.asarray(image.convert("RGB")))


def decoded(path: Path) -> NDArray[np.uint8]:
    """Decode an image as the project does, and shrink it."""
    return shrunk_to_side(decode(path))


def shrunk_to_side(values: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Average an image over areas, until its longer side is what finders look at."""
    scale = SIDE / max(values.shape[:2])
    height, width = (round(scale * side) for side in values.shape[:2])
    small: NDArray[np.uint8] = cv2.resize(values, (width, height), interpolation=cv2.INTER_AREA)
    return small


def _audited(paths: Sequence[Path], threads: int) -> None:
    scan([path.stem for path in paths], lambda row: decode(paths[row]), list(FINDERS), threads)


def _child(paths: Sequence[Path], threads: int) -> float:
    """Give the peak of a process that audits these images, in GiB."""
    command = [sys.executable, "-m", "benchmarks.audit_speed", str(threads), *map(str, paths)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return float(done.stdout)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("threads", type=int)
    parser.add_argument("paths", nargs="+", type=Path)
    chosen = parser.parse_args()
    _audited(chosen.paths, chosen.threads)
    print(peak_gib())
