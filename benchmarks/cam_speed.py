"""Class activation maps against pytorch-grad-cam: ResNet-18, one image of 224 x 224 pixels; one after the other."""

import argparse
import contextlib
import copy
import io
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torchvision.models import resnet18

from benchmarks.case import Case, machine, spent
from benchmarks.drawn import drawn_network
from benchmarks.measure import show
from benchmarks.peak import peak_gib
from lucidag.data.images import decode
from lucidag.explain.methods.cam import CamExplainer
from lucidag.explain.methods.registry import load
from lucidag.explain.methods.scorecam import scorecam_weights
from lucidag.models.inputs import Inputs

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
WEIGHTS = SHARED / "weights" / "resnet18-imagenet.pth"
IMAGE = SHARED / "imagenet10" / "n02098286_West_Highland_white_terrier.JPEG"
CASES = (("ablationcam", "layer4", 200.0), ("ablationcam", "layer3", 2.0), ("scorecam", "layer4", 1.0))
LIBRARY = {"ablationcam": "AblationCAM", "scorecam": "ScoreCAM"}
GOAL_OTHER = 0.1  # the share of Score-CAM's time that is not the network's
CHANNELS = (128, 1024)


def run(quick: bool, full: bool) -> list[Case]:
    """Time the cases, then compare memory; `full` takes the best of five rounds instead of two."""
    model, frame, inputs = network_and_image(quick)
    x = inputs.normalise(frame[None])
    found = [_compare(model, x, *case, 1 if quick else 5 if full else 2) for case in CASES]
    _memory(quick)
    return found


