"""Dissection sees tokens as maps, and maps with their units last as any others: what a hook saw, turned by hand."""

import pytest
import torch
from torchvision.models import MaxVit, SwinTransformer, VisionTransformer

from lucidag.models.inputs import Inputs
from lucidag.models.network import Network
from lucidag.units.passes.layers import forward, layer_shapes
from tests.models.token_twins import SIDE, kept, turned, twin
from tests.models.vits import vit

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
