"""The calls of the library give what the workflow writes."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import lucidag
from lucidag.data.features import read_splits
from lucidag.data.images import decode
from lucidag.explain.store import read_explained
from lucidag.ground.errors import InputError
from lucidag.models.trained import open_trained
from lucidag.models.weights import read_metadata
from tests.zoo.handwritten import networks


@pytest.mark.workflow
@pytest.mark.parametrize("method", ["l1", "contribution"])
def test_the_sweep_is_that_of_the_table(finished: Path, method: str) -> None:
    test = read_splits(sorted((finished / "results/features/a").glob("*.safetensors")))["test"]
    ranking = pd.read_csv(finished / "results/rof/a/ranking.csv")
    swept = pd.read_csv(finished / "results/rof/a/sweep.csv")
    chosen = (ranking["method"] == method) & (ranking["split"] == "test")
    order = ranking[chosen].sort_values("rank")["unit"].to_numpy()
    result = lucidag.sweep(test.features, test.labels, test.weight, test.bias, order)
    rows = swept[(swept["method"] == method) & (swept["split"] == "test")].sort_values("k")
    np.testing.assert_array_equal(result.accuracy, rows["accuracy"].to_numpy())
    np.testing.assert_allclose(result.loss, rows["loss"].to_numpy(), rtol=1e-12)


@pytest.mark.workflow
def test_the_maps_are_those_that_are_stored(finished: Path) -> None:
    checkpoint = finished / "results/models/b/checkpoint.safetensors"
    known = read_metadata(checkpoint)
    model = open_trained({**known, "head": None}, str(checkpoint))[0].model
    known["input"].pop("normalise", None)
    net = lucidag.network(model, **known["input"])
    lime = {"segmentation": {"algorithm": "slic", "n_segments": 6}, "num_features": 2, "num_samples": 10}
    found = lucidag.explain_image(net, decode(str(finished / "own/00.png")), options={"lime": {"settings": lime}})
    maps = (finished / "results/explanations/b/maps").glob("*/00.safetensors")
    stored = {
        name: values
        for file in maps
        for each in read_explained(file)
        if each.image == "00"
        for name, values in each.maps.items()
    }
    assert set(found) == set(stored)
    assert len(found) >= 10
    for name, values in stored.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("one-logit", "taken for the logits"),
        ("softmax", "gives probabilities"),
        ("two-heads", "outputs"),
        ("convolution-classifies", None),
    ],
)
def test_a_network_of_any_ending_gives_logits_in_a_notebook(kind: str, said: str | None) -> None:
    """The maps are those of the class's logit, and the network of the user stays as it is."""
    classes = 2 if kind == "one-logit" else 4
    torch.manual_seed(0)
    model = networks()[kind](classes).eval()
    image = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    net = lucidag.network(model, 32, classes)
    assert type(net.model) is not type(model) or said is None
    assert [note for note in net.notes if said in note] if said else not net.notes
    frame = net.inputs.normalise(net.inputs.prepare(image)[None])
    with torch.no_grad():
        logits, plain = net.model(frame), model(frame)
    own = plain["logits"] if isinstance(plain, dict) else plain[0] if isinstance(plain, tuple) else plain
    if kind == "one-logit":
        own = torch.hstack([-own.view(-1, 1), own.view(-1, 1)]) / 2
    want = own.softmax(1) if kind != "softmax" else own
    torch.testing.assert_close(logits.softmax(1), want)
    first, second = (lucidag.explain_image(net, image, ["gradcam"], target)["gradcam"] for target in (0, 1))
    assert first.shape == (32, 32)
    assert not np.array_equal(first, second)


def test_classes_that_cannot_be_counted_are_asked_for() -> None:
    with pytest.raises(InputError, match=r"gives tuple of tensors of shapes .* can't be counted: give `classes`"):
        lucidag.network(networks()["two-heads"](4), 32)


@pytest.mark.parametrize("similarity", ["soft_wpmi", "wpmi", "cosine", "cosine_cubed"])
@pytest.mark.parametrize("seed", [0, 1])
def test_a_planted_concept_is_the_label(similarity: str, seed: int) -> None:
    """Unit u answers to the images of concept u; the last unit never changes."""
    draw = np.random.default_rng(seed)
    texts = np.eye(4, dtype=np.float32)
    truth = np.repeat(np.arange(4), 25)
    images = texts[truth] + draw.normal(0, 0.05, (100, 4)).astype(np.float32)
    images /= np.linalg.norm(images, axis=1, keepdims=True)
    activations = (truth[:, None] == np.arange(4)) + draw.random((100, 4)) * 0.1
    activations = np.hstack([activations, np.zeros((100, 1))]).astype(np.float32)
    table = lucidag.label_units(activations, images, texts, list("abcd"), similarity, top=20)
    assert table["concept"].tolist() == ["a", "b", "c", "d", "none"]


def test_shapes_that_do_not_fit_are_said() -> None:
    ones = np.ones((3, 2), np.float32)
    with pytest.raises(InputError, match=r"\(3, 2\), \(4, 2\), \(2, 2\) and 2 concepts do not fit"):
        lucidag.label_units(ones, np.ones((4, 2), np.float32), np.ones((2, 2), np.float32), ["a", "b"])


def test_the_public_surface_is_these_names_and_importing_it_is_light(root: Path) -> None:
    assert lucidag.__all__ == ["__version__", "explain_image", "find_units", "label_units", "network", "sweep"]
    assert dir(lucidag) == sorted(lucidag.__all__)
    assert all(getattr(lucidag, name) for name in lucidag.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = lucidag.nothing
    code = "import sys, lucidag; print([name for name in ('numpy', 'torch', 'pandas') if name in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], cwd=root, text=True).strip() == "[]"


def test_the_version_stands_in_one_place(root: Path) -> None:
    cited = re.search(r"^version: (.*)$", (root / "CITATION.cff").read_text(), re.MULTILINE)
    assert cited is not None
    assert cited[1] == lucidag.__version__
    assert 'dynamic = ["version"]' in (root / "pyproject.toml").read_text()


@pytest.mark.long
def test_wheel_and_sdist_install_alone_and_bring_the_library(root: Path, tmp_path: Path) -> None:
    """Built, installed into an empty environment without the checkout beside it, and called."""
    uv = [sys.executable, "-m", "uv"] if not (root / ".venv/bin/uv").exists() else [str(root / ".venv/bin/uv")]
    subprocess.run([*uv, "build", "-q", "--out-dir", tmp_path / "dist", root], check=True)
    lines = (root / "requirements.lock").read_text().splitlines()
    pins = [line.removesuffix(" \\") for line in lines if line[:1].isalpha()]
    (tmp_path / "pins.txt").write_text("\n".join(pins))
    swept = "lucidag.sweep(o, n.zeros(4, int), o[:2], o[0], n.arange(2)).units"
    code = f"import lucidag, numpy as n; o = n.ones((4, 2), n.float32); print(lucidag.__file__, {swept})"
    for built in sorted((tmp_path / "dist").glob("lucidag-*.*")):
        place = tmp_path / built.name
        subprocess.run([*uv, "venv", "-q", "--python", sys.executable, place], check=True)
        words = ["pip", "install", "-q", "--python", place / "bin/python", "-c", tmp_path / "pins.txt", built]
        subprocess.run([*uv, *words], check=True, cwd=tmp_path)
        said = subprocess.check_output([place / "bin/python", "-c", code], cwd=tmp_path, text=True)
        assert said.startswith(str(place))
        assert said.split()[-1] == "2"
        assert (Path(said.split()[0]).parent / "py.typed").is_file()
