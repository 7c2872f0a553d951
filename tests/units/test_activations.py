import tracemalloc

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch import nn

from lucidag.ground.errors import InputError
from lucidag.models.frames import batches
from lucidag.models.inputs import Inputs
from lucidag.models.network import Network
from lucidag.units.passes import activations as module
from lucidag.units.passes.layers import forward
from lucidag.units.passes.unit_statistics import read_activations, read_statistics, write_pass
from lucidag.units.settings import Passes
from tests.units.probe_sets import collect, network, noise, outputs, write

CASES = [(kind, seed) for kind in ("signed", "resnet", "cnn", "mlp") for seed in (0, 1)]


@pytest.mark.parametrize(("kind", "seed"), CASES)
@pytest.mark.parametrize("pooling", ["mean", "max"])
def test_it_is_what_plain_arrays_give(tmp_path, kind, seed, pooling):
    manifest = noise(tmp_path / "data", 37, seed=seed)
    rows = np.arange(3, 37)
    net, layers = network(kind, seed)
    found = collect(
        net,
        manifest,
        rows,
        layers,
        tmp_path / "a.npy",
        Passes(pooling=pooling, top=10, quantile=0.02, batch_size=8),
        threads=1,
    )
    batch = net.inputs.normalise(next(batches(manifest, rows, net.inputs, len(rows), 1)))
    expected = outputs(net, batch, kind)
    assert found.images == tuple(manifest.table["image"][3:])
    assert list(found.layers) == layers
    for layer in layers:
        maps = expected[layer]
        assert found.shapes[layer] == maps.shape[1:]
        maps = maps.reshape(*maps.shape[:2], -1)
        pooled = read_activations(tmp_path / "a.npy", found, layer)
        np.testing.assert_allclose(pooled, getattr(np, pooling)(maps, axis=2), rtol=1e-5, atol=1e-6)
        _check_units(found.layers[layer], pooled, maps, 10, 0.02)


