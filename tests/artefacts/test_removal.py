"""Artefacts taken out of images that show them, on networks whose answer is known."""

import numpy as np
import pandas as pd
import pytest

from lucidag.artefacts.paste import paste
from lucidag.artefacts.removal import COLUMNS, elsewhere, images_with, take_out
from lucidag.artefacts.study import summarise
from lucidag.data.manifest import read_manifest, write_manifest
from lucidag.ground.errors import InputError
from lucidag.models.inputs import Inputs
from lucidag.models.network import Network
from tests.artefacts.looks import Looks

SIZE = 64
SQUARE = np.zeros((SIZE, SIZE), bool)
SQUARE[4:16, 2:14] = True


def looks(region: np.ndarray) -> Network:
    return Network(Looks(region, slope=6), Inputs(SIZE, 3, "stretch", (0.0,), (1.0,)), None)


def skin(seed: int) -> np.ndarray:
    base = np.array([210, 160, 140]) + np.random.default_rng(seed).integers(-8, 9, (SIZE, SIZE, 1))
    return base.astype(np.uint8)


def marked(seed: int) -> np.ndarray:
    pixels = skin(seed)
    pixels[SQUARE] = 0
    return pixels


def test_a_network_that_looks_at_the_artefact_changes_its_mind_and_no_other():
    networks = {"there": looks(SQUARE), "mirrored": looks(SQUARE[:, ::-1].copy()), "below": looks(SQUARE[::-1].copy())}
    seen = {"patch": {f"p{seed}": (marked(seed), SQUARE) for seed in range(5)}}
    table = take_out(networks, seen, {"patch": 1}, threads=1)
    assert tuple(table.columns) == COLUMNS
    told = table.set_index(["model", "image"])[["before", "after", "control"]]
    dark, light = 1 / (1 + np.exp(-3.0)), [1 / (1 + np.exp(3 - 6 * (1 - skin(seed).mean() / 255))) for seed in range(5)]
    there = told.loc["there"]
    np.testing.assert_allclose(there["before"], dark, rtol=1e-5)
    np.testing.assert_allclose(there["after"], light, atol=0.02)
    assert (there["control"] == there["before"]).all()
    for other in ("mirrored", "below"):
        assert (told.loc[other, "after"] == told.loc[other, "before"]).all()
        np.testing.assert_allclose(told.loc[other, "control"], told.loc[other, "before"], atol=0.02)
    assert (told.loc["mirrored", "control"] != told.loc["mirrored", "before"]).all()  # that is where the control is
    assert (take_out({"there": networks["there"]}, seen, {"patch": 0}, threads=1)["before"] < 0.1).all()


def test_the_control_is_as_large_and_beside_the_artefact():
    place = elsewhere(SQUARE)
    assert place is not None
    assert place.sum() == SQUARE.sum()
    assert not (place & SQUARE).any()
    middle = np.zeros((SIZE, SIZE), bool)
    middle[:40, 24:44] = True  # only upside down does most of it lie outside
    found = elsewhere(middle)
    assert found is not None
    assert 0.5 * middle.sum() <= found.sum() < middle.sum()
    assert not (found & middle).any()
    ring = paste(skin(0), "ring", 0)[1]
    assert elsewhere(ring) is None


@pytest.fixture
def manifest(tmp_path):
    images = [paste(skin(row), kind, row)[0] if kind else skin(row) for row, kind in enumerate(KINDS)]
    table = pd.DataFrame({"image": [f"p{row}" for row in range(len(KINDS))], "label": ["a", "b"] * 6, "split": "test"})
    write_manifest(tmp_path, table, ["a", "b"], np.stack(images))
    return read_manifest(tmp_path)


KINDS = ("", "ring", "patch", "ring", "", "patch", "ring", "patch", "", "ring", "patch", "")


def test_the_images_are_those_in_which_a_finder_sees_the_artefact(manifest):
    seen = images_with(manifest, "test", {"ring": "a", "patch": "b"}, 3, 0)
    for name, found in seen.items():
        own = {f"p{row}" for row, kind in enumerate(KINDS) if kind == name}
        assert len(found) == 3
        assert set(found) < own
        drawn = [frozenset(images_with(manifest, "test", {name: "a"}, 3, seed)[name]) for seed in range(12)]
        assert len(set(drawn)) > 1  # not always the first
        assert set().union(*drawn) == own
    for name, found in seen.items():
        for image, (pixels, mask) in found.items():
            row = int(image[1:])
            pasted, truth = paste(skin(row), name, row)
            assert np.array_equal(pixels, pasted)
            assert (mask & truth).sum() / (mask | truth).sum() > 0.7
    assert len(images_with(manifest, "test", {"ring": "a"}, 99, 0)["ring"]) == 4
    with pytest.raises(InputError, match="finder 'rings' does not exist"):
        images_with(manifest, "test", {"rings": "a"}, 3, 0)


def test_a_summary_has_what_was_found_and_nothing_of_what_was_not(manifest):
    radius = np.hypot(*(np.indices((SIZE, SIZE)) - (SIZE - 1) / 2))
    networks = {"corners": looks(radius > 34), "middle": looks(radius < 20)}
    seen = images_with(manifest, "test", {"ring": "b", "dark_corner": "b"}, 4, 0)
    table = take_out(networks, seen | {"dark_corner": {}}, {"ring": 1, "dark_corner": 1}, threads=1)
    pasted = pd.DataFrame({"model": [], "image": [], "artefact": [], "before": [], "after": [], "control": []})
    columns = ["model", "image", "method", "artefact", "share", "area", "concentration"]
    relevance = pd.DataFrame({column: [] for column in columns})
    found = summarise(relevance, pasted, table, {"with": ["corners"], "without": ["middle"]}, 0.95, 100, 0)["removal"]
    assert list(found["with"]) == ["ring"]
    ring = found["with"]["ring"]
    assert ring["artefact"]["change"]["n"] == 4
    assert ring["artefact"]["change"]["high"] < -0.3
    assert ring["artefact"]["from_class"]["value"] == 1
    assert (ring["control"]["change"]["value"], ring["beyond"]["n"]) == (None, 0)  # a ring leaves no room for one
    assert abs(found["without"]["ring"]["artefact"]["change"]["value"]) < 0.02
