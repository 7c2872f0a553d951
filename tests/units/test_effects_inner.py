"""Effects of units inside of networks: against a plain loop with a hook, and at the last maps against the exact way."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from lucidag.data.manifest import read_manifest, write_manifest
from lucidag.explain.cam.split import split
from lucidag.ground.errors import InputError
from lucidag.models.describe import describe
from lucidag.models.extract import extract_splits
from lucidag.models.fast import frozen
from lucidag.models.inputs import Inputs
from lucidag.models.layers import find_layer
from lucidag.models.network import Network
from lucidag.models.small import small_resnet
from lucidag.units.effects.exact import without_units
from lucidag.units.effects.inner import BASELINES, MEAN, ZERO, Cut, open_cut, pooled, without_units_inside
from lucidag.units.effects.inner_stage import INNER_COLUMNS, run_inner, some_of
from lucidag.units.effects.settings import Units
from lucidag.units.effects.stage import run_effects
from lucidag.units.takes import INSIDE
from tests.cam.networks import network
from tests.models.vits import SIZE, vit

VITS = {"vit": ("plain", 1, "class"), "vit of means": ("fused", 0, "mean")}
SIZES = {"small_cnn": 32, "plain_cnn": 32, **dict.fromkeys(VITS, SIZE)}
CASES = [
    ("small_resnet", "layer3"),
    ("small_resnet", "layer2.0.conv1"),
    ("small_cnn", "blocks.block2"),
    ("densenet", "features.denseblock2"),
    ("densenet", "relu"),
    ("plain_cnn", "8"),
    ("branching", "inner.layer2"),
    ("vit", "blocks.0"),
    ("vit of means", "blocks.1.norm1"),
]


def opened(name, seed):
    """Build a network of a few kinds, and say how many of its tokens stand for no place."""
    if name in VITS:
        way, front, pool = VITS[name]
        return vit(way, seed, front=front, pool=pool).eval().double(), front
    return network(name, seed).eval().double(), 0


def cut_at(model, layer, size):
    """Cut a network in double precision."""
    ready, example = frozen(model), torch.rand(1, 3, size, size, dtype=torch.float64)
    return Cut(split(ready, example, find_layer(describe(ready, example), layer, INSIDE)), lambda frame: frame)


def frames_of(size, seed, count=4):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(1, 3, size, size, generator=generator, dtype=torch.float64) for _ in range(count)]


def judged(z, labels):
    others = z.copy()
    rows = np.arange(len(z))
    others[rows, labels] = -np.inf
    loss = np.log(np.exp(z - z.max(1, keepdims=True)).sum(1)) + z.max(1) - z[rows, labels]
    return loss, z[rows, labels] - others.max(1), z.argmax(1) == labels


def by_hook(model, layer, front, x, unit, value):
    """Run the whole network with one unit set to a value in the output of a layer."""

    def see(_, __, output):
        output = output.clone()
        if output.ndim == 3:
            output[:, front:, unit] = value
        else:
            output[:, unit] = value
        return output

    handle = model.get_submodule(layer).register_forward_hook(see)
    with torch.no_grad():
        found = model(x)
    handle.remove()
    return found.numpy()


def outputs(model, layer, front, x):
    seen = []
    handle = model.get_submodule(layer).register_forward_hook(lambda _, __, output: seen.append(output.clone()))
    with torch.no_grad():
        model(x)
    handle.remove()
    return seen[0][:, front:].movedim(2, 1) if seen[0].ndim == 3 else seen[0]


@pytest.mark.parametrize(("name", "layer"), CASES)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_effects_are_those_of_the_whole_network_run_with_a_hook_for_each_unit(name, layer, seed):
    model, front = opened(name, seed)
    frames = frames_of(SIZES.get(name, 64), seed)
    x, labels = torch.cat(frames), np.array([0, 1, 2, 1])
    cut = cut_at(model, layer, x.shape[-1])
    means = pooled(cut, frames)
    values = {ZERO: np.zeros(means.mean.shape[1]), MEAN: means.mean.mean(axis=0)}
    if layer in dict(model.named_modules()):
        own = outputs(model, layer, front, x)
        np.testing.assert_allclose(means.mean, own.flatten(2).mean(2) if own.ndim > 2 else own, atol=1e-10)
    else:  # a function, which no hook is called of: what DenseNet pools
        layer, model = "features", torch.nn.Sequential()
        model.add_module("features", opened(name, seed)[0].features)
        model.add_module("relu", torch.nn.ReLU())
        model.add_module("pool", torch.nn.AdaptiveAvgPool2d(1))
        model.add_module("flat", torch.nn.Flatten())
        model.add_module("last", opened(name, seed)[0].classifier)
        layer = "relu"
    with torch.no_grad():
        full = judged(model(x).numpy(), labels)
    seen = {baseline: [] for baseline in BASELINES}
    for baseline, found in without_units_inside(cut, lambda: frames, labels, values, batch_size=5, block=100):
        seen[baseline] += found.units.tolist()
        for place in range(0, len(found.units), 3):
            unit = int(found.units[place])
            cut_off = by_hook(model, layer, front, x, unit, float(values[baseline][unit]))
            after = judged(cut_off, labels)
            own = np.take_along_axis(found.margin[:, :, place], labels[:, None], axis=1)[:, 0]
            for ours, new, old in zip((found.loss[:, place], own, found.correct[:, place]), after, full, strict=True):
                np.testing.assert_allclose(ours, new.astype(float) - old.astype(float), atol=1e-9)
    assert all(units == list(range(means.mean.shape[1])) for units in seen.values())


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize(("name", "layer"), [("small_resnet", "layer4"), ("small_cnn", "blocks"), ("densenet", "relu")])
def test_at_the_last_maps_zero_is_the_exact_way(name, layer, seed):
    model, _ = opened(name, seed)
    frames, labels = frames_of(SIZES.get(name, 64), seed), np.array([0, 1, 2, 1])
    cut = cut_at(model, layer, frames[0].shape[-1])
    features = pooled(cut, frames).mean
    last = [module for module in model.modules() if isinstance(module, torch.nn.Linear)][-1]
    weight, bias = last.weight.detach().numpy(), last.bias.detach().numpy()
    (exact,) = without_units(features, weight, bias, labels)
    values = {ZERO: np.zeros(features.shape[1])}
    ((_, found),) = without_units_inside(cut, lambda: frames, labels, values, batch_size=16)
    np.testing.assert_allclose(found.loss, exact.loss, atol=1e-10)
    np.testing.assert_allclose(found.margin, exact.margin, atol=1e-10)
    assert np.array_equal(found.correct, exact.correct)


def data_set(folder, count=90, size=16, owners=False):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, count)
    images = rng.integers(0, 120, (count, size, size, 3)) + 60 * (labels[:, None, None, None] == [0, 1, 2])
    table = pd.DataFrame(
        {
            "image": [f"i{number}" for number in range(count)],
            "label": np.array(["a", "b", "c"])[labels],
            "split": np.array(["train", "val", "test"])[np.arange(count) % 3],
        }
    )
    if owners:
        table["id"] = [f"p{number // 6}" for number in range(count)]
    write_manifest(folder, table, ["a", "b", "c"], images.astype(np.uint8))
    return read_manifest(folder)


def small(seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = small_resnet(3, width=4).eval()
    return Network(model, Inputs(16, 3, "stretch", (0.5,) * 3, (0.2,) * 3), "fc")


SETTINGS = Units(images=20, random_sets=19, set_size=1, resamples=30, batch_size=7)


@pytest.mark.parametrize("seed", [0, 1])
def test_the_stage_gives_at_the_last_maps_what_the_exact_stage_gives(tmp_path, seed):
    manifest, network = data_set(tmp_path / "data", owners=bool(seed)), small(seed)
    contents = extract_splits(network, manifest, ["val", "test"], [], "cpu", 16)
    found = run_inner(network, manifest, contents, "layer4", SETTINGS)
    few = {split: some_of(content, SETTINGS) for split, content in contents.items()}
    features = {split: replace(each, features=_of(contents[split], each)) for split, each in few.items()}
    exact = run_effects(features, SETTINGS)
    table = found.table[found.table["baseline"] == ZERO].drop(columns="baseline").reset_index(drop=True)
    assert tuple(found.table.columns) == INNER_COLUMNS
    assert len(table) == len(exact.table)
    for column in ("loss", "margin", "beyond", "accuracy"):
        np.testing.assert_allclose(table[column], exact.table[column], atol=1e-6)
    for column in ("loss_low", "loss_high"):  # ratios of small numbers, rounded as float32 is
        np.testing.assert_allclose(table[column], exact.table[column], rtol=0.01, atol=1e-4)
    assert table["selectivity"].notna().any()
    np.testing.assert_allclose(table["selectivity"], exact.table["selectivity"], atol=1e-5)
    assert found.report["mean_of"] == {"split": "train", "images": 20}
    assert found.report["images"] == {"val": 20, "test": 20}
    assert found.report["behind_alone"] is True
    for baseline in BASELINES:
        splits = found.report["baselines"][baseline]["splits"]
        assert splits["val"]["looked_at"] == 3 * splits["val"]["units"]
        assert splits["test"]["looked_at"] == splits["val"]["found"]


def _of(content, few):
    rows = pd.Index(content.images).get_indexer(list(few.images))
    assert (np.diff(rows) > 0).all()
    return content.features[rows]


def test_images_are_drawn_of_each_class_its_share_and_the_mean_is_set(tmp_path):
    manifest, network = data_set(tmp_path / "data"), small()
    contents = extract_splits(network, manifest, ["val", "test"], [], "cpu", 16)
    few = some_of(contents["test"], SETTINGS)
    shares = [np.bincount(each.labels, minlength=3) / len(each.labels) for each in (few, contents["test"])]
    assert np.abs(shares[0] - shares[1]).max() <= 2 / 20
    alone = run_inner(network, manifest, {"test": contents["test"]}, "layer3", SETTINGS)
    assert "no validation images" in alone.report["notes"][0]
    assert set(alone.table["split"]) == {"test"}
    both = alone.table.pivot_table(index=["unit", "kind", "name"], columns="baseline", values="loss")
    assert not np.allclose(both[ZERO], both[MEAN])
    again = run_inner(network, manifest, {"test": contents["test"]}, "layer3", SETTINGS)
    pd.testing.assert_frame_equal(alone.table, again.table)


def test_what_cannot_be_cut_is_named(tmp_path):
    with pytest.raises(InputError, match="layer 'layer5' does not exist"):
        open_cut(small(), "layer5", "cpu")
    with pytest.raises(InputError, match="test images"):
        run_inner(small(), data_set(tmp_path / "data"), {}, "layer3", SETTINGS)
    broken = small()
    with torch.no_grad():
        broken.model.fc.weight[0, 0] = float("nan")
    manifest = data_set(tmp_path / "data")
    content = extract_splits(small(), manifest, ["test"], [], "cpu", 16)
    with pytest.raises(InputError, match="NaN or infinite logits"):
        run_inner(broken, manifest, content, "layer3", SETTINGS)


def test_units_of_vectors_can_be_set(tmp_path):
    cut = open_cut(small(), "fc", "cpu")
    frames = [torch.full((1, 3, 16, 16), 90 * place, dtype=torch.uint8) for place in range(3)]
    assert pooled(cut, frames).mean.shape == (3, 3)
    ((_, found),) = without_units_inside(cut, lambda: frames, np.array([0, 1, 2]), {ZERO: np.zeros(3)}, 2)
    assert found.loss.shape == (3, 3)
    assert np.abs(found.loss).max() > 0