def _check_units(units, pooled, maps, top, quantile):
    """Hold the statistics to the pooled values, and the thresholds to all activations (N x U x positions)."""
    for unit in range(pooled.shape[1]):
        column = pooled[:, unit]
        order = sorted(range(len(column)), key=lambda row: (-column[row], row))[:top]
        assert units.top[unit].tolist() == order
        assert units.top_values[unit].tolist() == column[order].tolist()
        values = maps[:, unit].ravel()
        threshold = np.sort(values)[::-1][int(quantile * len(values))]
        np.testing.assert_allclose(units.threshold[unit], threshold, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(units.peak[unit], values.max(), rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(units.mean[unit], column.mean(dtype=np.float64), rtol=1e-6)
        assert units.share_active[unit] == np.float32((column > 0).mean())


def test_what_follows_in_place_does_not_change_a_layer(tmp_path):
    manifest = noise(tmp_path / "data", 6)
    net, _ = network("resnet", 0)
    found = collect(net, manifest, np.arange(6), ["bn1"], tmp_path / "a.npy", Passes(), threads=1)
    assert found.layers["bn1"].mean.min() < 0


@pytest.mark.parametrize("kind", ["signed", "resnet", "mlp"])
def test_the_batch_size_and_the_order_of_layers_change_rounding_only(tmp_path, kind):
    manifest = noise(tmp_path / "data", 31)
    net, layers = network(kind, 5)
    results = [
        collect(
            net,
            manifest,
            np.arange(31),
            order,
            tmp_path / f"{size}.npy",
            Passes(quantile=0.01, batch_size=size),
            threads=1,
        )
        for size, order in ((31, layers), (7, layers[::-1]), (1, layers))
    ]
    for other in results[1:]:
        for layer in layers:
            first, second = results[0].layers[layer], other.layers[layer]
            np.testing.assert_allclose(second.threshold, first.threshold, rtol=1e-4, atol=1e-6)
            np.testing.assert_allclose(second.top_values, first.top_values, rtol=1e-4, atol=1e-6)
            assert (second.top == first.top).mean() > 0.95


@pytest.mark.parametrize("part", [1, 700])
def test_how_many_values_are_sorted_at_a_time_changes_nothing(tmp_path, monkeypatch, part):
    manifest = noise(tmp_path / "data", 40)
    net, layers = network("signed", 0)
    whole = collect(net, manifest, np.arange(40), layers, tmp_path / "a.npy", Passes(quantile=0.05), threads=1)
    monkeypatch.setattr(module, "PART", part)
    parts = collect(net, manifest, np.arange(40), layers, tmp_path / "a.npy", Passes(quantile=0.05), threads=1)
    for layer in layers:
        assert np.array_equal(parts.layers[layer].threshold, whole.layers[layer].threshold)


def test_all_images_are_the_top_where_there_are_fewer_than_asked_for(tmp_path):
    manifest = noise(tmp_path / "data", 9)
    net, layers = network("cnn", 0)
    units = collect(net, manifest, np.arange(9), layers, tmp_path / "a.npy", Passes(top=100), threads=1).layers["fc"]
    assert units.top.shape == units.top_values.shape == (4, 9)
    assert np.array_equal(np.sort(units.top, axis=1), np.tile(np.arange(9), (4, 1)))


def test_equal_images_are_ordered_by_row(tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (1, 16, 16, 3), dtype=np.uint8)
    manifest = write(tmp_path / "data", np.repeat(image, 150, axis=0))
    net, layers = network("mlp", 0)
    units = collect(
        net, manifest, np.arange(150), layers, tmp_path / "a.npy", Passes(batch_size=150, top=100), threads=1
    ).layers["relu1"]
    assert np.array_equal(units.top, np.tile(np.arange(100), (7, 1)))


def test_a_constant_unit_has_its_constant_as_threshold(tmp_path):
    manifest = noise(tmp_path / "data", 20)
    net, layers = network("signed", 0)
    with torch.no_grad():
        net.model.two.weight[:2] = 0
        net.model.two.bias[:2] = torch.tensor([0.5, 0])
    units = collect(net, manifest, np.arange(20), layers, tmp_path / "a.npy", Passes(top=100), threads=1).layers["two"]
    for field in (units.threshold, units.mean, units.peak):
        assert field[:2].tolist() == [0.5, 0]
    assert units.share_active[:2].tolist() == [1, 0]
    assert units.top[0].tolist() == units.top[1].tolist() == list(range(20))


def test_a_sample_of_the_positions_is_near_the_exact_threshold(tmp_path):
    # 24 x 24 positions of 500 images, of which 204,600 are looked at.
    manifest = noise(tmp_path / "data", 500, size=24, labels=False)
    net = Network(nn.Sequential(nn.Conv2d(3, 4, 3, padding=1)), Inputs(24), None)
    rows = np.arange(500)
    exact = collect(net, manifest, rows, ["0"], tmp_path / "a.npy", Passes(), threads=1)
    sample = collect(net, manifest, rows, ["0"], tmp_path / "a.npy", Passes(), memory=1, threads=1)
    again = collect(net, manifest, rows, ["0"], tmp_path / "a.npy", Passes(batch_size=7), memory=1, threads=1)
    assert exact.looked_at == {"0": 1.0}
    assert 0.6 < sample.looked_at["0"] < 0.8
    np.testing.assert_allclose(again.layers["0"].threshold, sample.layers["0"].threshold, rtol=1e-6)
    maps = outputs(net, net.inputs.normalise(next(batches(manifest, rows, net.inputs, len(rows), 1))), "")["0"]
    above = (maps > sample.layers["0"].threshold[:, None, None]).mean(axis=(0, 2, 3))
    assert np.abs(above / 0.005 - 1).max() < 4 / 1024**0.5
    assert not np.array_equal(sample.layers["0"].threshold, exact.layers["0"].threshold)
    for name in ("top", "mean", "peak", "share_active"):
        assert np.array_equal(getattr(sample.layers["0"], name), getattr(exact.layers["0"], name))


def test_memory_does_not_grow_with_the_images(tmp_path):
    # One map of one image of this layer takes 32 KiB: 1,500 more images, 47 MiB.
    net = Network(nn.Sequential(nn.Conv2d(3, 32, 1)), Inputs(16), None)
    peaks = []
    for count in (1000, 2500):
        manifest = noise(tmp_path / f"data{count}", count, size=16, labels=False)
        collect(net, manifest, np.arange(64), ["0"], tmp_path / "a.npy", Passes(), memory=1, threads=1)
        tracemalloc.start()
        found = collect(net, manifest, np.arange(count), ["0"], tmp_path / "a.npy", Passes(), memory=1, threads=1)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert found.looked_at["0"] < 1
    assert peaks[1] - peaks[0] < 2**19


def test_files_say_what_was_found(tmp_path):
    manifest = noise(tmp_path / "data", 12)
    net, layers = network("signed", 0)
    found = collect(net, manifest, np.arange(2, 12), layers, tmp_path / "a.npy", Passes(pooling="max"), threads=1)
    write_pass(tmp_path / "statistics.safetensors", found)
    back = read_statistics(tmp_path / "statistics.safetensors")
    assert (back.images, back.shapes, back.pooling, back.quantile, back.looked_at) == (
        found.images,
        found.shapes,
        "max",
        0.005,
        dict.fromkeys(layers, 1.0),
    )
    for layer in layers:
        for name, value in vars(found.layers[layer]).items():
            assert np.array_equal(getattr(back.layers[layer], name), value)
            assert getattr(back.layers[layer], name).dtype == (np.int64 if name == "top" else np.float32)


@pytest.mark.parametrize("content", [None, b"", b"abc" * 100])
def test_other_files_are_refused(tmp_path, content):
    manifest = noise(tmp_path / "data", 6)
    net, layers = network("signed", 0)
    found = collect(net, manifest, np.arange(6), layers, tmp_path / "b.npy", Passes(), threads=1)
    for name in ("a.npy", "statistics.safetensors"):
        if content is not None:
            (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=r"a\.npy does not hold activations"):
        read_activations(tmp_path / "a.npy", found, layers[0])
    with pytest.raises(InputError, match=r"statistics\.safetensors does not hold unit statistics"):
        read_statistics(tmp_path / "statistics.safetensors")
    np.save(tmp_path / "a.npy", np.zeros((6, 3), np.float32))
    with pytest.raises(InputError, match=f"float32 6 x {sum(shape[0] for shape in found.shapes.values())}"):
        read_activations(tmp_path / "a.npy", found, layers[0])


class Odd(nn.Module):
    """Layers of which no one value per unit can be had."""

    def __init__(self) -> None:
        super().__init__()
        self.twice = nn.ReLU()
        self.pair = nn.LSTM(3, 2, batch_first=True)
        self.sequence = nn.Identity()
        self.unused = nn.Identity()
        self.fold = nn.Identity()
        self.root = nn.Conv2d(3, 2, 1)

    def forward(self, x):
        self.pair(self.sequence(x.flatten(2).transpose(1, 2)))
        self.fold(x.flatten(0, 1).flatten(1))
        return self.root(self.twice(self.twice(x))).sqrt()


@pytest.mark.parametrize(
    ("layers", "sentence"),
    [
        (["roots"], r"layer 'roots' does not exist \(did you mean 'root'\?\); there are: "),
        ([""], "layer '' does not exist"),
        (["root", "fold", "root"], "layers: 'root' is listed twice"),
        (["twice"], "layer 'twice' runs more than once"),
        (["unused"], "layer 'unused' does not run"),
        (["pair"], "layer 'pair' gives a tuple; it must give N x K"),
        (
            ["sequence"],
            r"layer 'sequence' gives a tensor of shape \(1, 64, 3\) .* tokens lie .*; layers that will do: ",
        ),
        (["fold"], r"layer 'fold' gives a tensor of shape \(3, 64\); it must give N x K"),
    ],
)
def test_layers_without_units_are_refused(tmp_path, layers, sentence):
    manifest = noise(tmp_path / "data", 5)
    net = Network(Odd(), Inputs(8), None)
    with pytest.raises(InputError, match=sentence):
        collect(net, manifest, np.arange(5), layers, tmp_path / "a.npy", Passes(), threads=1)
    assert not any(module._forward_hooks for module in net.model.modules())
    assert not list(tmp_path.glob("*.npy"))


class Swapped(nn.Module):
    """Maps with their units in the last axis, or the same function with them in axis 1."""

    def __init__(self, last: bool) -> None:
        super().__init__()
        self.patch, self.mix, self.act, self.last = nn.Conv2d(3, 8, 2, 2), nn.Linear(8, 7), nn.ReLU(), last
        self.fc = nn.Linear(7, 3)

    def forward(self, x):
        maps = self.patch(x)
        if self.last:
            return self.fc(self.act(self.mix(maps.permute(0, 2, 3, 1))).mean((1, 2)))
        mixed = nn.functional.conv2d(maps, self.mix.weight[:, :, None, None], self.mix.bias)
        return self.fc(self.act(mixed).mean((2, 3)))


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("pooling", ["mean", "max"])
def test_units_in_the_last_axis_have_the_statistics_of_the_same_function_with_them_in_front(tmp_path, seed, pooling):
    torch.manual_seed(seed)
    manifest, ways = noise(tmp_path / "data", 9), [Swapped(last=True), Swapped(last=False)]
    ways[1].load_state_dict(ways[0].state_dict())
    asked = Passes(pooling=pooling, top=4, quantile=0.1, batch_size=4)
    found = [
        collect(
            Network(way, Inputs(8), None),
            manifest,
            np.arange(9),
            ["patch", "act", "fc"],
            tmp_path / "a",
            asked,
            threads=1,
        )
        for way in ways
    ]
    assert found[0].shapes == found[1].shapes == {"patch": (8, 4, 4), "act": (7, 4, 4), "fc": (3,)}
    for layer in found[0].layers:
        one, other = (each.layers[layer] for each in found)
        np.testing.assert_array_equal(one.top, other.top)
        for name in ("top_values", "threshold", "mean", "peak"):
            np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("pooling", ["mean", "max"])
def test_activations_that_are_not_finite_name_layer_and_image(tmp_path, bad, pooling):
    class Hole(nn.Module):
        def forward(self, x):
            return torch.where(x > 0.99, bad, x)

    images = np.full((20, 8, 8, 3), 100, np.uint8)
    images[13, 5, 5, 1] = 255
    manifest = write(tmp_path / "data", images)
    net = Network(nn.Sequential(nn.Identity(), Hole()), Inputs(8), None)
    with pytest.raises(InputError, match="layer '1' gives NaN or infinite activations for image 'p0013'"):
        collect(
            net,
            manifest,
            np.arange(20),
            ["0", "1"],
            tmp_path / "a.npy",
            Passes(pooling=pooling, batch_size=6),
            threads=1,
        )
    assert not any(module._forward_hooks for module in net.model.modules())
    assert not list(tmp_path.glob("*.npy"))


def test_the_network_is_left_as_it_was(tmp_path):
    manifest = noise(tmp_path / "data", 5)
    net, layers = network("resnet", 0)
    net.model.train()
    net.model.layer1.eval()
    collect(net, manifest, np.arange(5), layers, tmp_path / "a.npy", Passes(), threads=1)
    assert net.model.training
    assert not net.model.layer1[0].training
    assert net.model.layer2[0].training
    assert not any(module._forward_hooks for module in net.model.modules())


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"pooling": "sum"}, "pooling\n.*'mean' or 'max'"),
        ({"top": 0}, "top\n.*greater than or equal to 1"),
        ({"quantile": 1.0}, "quantile\n.*less than 1"),
    ],
)
def test_options_out_of_range_are_refused(options, sentence):
    with pytest.raises(ValidationError, match=sentence):
        Passes(**options)


