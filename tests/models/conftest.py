"""Small data sets for the tests of models."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lucidag.data.manifest import Manifest, read_manifest, write_manifest

MakeDataset = Callable[..., Manifest]


def stripes(folder: Path, counts: dict[str, list[int]], size: int = 8, channels: int = 1, seed: int = 0) -> Manifest:
    """Write images of noise with one bright row, whose place is the class; `counts` gives n a class and split."""
    random = np.random.default_rng(seed)
    classes = [f"row{c}" for c in range(len(next(iter(counts.values()))))]
    rows, images = [], []
    for split, per_class in counts.items():
        for c, n in enumerate(per_class):
            for _ in range(n):
                image = random.integers(0, 100, (size, size, channels), dtype=np.uint8)
                image[1 + 2 * c] = 255
                images.append(image)
                tint = "dark" if len(rows) % 3 else "light"
                rows.append({"image": f"p{len(rows)}", "label": classes[c], "split": split, "tint": tint})
    write_manifest(folder, pd.DataFrame(rows), classes, np.stack(images))
    return read_manifest(folder)


@pytest.fixture
def make_dataset(tmp_path: Path) -> MakeDataset:
    """Return `stripes` with its folder bound to the test's own."""

    def make(counts: dict[str, list[int]], **options: int) -> Manifest:
        return stripes(tmp_path / "data", counts, **options)

    return make
