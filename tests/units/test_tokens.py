"""Dissection sees tokens as maps, and maps with their units last as any others: what a hook saw, turned by hand."""

import numpy as np
import pytest
import torch
from torchvision.models import MaxVit, SwinTransformer, VisionTransformer

from lucidag.models.inputs import Inputs
from lucidag.models.network import Network
from lucidag.units.compare.sheet_images import unit_rows
from lucidag.units.labels.detectors import label_units
from lucidag.units.passes.layers import forward, layer_shapes
from lucidag.units.passes.netdissect import count_overlaps
from lucidag.units.settings import Passes
from tests.models.token_twins import SIDE, kept, turned, twin
from tests.models.vits import vit
from tests.units.probe_sets import CONCEPTS, collect, noise

BLOCK = "encoder.layers.encoder_layer_1"
CASES = {
    "own": (
        lambda: vit(front=3),
        12,
        ["blocks.0", "blocks.1", "blocks.1.mlp.0", "blocks.1.mlp.1", "blocks.1.attention", "norm"],
        lambda values: turned(values, 3, SIDE, SIDE),
    ),
    "torchvision": (
        lambda: VisionTransformer(12, 4, 2, 2, 16, 32, num_classes=3),
        12,
        [
            BLOCK,
            f"{BLOCK}.ln_1",
            f"{BLOCK}.self_attention",
            *(f"{BLOCK}.{each}" for each in ("dropout", "mlp", "mlp.0", "mlp.1")),
        ],
        lambda values: turned(values, 1, SIDE, SIDE),
    ),
    "swin": (
        lambda: SwinTransformer([4, 4], 8, [1, 1], [2, 2], [2, 2], num_classes=3),
        32,
        ["features.1", "features.3", "norm"],
        lambda values: values.permute(0, 3, 1, 2),
    ),
    "maxvit": (
        lambda: MaxVit((64, 64), 8, 2, [8], [1], 4, 0.0, num_classes=3),
        64,
        ["stem", "blocks.0", "blocks.0.layers.0"],
        lambda values: values,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_activations_are_those_of_a_hook(case):
    make, size, layers, turn = CASES[case]
    torch.manual_seed(0)
    network = Network(make().eval(), Inputs(size, 3, "stretch", (0.4,), (0.3,)), None)
    frames = torch.randint(0, 256, (3, 3, size, size), dtype=torch.uint8)
    with forward(network, layers, "cpu", 1) as outputs_of:
        found, shapes = outputs_of(frames), layer_shapes(outputs_of, network)
    x = network.inputs.normalise(frames)
    for layer in layers:
        expected = turn(kept(network.model, layer, x))
        torch.testing.assert_close(found[layer], expected, rtol=1e-5, atol=1e-5)
        assert shapes[layer] == tuple(expected.shape[1:])


@pytest.mark.parametrize("form", ["last", "tokens", "registers", "first"])
def test_functions_among_the_layers(form):
    inputs = Inputs(12, 3, "stretch", (0.4,), (0.3,))
    frames = torch.randint(0, 256, (2, 3, 12, 12), dtype=torch.uint8)
    found = []
    for each, layers in (("maps", ["out", "mean"]), (form, ["out", "mean"])):
        with forward(Network(twin(each), inputs, "fc"), layers, "cpu", 1) as outputs_of:
            found.append(outputs_of(frames))
    for layer in ("out", "mean"):
        torch.testing.assert_close(found[1][layer], found[0][layer], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("form", ["last", "tokens", "registers", "first"])
def test_regions_overlaps_and_sheets_are_those_of_maps(tmp_path, form):
    manifest, rows, layers = noise(tmp_path / "data", 7), np.arange(7), ["relu", "out"]
    found, overlaps, sheets = [], [], []
    for each in ("maps", form):
        network = Network(twin(each), Inputs(12, 3, "stretch", (0.4,), (0.3,)), "fc")
        seen = collect(network, manifest, rows, layers, tmp_path / f"{each}.npy", Passes(quantile=0.1), threads=1)
        thresholds = {layer: units.threshold + np.float32(1e-4) for layer, units in seen.layers.items()}
        counted = count_overlaps(network, manifest, rows, thresholds, Passes(quantile=0.1), threads=1)
        tables = {layer: label_units(counted, layer, 0.04) for layer in layers}
        chosen = {layer: [0, 3, 7] for layer in layers}
        sheets.append(unit_rows(network, manifest, rows, seen, tables, chosen, 2, threads=1))
        found.append(seen)
        overlaps.append(counted)
    for layer in layers:
        expected, own = (each.layers[layer] for each in found)
        assert own.threshold == pytest.approx(expected.threshold, abs=1e-5)
        assert own.top_values == pytest.approx(expected.top_values, abs=1e-5)
        for category in CONCEPTS:
            expected, own = (each.union(layer, category) for each in overlaps)
            assert expected.any()
            assert np.abs(own - expected).max() <= 1
    assert any(region.any() for row in sheets[0] for region in row.regions)
    for expected, own in zip(*sheets, strict=True):
        assert own.name == expected.name
        assert np.mean(np.asarray(own.regions) != np.asarray(expected.regions)) < 0.01