def test_an_empty_probe_set_is_refused(tmp_path):
    net, layers = network("mlp", 0)
    with pytest.raises(InputError, match="the probe set has no images"):
        collect(net, noise(tmp_path / "data", 5), np.arange(0), layers, tmp_path / "a.npy", Passes())


@pytest.mark.parametrize("seed", [0, 1])
def test_a_function_is_a_layer_as_a_module_is(seed):
    """What a function gives is kept as it is before code that follows changes it in place."""

    class Net(nn.Module):
        def __init__(self, module):
            super().__init__()
            self.conv, self.module = nn.Conv2d(3, 4, 3), module
            if module:
                self.relu = nn.ReLU()

        def forward(self, x):
            x = self.relu(self.conv(x)) if self.module else torch.relu(self.conv(x))
            return x.mul_(-2).mean((2, 3))

    torch.manual_seed(seed)
    one, other = Net(module=True), Net(module=False)
    other.load_state_dict(one.state_dict())
    frames = torch.randint(0, 256, (3, 3, 8, 8), dtype=torch.uint8)
    found = []
    for model, layer in ((one, "relu"), (other, "relu")):
        with forward(Network(model, Inputs(8), None), ["conv", layer], "cpu", 1) as outputs_of:
            found.append([outputs_of(frames), outputs_of(frames.flip(0))])
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours["relu"], theirs["relu"], rtol=0, atol=0)
        assert (ours["relu"] >= 0).all()
        assert list(ours) == ["conv", "relu"]
