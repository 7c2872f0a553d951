"""OpenVINO beside torch: the same maps and probabilities, and torch wherever they would not be."""

import socket

import numpy as np
import pytest
import torch
from torch import nn
from torchvision.models import VisionTransformer

from lucidag.explain.stage import explain_subjects
from lucidag.explain.subjects import Subject
from lucidag.ground.errors import InputError
from lucidag.models import engine
from lucidag.models.efficientnet import small_efficientnet_relu
from lucidag.models.engine import ByOpenVino, by_engine
from lucidag.models.fast import accelerate
from lucidag.models.inputs import Inputs
from lucidag.models.network import Network
from lucidag.models.settings import Model
from lucidag.models.small import small_resnet

pytest.importorskip("openvino")
NETWORKS = {
    "resnet": lambda: small_resnet(4, width=8),
    "efficientnet": lambda: small_efficientnet_relu(4),
    "vit": lambda: VisionTransformer(32, 8, 2, 2, 16, 32, num_classes=4),
}


def built(name: str, seed: int = 0) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = NETWORKS[name]().eval()
        for part in model.modules():  # heads of zeros would make everything equal
            if isinstance(part, nn.Linear):
                nn.init.normal_(part.weight, std=0.1)
    return model


def frames(count: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(count, 3, 32, 32, generator=torch.Generator().manual_seed(seed))


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*given: object) -> None:
        raise AssertionError(f"something was sent to {given}")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("name", NETWORKS)
def test_batches_of_all_sizes_are_those_of_torch(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    model = built(name)
    fast = accelerate(model, frames(2), engine="openvino")
    assert isinstance(fast, ByOpenVino)
    with torch.no_grad():
        for count in (1, 5, 2, 5):
            x = frames(count, seed=count)
            truth = model(x)
            assert (fast(x) - truth).abs().max() < 1e-4 * truth.abs().max()
            assert (fast(x) - truth).abs().max() < 1e-4 * truth.abs().max()
    assert capfd.readouterr().err.count("from torch (goal") == 1


def test_what_it_gave_stays_as_it_was() -> None:
    fast = accelerate(built("resnet"), frames(2), engine="openvino")
    with torch.no_grad():
        first, _ = fast(frames(2)), fast(frames(2, 1))
        kept = first.clone()
        second, _ = fast(frames(2)), fast(frames(2, 1))
    assert torch.equal(first, kept)
    assert torch.equal(second, kept)


def test_torch_runs_what_asks_for_gradients() -> None:
    model = built("resnet")
    fast = accelerate(model, frames(2), engine="openvino")
    x = frames(2).requires_grad_()
    (found,) = torch.autograd.grad(fast(x).sum(), x)
    (truth,) = torch.autograd.grad(model(x).sum(), x)
    torch.testing.assert_close(found, truth, atol=1e-5, rtol=1e-4)


def test_another_output_makes_torch_run_it_from_then_on(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    calls = []

    def wrong(given: list[torch.Tensor]) -> torch.Tensor:
        calls.append(len(given[0]))
        return model(given[0]) * 1.001

    monkeypatch.setattr(engine, "_compiled", lambda *_: wrong)
    model = built("resnet")
    fast = by_engine(model, "openvino", frames(2))
    with torch.no_grad():
        for _ in range(3):
            assert torch.equal(fast(frames(3)), model(frames(3)))
    assert calls == [3]
    assert "is run by torch from here on: its output is 0.001 away" in capfd.readouterr().err


def test_a_shape_that_it_cannot_take_is_run_by_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(given: list[torch.Tensor]) -> torch.Tensor:
        raise RuntimeError("no such shape")

    monkeypatch.setattr(engine, "_compiled", lambda *_: failing)
    model = built("resnet")
    with torch.no_grad():
        assert torch.equal(by_engine(model, "openvino", frames(2))(frames(3)), model(frames(3)))


def test_a_network_that_it_does_not_take(capfd: pytest.CaptureFixture[str]) -> None:
    class Odd(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.linalg.svdvals(x.mean(1)) * 2

    model = Odd()
    fast = by_engine(model, "openvino", frames(2))
    with torch.no_grad():
        assert torch.equal(fast(frames(3)), model(frames(3)))
    assert "torch" in capfd.readouterr().err


LIME = {"segmentation": {"algorithm": "slic", "n_segments": 12}, "num_samples": 40, "num_features": 6, "seed": 0}
FAMILIES = {
    "cam": {"methods": ["scorecam", "ablationcam", "gradcam"], "options": {"layer": None, "batch_size": 16}},
    "lime": {"methods": ["lime"], "options": {"batch_size": 16, "settings": LIME}},
}


@pytest.mark.parametrize("family", FAMILIES)
def test_maps_are_those_of_torch(family: str, capfd: pytest.CaptureFixture[str]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (3, 32, 32), dtype=np.uint8)
    subject = Subject("net", "a", 1, torch.from_numpy(pixels), None)
    found = {}
    for name in ("torch", "openvino"):
        model = built("resnet")
        vars(model)["engine"] = name
        network = Network(model, Inputs(32, 3), "fc")
        found[name] = explain_subjects(network, [subject], list("abcd"), FAMILIES[family], "cpu", threads=1)[0].maps
    assert "by OpenVINO" in capfd.readouterr().err
    for method, truth in found["torch"].items():
        np.testing.assert_allclose(found["openvino"][method], truth, atol=1e-3 * np.abs(truth).max(), err_msg=method)


def test_where_it_is_not_installed_one_sentence_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lucidag.models.settings.find_spec", lambda name: None)
    with pytest.raises(ValueError, match="engine: openvino is not installed; `pip install openvino` brings it"):
        Model(dataset="a", architecture="resnet18", weights="w.pth", engine="openvino")
    with pytest.raises(InputError, match="engine: openvino is not installed"):
        by_engine(built("resnet"), "openvino", frames(2))
