"""Maps of units in their top images: those of a plain run of the network, averaged where they are large."""

import numpy as np
import pytest
from skimage.measure import block_reduce

from lucidag.ground.errors import InputError
from lucidag.models.frames import batches
from lucidag.units.passes.region_maps import read_region_maps, write_region_maps
from lucidag.units.passes.regions import SIDE, collect_regions
from lucidag.units.settings import Passes
from tests.units.probe_sets import collect, network, noise, outputs

TOP = 3


@pytest.mark.parametrize("size", [16, 56])
def test_maps_are_those_of_a_plain_run(tmp_path, monkeypatch, size):
    monkeypatch.setattr("lucidag.units.passes.regions.BATCH", 5)
    manifest = noise(tmp_path / "data", 23, labels=False)
    rows = np.arange(2, 23)
    net, layers = network("signed", 0, size)
    known = collect(net, manifest, rows, layers, tmp_path / "a.npy", Passes(top=10, batch_size=8), threads=1)
    write_region_maps(tmp_path / "r.safetensors", collect_regions(net, manifest, rows, known, layers, TOP, threads=1))
    found = read_region_maps(tmp_path / "r.safetensors")
    assert set(found) == {layer for layer in layers if len(known.shapes[layer]) == 3}
    batch = net.inputs.normalise(next(batches(manifest, rows, net.inputs, len(rows), 1)))
    plain = outputs(net, batch, "signed")
    for layer, each in found.items():
        np.testing.assert_array_equal(each.threshold, known.layers[layer].threshold)
        for unit, top in enumerate(known.layers[layer].top[:, :TOP]):
            assert each.images[unit] == tuple(known.images[place] for place in top)
            for rank, place in enumerate(top):
                truth = plain[layer][place, unit]
                if max(truth.shape) > SIDE and truth.shape[0] % SIDE == 0:
                    by = truth.shape[0] // SIDE
                    truth = block_reduce(truth, (by, by), np.mean)
                if truth.shape == each.maps[unit, rank].shape:
                    np.testing.assert_allclose(each.maps[unit, rank], truth, rtol=1e-4, atol=1e-5)
                else:
                    assert max(truth.shape) > SIDE == max(each.maps.shape[2:])


def test_maps_of_other_images_are_refused(tmp_path):
    manifest = noise(tmp_path / "data", 9, labels=False)
    net, layers = network("cnn", 0)
    known = collect(net, manifest, np.arange(8), layers, tmp_path / "a.npy", Passes(top=4, batch_size=8), threads=1)
    with pytest.raises(InputError, match="the statistics of units"):
        collect_regions(net, manifest, np.arange(1, 9), known, layers, TOP, threads=1)
