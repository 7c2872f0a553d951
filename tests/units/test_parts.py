"""The passes over a probe set in shards: the same bytes as in one go."""

import os
import shutil
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from lucidag.ground.errors import InputError
from lucidag.ground.shards import Shard, shard_names
from lucidag.models.inputs import Inputs
from lucidag.models.network import Network
from lucidag.units.passes.activations import collect_part
from lucidag.units.passes.netdissect import count_overlaps
from lucidag.units.passes.overlaps import add_overlaps, read_overlaps, write_overlaps
from lucidag.units.passes.parts import join_activations, read_part, whole_of
from lucidag.units.passes.unit_statistics import write_pass
from lucidag.units.settings import Passes
from tests.units.probe_sets import collect, network, noise

SHARDS = (1, 3, 7)


def in_shards(folder, of, net, manifest, rows, layers, asked, **where):
    """Write the files of all shards, and of what they give together."""
    files = []
    for name in shard_names(of):
        files.append((folder / f"{name}.safetensors", folder / f"{name}.npy"))
        part = collect_part(net, manifest, rows, layers, files[-1][1], asked, shard=Shard.parse(name), **where)
        write_pass(files[-1][0], part)
    join_activations(folder / "joined.npy", [values for _, values in files])
    return whole_of([read_part(part) for part, _ in files], folder / "joined.npy")


@pytest.mark.parametrize("kind", ["signed", "resnet", "cnn", "mlp"])
@pytest.mark.parametrize("batch_size", [1, 4, 64])
@pytest.mark.parametrize(
    ("how", "where"),
    [({}, {}), ({"pooling": "max", "top": 10, "quantile": 0.2}, {}), ({"quantile": 0.6}, {"memory": 1})],
)
def test_any_number_of_shards_gives_the_same_bytes(tmp_path, kind, batch_size, how, where):
    asked, where = Passes(batch_size=batch_size, **how), {"threads": 1, **where}
    manifest = noise(tmp_path / "data", 37)
    rows = np.arange(3, 37)
    net, layers = network(kind, 0)
    whole = collect(net, manifest, rows, layers, tmp_path / "whole.npy", asked, **where)
    write_pass(tmp_path / "whole.safetensors", whole)
    if "memory" in where and kind == "signed":
        assert min(whole.looked_at.values()) < 1  # a sample
    for of in SHARDS:
        found = in_shards(tmp_path, of, net, manifest, rows, layers, asked, **where)
        write_pass(tmp_path / "joined.safetensors", found)
        for end in (".npy", ".safetensors"):
            assert (tmp_path / f"joined{end}").read_bytes() == (tmp_path / f"whole{end}").read_bytes(), (of, end)


@pytest.mark.parametrize("of", SHARDS)
def test_zeros_of_both_signs_and_equal_values_do_not_betray_the_shards(tmp_path, of):
    class Signs(nn.Module):
        """Activations that are 0, -0 or 1."""

        def forward(self, x):
            x = (x > 0.6).float() - (x < 0.3).float()
            return torch.where(x < 0, torch.tensor(-0.0), x) * torch.tensor([1.0, -1.0, 0.0])[:, None, None]

    manifest = noise(tmp_path / "data", 40, size=8, labels=False)
    net = Network(nn.Sequential(Signs()), Inputs(8), None)
    asked = Passes(batch_size=4, quantile=0.3)
    whole = collect(net, manifest, np.arange(40), ["0"], tmp_path / "a.npy", asked, threads=1)
    joined = in_shards(tmp_path, of, net, manifest, np.arange(40), ["0"], asked, threads=1)
    for name, content in (("whole", whole), ("joined", joined)):
        write_pass(tmp_path / f"{name}.safetensors", content)
    assert (tmp_path / "joined.safetensors").read_bytes() == (tmp_path / "whole.safetensors").read_bytes()
    # Which zero is the greatest of several depends on their order.
    for values in (joined.layers["0"].peak, joined.layers["0"].threshold):
        assert (values == 0).any()
        assert not np.signbit(values[values == 0]).any()


