"""Networks whose code does not bear channels-last run contiguous, and give the same numbers in every stage."""

import numpy as np
import pytest
import torch
from torch import nn

from lucidag.explain.lime.neighbourhood import classifier
from lucidag.explain.methods.cam import CamExplainer
from lucidag.models.extract import extract
from lucidag.models.fast import accelerate, copied
from lucidag.models.inputs import Inputs
from lucidag.models.memory_format import settled
from lucidag.models.network import Network
from lucidag.models.settings import Train
from lucidag.models.train import train
from lucidag.units.passes.layers import forward
from tests.cam.networks import cams


class Viewing(nn.Module):
    """Flattens by `view`, or by `reshape`, which bears any format."""

    def __init__(self, by: str) -> None:
        super().__init__()
        self.conv, self.inner, self.by = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1), by
        self.relu, self.fc = nn.ReLU(), nn.Linear(4 * 64, 3)

    def forward(self, x):
        x = self.relu(self.conv(x))
        x = x + self.inner(x)
        return self.fc(getattr(x, self.by)(x.size(0), -1))


def pair(seed):
    torch.manual_seed(seed)
    viewing, reshaping = Viewing("view").eval(), Viewing("reshape").eval()
    reshaping.load_state_dict(viewing.state_dict())
    return viewing, reshaping


INPUTS = Inputs(size=8, channels=3, resize="stretch", mean=[0.5] * 3, std=[0.5] * 3)


def test_what_a_network_bears():
    viewing, reshaping = pair(0)
    x = torch.rand(1, 3, 8, 8)
    assert settled(viewing, x) is torch.contiguous_format
    assert settled(reshaping, x) is torch.channels_last
    assert viewing.conv.weight.is_contiguous()
    assert reshaping.conv.weight.is_contiguous(memory_format=torch.channels_last)
    with pytest.raises(RuntimeError, match="channels"):
        settled(viewing, torch.rand(1, 2, 8, 8))


@pytest.mark.parametrize("seed", [0, 1])
def test_every_stage_gives_the_same_numbers(make_dataset, seed, capsys):
    viewing, reshaping = pair(seed)
    x = torch.rand(1, 3, 8, 8)
    methods = ["gradcam", "ablationcam", "scorecam", "layercam"]
    maps = [CamExplainer(model, x, None, 4).explain(x, cams(methods), 1).maps for model in (viewing, reshaping)]
    assert "Traceback" not in capsys.readouterr().err  # as torch.fx prints one of a graph that fails
    for method in methods:
        assert maps[0][method] == pytest.approx(maps[1][method], abs=1e-5)
    frames = torch.randint(0, 256, (3, 3, 8, 8), dtype=torch.uint8)
    networks = [Network(model, INPUTS, "fc") for model in (viewing, reshaping)]
    assert classifier(networks[0], "cpu")(frames) == pytest.approx(classifier(networks[1], "cpu")(frames), abs=1e-6)
    outputs = []
    for network in networks:
        with forward(network, ["conv", "inner"], "cpu", 1) as outputs_of:
            outputs.append(outputs_of(frames))
    for layer in ("conv", "inner"):
        assert torch.allclose(outputs[0][layer], outputs[1][layer], atol=1e-6)
    manifest = make_dataset({"train": [4, 4, 4], "test": [2, 2, 2]}, channels=3)
    found = [extract(model, manifest, "test", INPUTS, [], 4, "cpu", 1, "fc") for model in (viewing, reshaping)]
    assert found[0].logits == pytest.approx(found[1].logits, abs=1e-5)
    assert np.abs(found[0].features - found[1].features).max() < 1e-5
    histories = [train(model, manifest, INPUTS, Train(epochs=2, batch_size=4)) for model in (viewing, reshaping)]
    assert histories[0][1]["train_loss"] == pytest.approx(histories[1][1]["train_loss"], rel=1e-4)


@pytest.mark.filterwarnings("ignore:.*weight_norm.*is deprecated")
def test_a_network_with_old_hooks_is_copied_after_a_pass_with_a_graph():
    model = nn.Sequential(nn.utils.weight_norm(nn.Conv2d(3, 4, 3)), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 2))
    x = torch.rand(1, 3, 8, 8)
    before = model(x)
    assert torch.equal(copied(model)(x), before)
    assert torch.allclose(accelerate(model, x)(x), before, atol=1e-6)
