"""The embedded digits are scikit-learn's own."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from lucidag.data.images import Images
from lucidag.data.manifest import read_manifest, write_manifest
from lucidag.data.sources.digits import Digits


def test_digits_equal_those_of_the_library(tmp_path):
    source = Digits(source="digits", splits={"train": 0.6, "val": 0.2, "test": 0.2}, seed=0).load()
    truth = load_digits()
    assert source.images.shape == (1797, 8, 8, 1)
    assert np.abs(source.images[..., 0] / (255 / 16) - truth.images).max() < 0.05
    assert source.images.max() == 255
    assert source.table["label"].tolist() == [str(digit) for digit in truth.target]
    assert source.classes == tuple("0123456789")

    write_manifest(tmp_path, source.table, source.classes, source.images)
    manifest = read_manifest(tmp_path)
    assert (manifest.labels() == truth.target).all()
    assert (Images(manifest).read(1796) == source.images[1796]).all()


@pytest.mark.parametrize("seed", [0, 1])
def test_splits_are_stratified_and_ink_halves_the_set(seed):
    table = Digits(source="digits", splits={"train": 0.5, "val": 0, "test": 0.5}, seed=seed).load().table
    for _, part in table.groupby("label"):
        assert abs((part["split"] == "train").sum() - len(part) / 2) <= 0.5
    totals = load_digits().images.sum(axis=(1, 2))
    thick = (table["ink"] == "thick").to_numpy()
    assert totals[thick].min() >= totals[~thick].max() - 0.5
    assert 0.45 < thick.mean() <= 0.5