@pytest.mark.parametrize("batch_size", [1, 5, 64])
def test_overlaps_of_shards_add_up(tmp_path, batch_size):
    manifest = noise(tmp_path / "data", 31)
    rows = np.arange(31)
    net, layers = network("signed", 1)
    asked = Passes(batch_size=batch_size, quantile=0.1)
    found = collect(net, manifest, rows, layers, tmp_path / "a.npy", asked, threads=1)
    limits = {name: units.threshold for name, units in found.layers.items() if found.has_maps(name)}
    whole = count_overlaps(net, manifest, rows, limits, asked, threads=1)
    write_overlaps(tmp_path / "whole.safetensors", whole)
    assert whole.area("object").min() > 0
    for of in SHARDS:
        files = []
        for name in shard_names(of):
            own = rows[Shard.parse(name).of_batches(31, batch_size)]
            files.append(tmp_path / f"{name}.safetensors")
            write_overlaps(files[-1], count_overlaps(net, manifest, own, limits, asked, threads=1))
        write_overlaps(tmp_path / "joined.safetensors", add_overlaps(map(read_overlaps, files)))
        assert (tmp_path / "joined.safetensors").read_bytes() == (tmp_path / "whole.safetensors").read_bytes()


def test_parts_of_something_else_are_refused(tmp_path):
    manifest = noise(tmp_path / "data", 9)
    net, layers = network("signed", 0)
    one = collect_part(net, manifest, np.arange(9), layers, tmp_path / "one.npy", Passes(), threads=1)
    two = collect_part(net, manifest, np.arange(9), layers, tmp_path / "two.npy", Passes(quantile=0.1), threads=1)
    with pytest.raises(InputError, match="different passes"):
        whole_of([one, two], tmp_path / "one.npy")
    np.save(tmp_path / "few.npy", np.zeros((2, 3), np.float32))
    with pytest.raises(InputError, match=r"few\.npy holds the activations of 3 units, and .*one\.npy of \d+"):
        join_activations(tmp_path / "joined.npy", [tmp_path / "one.npy", tmp_path / "few.npy"])
    np.save(tmp_path / "few.npy", np.zeros(3))
    with pytest.raises(InputError, match=r"few\.npy does not hold activations"):
        join_activations(tmp_path / "joined.npy", [tmp_path / "few.npy"])
    with pytest.raises(InputError, match=r"gone\.npy cannot be read: No such file"):
        join_activations(tmp_path / "joined.npy", [tmp_path / "one.npy", tmp_path / "gone.npy"])
    # As a shard may look from another machine for a while.
    shutil.copy(tmp_path / "one.npy", tmp_path / "few.npy")
    os.truncate(tmp_path / "few.npy", (tmp_path / "few.npy").stat().st_size - 4)
    with pytest.raises(InputError, match=r"few\.npy does not hold activations .* cut short"):
        join_activations(tmp_path / "joined.npy", [tmp_path / "one.npy", tmp_path / "few.npy"])
    limits = {"one": one.layers["one"].peak}
    a = count_overlaps(net, manifest, np.arange(9), limits, Passes(quantile=0.1), threads=1)
    b = count_overlaps(net, manifest, np.arange(9), limits, Passes(quantile=0.2), threads=1)
    with pytest.raises(InputError, match="different layers or concepts"):
        add_overlaps([a, b])
    write_pass(tmp_path / "part.safetensors", one)
    assert replace(read_part(tmp_path / "part.safetensors"), layers={}) == replace(one, layers={})
    os.truncate(tmp_path / "part.safetensors", 100)
    with pytest.raises(InputError, match=r"part\.safetensors does not hold a part of a pass"):
        read_part(tmp_path / "part.safetensors")
    assert not (tmp_path / "joined.npy").exists()


def test_memory_of_the_merge_does_not_grow_with_the_parts(tmp_path):
    # The file of activations has 2.6 MiB a part, and the greatest values of a part take 0.2 MiB.
    net = Network(nn.Sequential(nn.Conv2d(3, 512, 8, stride=8)), Inputs(16), None)
    peaks = []
    for of in (2, 4):
        manifest = noise(tmp_path / f"data{of}", 1280 * of, size=16, labels=False)
        in_shards(tmp_path, of, net, manifest, np.arange(1280 * of), ["0"], Passes(quantile=0.02 / of, top=10))
        files = [tmp_path / name for name in shard_names(of)]
        tracemalloc.start()
        join_activations(tmp_path / "joined.npy", [file.with_suffix(".npy") for file in files])
        whole_of([read_part(file.with_suffix(".safetensors")) for file in files], tmp_path / "joined.npy")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 2**19
