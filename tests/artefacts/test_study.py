"""A study of a shortcut on hand-made networks: one that looks at corners, one that looks at the middle."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
import torch

from lucidag.artefacts.removal import COLUMNS
from lucidag.artefacts.study import (
    clean_images,
    nothing_seen,
    open_networks,
    show_artefacts,
    summarise,
    target_indices,
    untrained_networks,
)
from lucidag.artefacts.study_settings import UNTRAINED, WITH, WITHOUT
from lucidag.data.manifest import read_manifest, write_manifest
from lucidag.explain.methods.explainer import single
from lucidag.ground.errors import InputError
from lucidag.models.inputs import Inputs
from lucidag.models.network import Network, open_network
from lucidag.models.small import small_cnn
from lucidag.models.weights import save_checkpoint
from tests.artefacts.looks import Looks

SIZE = 32


def circle() -> np.ndarray:
    rows, columns = np.indices((SIZE, SIZE)) - (SIZE - 1) / 2
    return np.hypot(rows, columns) < SIZE / 2.4


def networks() -> dict[str, Network]:
    inputs = Inputs(SIZE, 3, "stretch", (0.0,), (1.0,))
    return {
        name: Network(Looks(mask, slope=10), inputs, None)
        for name, mask in (("corners", ~circle()), ("middle", circle()))
    }


def explain(name):
    """Explain by the darkness of the pixels that a network adds up: exact for these networks."""

    def maps(x, target):
        return ((1 - x) * networks()[name].model.mask).sum(1) * (1 if target == 1 else -1)

    return [single("exact", maps)]


def bright(count: int = 12) -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    return {f"p{index}": random.integers(190, 256, (SIZE, SIZE, 3), dtype=np.uint8) for index in range(count)}


@pytest.fixture(scope="module")
def shown():
    return show_artefacts(networks(), bright(), {"ring": 1}, explain, 0, threads=1)


def test_the_network_that_looks_at_corners_looks_at_the_ring(shown):
    nothing = pd.DataFrame({column: [] for column in COLUMNS})
    found = summarise(*shown, nothing, {WITH: ["corners"], WITHOUT: ["middle"]}, 0.95, 200, 0)
    (row,) = found["difference"]
    assert row["method"] == "exact"
    assert row["images"] == 12
    assert row["first"] > 0.6
    assert row["second"] < 0.3
    assert row["difference_low"] > 0.3
    corners, middle = (found["changes"][name]["ring"] for name in (WITH, WITHOUT))
    assert corners["artefact"]["to_class"]["value"] == 1
    assert corners["beyond"]["low"] > 0.5
    assert abs(middle["beyond"]["value"]) < 0.3


def test_both_networks_see_the_same_images(shown):
    areas = shown[0].pivot(index="image", columns="model", values="area")
    assert (areas["corners"] == areas["middle"]).all()
    assert areas["corners"].nunique() > 6  # each image has a ring of its own
    assert set(shown[1]["image"]) == set(bright())


def test_the_same_seed_gives_the_same(shown):
    again = show_artefacts(networks(), bright(), {"ring": 1}, explain, 0, threads=1)
    pd.testing.assert_frame_equal(again[0], shown[0])
    other = show_artefacts(networks(), bright(), {"ring": 1}, explain, 50, threads=1)
    assert (other[0]["area"] != shown[0]["area"]).any()


def drawn(folder):
    images = np.stack(list(bright(6).values()))
    table = pd.DataFrame({"image": list(bright(6)), "label": ["a", "b"] * 3, "split": "test", "ring": list("010010")})
    write_manifest(folder, table, ["a", "b"], images)
    return read_manifest(folder)


def test_images_with_the_artefact_are_left_out(tmp_path):
    manifest = drawn(tmp_path)
    found = [frozenset(clean_images(manifest, "test", {"ring": "0"}, 3, seed)) for seed in range(12)]
    assert {len(images) for images in found} == {3}
    assert set().union(*found) == {"p0", "p2", "p3", "p5"}
    assert len(set(found)) > 1  # drawn, and not the first
    assert len(clean_images(manifest, "test", {}, 10, 0)) == 6
    with pytest.raises(InputError, match=r"'rings'.*did you mean 'ring'\?"):
        clean_images(manifest, "test", {"rings": "0"}, 3, 0)
    with pytest.raises(InputError, match="0 images of split 'test' have ring = 7"):
        clean_images(manifest, "test", {"ring": "7"}, 3, 0)


def test_networks_of_other_classes_cannot_be_compared(tmp_path):
    network = {
        "architecture": "lucidag.models.small:small_cnn",
        "options": {"width": 2},
        "input": {"size": 16, "channels": 3, "resize": "stretch", "mean": [0.0], "std": [1.0]},
        "head": None,
    }
    for name, classes in (("one", ["a", "b"]), ("two", ["b", "a"])):
        save_checkpoint(tmp_path / f"{name}.safetensors", small_cnn(2, width=2), {"classes": classes})
    files = {name: str(tmp_path / f"{name}.safetensors") for name in ("one", "two")}
    with pytest.raises(InputError, match="models 'one' and 'two' have not the same classes"):
        open_networks(dict.fromkeys(files, network), list(files.values()))
    found, classes = open_networks({"one": network}, [files["one"]])
    assert (list(found), classes) == (["one"], ["a", "b"])


def test_a_class_that_does_not_exist_is_named():
    assert target_indices({"ring": "b"}, ["a", "b"]) == {"ring": 1}
    with pytest.raises(InputError, match=r"shortcuts: artefacts\.ring: class 'c' does not exist"):
        target_indices({"ring": "c"}, ["a", "b"])


@pytest.mark.parametrize(
    ("values", "removal", "parts"),
    [
        ((3, 2), {"ring": {}}, []),
        ((0, 2), {"ring": {}}, ["first, another: the maps by lime are empty"]),
        ((0, 0), {}, ["first, another: the maps by lime, gradcam are empty", "name another `split`"]),
    ],
)
def test_what_a_study_could_not_measure_is_said(values, removal, parts):
    rows = [{"method": name, "images": images} for name, images in zip(("lime", "gradcam"), values, strict=True)]
    said = nothing_seen(
        {
            "models": {WITH: ["first", "another"], WITHOUT: ["second", "other"]},
            "relevance": {WITH: rows, WITHOUT: []},
            "removal": {WITH: removal, WITHOUT: {}},
        }
    )
    assert len(said) == len(parts)
    assert all(part in sentence for part, sentence in zip(parts, said, strict=True))


@pytest.mark.parametrize("seed", [0, 1])
def test_untrained_twins_are_of_the_same_architecture_and_draw_their_own_weights(tmp_path, seed):
    settings = {
        "architecture": "lucidag.models.small:small_resnet",
        "options": {"width": 2},
        "input": {"size": 16, "channels": 3, "resize": "stretch", "mean": [0.0], "std": [1.0]},
        "head": None,
    }
    manifest = drawn(tmp_path)
    known = {name: open_network(settings, 2, 7) for name in ("one", "two")}
    found = untrained_networks(known, dict.fromkeys(known, settings), manifest, seed, threads=1)
    assert {name: original for name, (original, _) in found.items()} == {"one untrained": "one", "two untrained": "two"}
    (_, one), (_, two) = found.values()
    states = [each.model.state_dict() for each in (known["one"], one, two)]
    assert {name: value.shape for name, value in states[0].items()} == {n: v.shape for n, v in states[1].items()}
    weights = [state["layer1.0.conv1.weight"] for state in states]
    assert not any(torch.equal(*pair) for pair in combinations(weights, 2))
    assert (states[1]["layer1.0.bn1.running_mean"] != 0).any()  # adapted to the images


def test_an_untrained_arm_is_summarised_beside_the_others(shown):
    relevance, pasted = (
        pd.concat([table, table[table["model"] == "middle"].assign(model="middle untrained")]) for table in shown
    )
    nothing = pd.DataFrame({column: [] for column in COLUMNS})
    arms = {WITH: ["corners"], WITHOUT: ["middle"], UNTRAINED: ["middle untrained"]}
    found = summarise(relevance, pasted, nothing, arms, 0.95, 200, 0)
    assert found["relevance"][UNTRAINED] == found["relevance"][WITHOUT]
    assert found["changes"][UNTRAINED] == found["changes"][WITHOUT]
    assert found["difference"] == summarise(*shown, nothing, dict(list(arms.items())[:2]), 0.95, 200, 0)["difference"]
