"""The pages about what one can add, followed word by word: what is found afterwards, and how many files it took."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lucidag.ground.files import read_json
from tests.docs.follow import follow

pytestmark = pytest.mark.workflow


def test_a_figure_takes_three_files(root: Path, copied: Path, snakemake, planned) -> None:
    touched = follow(root / "docs" / "write-a-figure.md", copied)
    assert len(touched) <= 3
    # The notebook shows none of it, and nothing else is stale.
    assert planned(copied) == {"figures_recall": ["model=a", "model=b", "model=c"]}
    snakemake(copied, "figures", "--cores", "2")
    results = copied / "results"
    for model in "abc":
        assert (results / f"figures/models/{model}/recall.pdf").stat().st_size > 0
        counts = np.array(read_json(results / f"models/{model}/evaluation.json")["test"]["confusion"])
        bars = _bars(results / f"figures/models/{model}/recall.png")
        assert bars == (counts.diagonal()[counts.sum(axis=1) > 0] > 0).sum()


def _bars(file: Path) -> int:
    """Count the bars of a figure: runs of rows that hold many dots of the first bar's colour."""
    with Image.open(file) as image:
        dots = np.asarray(image.convert("RGB")).astype(int)
    coloured = (np.ptp(dots, axis=2) > 60).sum(axis=1) > 8
    return int((np.diff(coloured.astype(int), prepend=0) == 1).sum())
