"""What a job of class activation maps says of a network or a layer that has no maps: the key, and what will do."""

import pytest
import torch

from lucidag.explain.stage import explain_subjects
from lucidag.explain.subjects import Subject
from lucidag.ground.errors import InputError
from lucidag.models.network import open_network

SIZE = {"size": 8, "channels": 3, "mean": [0.0], "std": [1.0]}
CNN = {"architecture": "lucidag.models.small:small_cnn", "options": {"width": 2}, "input": SIZE, "head": None}
MLP = {**CNN, "architecture": "lucidag.models.small:small_mlp", "options": {"inputs": 192, "hidden": [4]}}


@pytest.mark.parametrize(
    ("network", "layer", "sentence"),
    [
        (CNN, "fc", "explain.cam.layers: layer 'fc' gives a tensor of shape (1, 2); it must give N x K x H x W"),
        (CNN, "pool", "explain.cam.layers: layer 'pool' gives a tensor of shape (1, 8, 1, 1); it must give"),
        (CNN, "blocks.blok1", "explain.cam.layers: layer 'blocks.blok1' does not exist (did you mean"),
        (MLP, None, "explain.methods: network 'Sequential': no layer gives maps"),
    ],
)
def test_the_key_and_the_layer_are_named(network: dict, layer: str | None, sentence: str) -> None:
    opened = open_network(network, 2)
    subject = Subject("p", "a", None, torch.zeros(3, 8, 8, dtype=torch.uint8), None)
    family = {"methods": ["gradcam"], "options": {"layer": layer, "batch_size": 4}}
    with pytest.raises(InputError) as caught:
        explain_subjects(opened, [subject], ["a", "b"], family, "cpu", threads=1)
    assert str(caught.value).startswith(sentence)
    if layer is not None:
        assert "layers that will do: " in str(caught.value)
        assert "blocks.block3" in str(caught.value)