def network_and_image(quick: bool) -> tuple[nn.Module, torch.Tensor, Inputs]:
    """Return a ResNet-18, an image as it takes it before normalisation, and how it takes images."""
    inputs = Inputs(64 if quick else 224, 3, "crop", (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    return _model(), inputs.prepare(decode(IMAGE) if IMAGE.is_file() else _drawn()), inputs


def _compare(model: nn.Module, x: torch.Tensor, method: str, layer: str, goal: float, rounds: int) -> Case:
    start = time.perf_counter()
    explainer = CamExplainer(model, x, layer, 32)
    asked: dict[str, Any] = {method: load(method)()}
    prepared = time.perf_counter() - start
    result = explainer.explain(x, asked)
    ours, theirs, networks, reference, where = [], [], [], None, machine()
    for _ in range(rounds):
        with _quiet():
            start = time.perf_counter()
            reference = by_library(model, x, method, layer, result.target)
            theirs.append(time.perf_counter() - start)
            with _network_time(explainer) as passes:
                ours.append(spent(lambda: explainer.explain(x, asked)))
            networks.append(sum(passes))
    assert reference is not None
    best = min(range(rounds), key=lambda place: ours[place][0])
    own, memory = ours[best]
    apart = equality(result.maps[method], result.weights[method], *reference)
    rows = [
        ("pytorch-grad-cam", f"{min(theirs):.2f} s"),
        ("lucidag", f"{own:.3g} s, after {prepared:.1f} s once for the network"),
        ("ratio", f"{min(theirs) / own:.3g} (goal {goal:g})"),
        ("against the library", f"map within {apart[0]:.0e}, weights within {apart[1]:.0e} of the greatest"),
    ]
    if method == "scorecam":
        rows.insert(3, ("not the network", f"{1 - networks[best] / own:.1%} (goal {GOAL_OTHER:.0%})"))
    title = f"{method} at {layer}, ResNet-18, {x.shape[-1]} px, {len(result.weights[method])} channels"
    show(title, rows)
    return Case("cam", title, "pytorch-grad-cam", own, min(theirs), goal, apart[0], "map", memory, where)


def by_library(
    model: nn.Module, x: torch.Tensor, method: str, layer: str, target: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Give map and weights as a user of pytorch-grad-cam gets them, in its batches of 32 (Score-CAM: 16)."""
    import pytorch_grad_cam
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    network, weights = copy.deepcopy(model), []
    with getattr(pytorch_grad_cam, LIBRARY[method])(network, [network.get_submodule(layer)]) as cam:
        compute = cam.get_cam_weights

        def noted(*arguments: Any) -> NDArray[np.float32]:  # noqa: ANN401 (the library's own)
            weights.append(compute(*arguments))
            return weights[-1]

        cam.get_cam_weights = noted
        found = cam(x, [ClassifierOutputTarget(target)])
    return found[0], weights[0][0]


def equality(
    found: NDArray[np.float32],
    weights: NDArray[np.float32],
    expected: NDArray[np.float32],
    expected_weights: NDArray[np.float32],
) -> tuple[float, float]:
    """Compare map and weights; weights in parts of the greatest."""
    apart = float(np.abs(found - expected).max())
    weights_apart = float(np.abs(weights - expected_weights).max() / np.abs(expected_weights).max())
    if apart > 1e-3 or weights_apart > 1e-3:
        raise AssertionError(f"maps are {apart} apart, weights {weights_apart}")
    return apart, weights_apart


def _memory(quick: bool) -> None:
    """Print how much the process grows during Score-CAM, for few and many channels; the network is a small one."""
    size = 64 if quick else 224
    rows = []
    for who in ("pytorch-grad-cam", "lucidag"):
        grown = []
        for channels in CHANNELS:
            command = [sys.executable, "-m", "benchmarks.cam_speed", who, str(channels), str(size)]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            grown.append(float(done.stdout))
        rows.append((who, f"{grown[0]:.2f} GiB for {CHANNELS[0]} channels, {grown[1]:.2f} GiB for {CHANNELS[1]}"))
    show(f"memory that Score-CAM takes, {size} px", rows)


def _child(who: str, channels: int, size: int) -> None:
    """Print by how many GiB the peak of this process grows."""
    draw = torch.Generator().manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 8, 3, stride=8), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 2)).eval()
    x, values = torch.randn(1, 3, size, size, generator=draw), torch.rand(1, channels, 7, 7, generator=draw)
    if who == "lucidag":
        scorecam_weights(network, x, values[:, :40], 0, 32)
        before = peak_gib()
        scorecam_weights(network, x, values, 0, 32)
    else:
        from pytorch_grad_cam import ScoreCAM

        held = SimpleNamespace(device="cpu", model=network)
        before = peak_gib()
        ScoreCAM.get_cam_weights(held, x, None, [lambda output: output[0]], values.numpy(), None)
    print(peak_gib() - before)


@contextlib.contextmanager
def _network_time(explainer: CamExplainer) -> Iterator[list[float]]:
    """Collect the seconds of each pass of Score-CAM's network; nothing for other methods."""
    spent: list[float] = []
    if "fast" not in vars(explainer):
        yield spent
        return
    network, starts = explainer.fast, []
    handles = [
        network.register_forward_pre_hook(lambda *_: starts.append(time.perf_counter())),
        network.register_forward_hook(lambda *_: spent.append(time.perf_counter() - starts[-1])),
    ]
    try:
        yield spent
    finally:
        for handle in handles:
            handle.remove()


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    with contextlib.redirect_stderr(io.StringIO()):
        yield


def _model() -> nn.Module:
    """Return ResNet-18 with ImageNet weights where they are, else with weights and statistics from a seed."""
    model = drawn_network(resnet18)
    if WEIGHTS.is_file():
        model.load_state_dict(torch.load(WEIGHTS, weights_only=True))
    return model


def _drawn() -> NDArray[np.uint8]:
    """Draw blocks of colour with some noise."""
    draw = np.random.default_rng(0)
    blocks = draw.integers(0, 256, (8, 8, 3)).repeat(32, axis=0).repeat(32, axis=1)
    return np.clip(blocks + draw.normal(0, 8, blocks.shape), 0, 255).astype(np.uint8)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("who")
    parser.add_argument("channels", type=int)
    parser.add_argument("size", type=int)
    _child(**vars(parser.parse_args()))
