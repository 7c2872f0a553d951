"""LIME against the lime package: ResNet-18, 224 x 224 pixels, 300 samples, quickshift; one after the other."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lime.lime_image import ImageExplanation, LimeImageExplainer
from numpy.typing import NDArray
from torch import nn
from torchvision.models import resnet18

from benchmarks.case import Case, machine, spent
from benchmarks.measure import seconds, show
from lucidag.data.images import decode
from lucidag.explain.lime.explain import LimeResult, explain
from lucidag.explain.lime.neighbourhood import classifier
from lucidag.explain.lime.settings import LimeSettings
from lucidag.models.inputs import Inputs
from lucidag.models.network import Network

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
WEIGHTS = SHARED / "weights" / "resnet18-imagenet.pth"
IMAGE = SHARED / "imagenet10" / "n02098286_West_Highland_white_terrier.JPEG"
GOAL_OTHER = 0.1  # the share of the time that is not the network's
CASES = ((4, "forward selection"), (8, "highest weights"))


def run(quick: bool, full: bool) -> list[Case]:
    """Time both for few and for many features; `full` takes the best of five rounds instead of three."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    inputs = Inputs(64 if quick else 224, 3, "crop", (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    network = Network(_model().to(device), inputs, None)
    frame = inputs.prepare(decode(IMAGE) if IMAGE.is_file() else _drawn()).numpy()
    cases = []
    for num_features, how in CASES:
        settings = LimeSettings(hide_color=255, num_features=num_features, num_samples=60 if quick else 300)
        cases.append(_compare(network, frame, settings, how, device, 1 if quick else 5 if full else 3))
    return cases


def _compare(
    network: Network, frame: NDArray[np.uint8], settings: LimeSettings, how: str, device: str, rounds: int
) -> Case:
    classify = classifier(network, device)
    plain = plain_classifier(network.model, network.inputs, device)
    found: list[LimeResult] = []
    theirs: list[ImageExplanation] = []
    times, memory, where = [], [], machine()
    for _ in range(rounds + 1):  # the first round is not counted: it has the first batches of both networks
        library = seconds(lambda: theirs.append(by_library(plain, frame, settings)))
        memory.append(spent(lambda: found.append(explain(classify, frame, settings, None, 32, device)))[1])
        times.append(library)
    library, ours = min(times[1:]), min(found[1:], key=lambda result: result.seconds["total"])
    total, parts = ours.seconds["total"], ours.seconds
    other = 1 - parts["network"] / total
    title = (
        f"LIME, ResNet-18 on {device}, {settings.num_samples} samples, {ours.segments.max() + 1} superpixels, "
        f"{settings.num_features} kept ({how})"
    )
    apart = equality(ours, theirs[-1])
    show(
        title,
        [
            ("lime package, batches of 10", f"{library:.2f} s"),
            ("lucidag, batches of 32", f"{total:.2f} s"),
            ("ratio", f"{library / total:.1f}"),
            ("not the network", f"{other:.1%} (goal {GOAL_OTHER:.0%})"),
            (
                "  of it",
                ", ".join(f"{part} {parts[part]:.3f} s" for part in ("segment", "neighbourhood", "regression")),
            ),
            ("against the package", f"the same superpixels in the same order, weights within {apart:.0e}"),
        ],
    )
    return Case("lime", title, "lime package", total, library, 1.0, apart, "weights", memory[-1], where)


def by_library(
    classify: Callable[[NDArray[np.uint8]], NDArray[np.float32]], frame: NDArray[np.uint8], settings: LimeSettings
) -> ImageExplanation:
    """Explain as a user of the package does."""
    explainer = LimeImageExplainer(kernel_width=settings.kernel_width, random_state=settings.seed)
    return explainer.explain_instance(
        np.ascontiguousarray(frame.transpose(1, 2, 0)),
        classify,
        hide_color=settings.hide_color,
        top_labels=settings.top_labels,
        num_features=settings.num_features,
        num_samples=settings.num_samples,
        batch_size=10,
        random_seed=settings.seed,
    )


def equality(found: LimeResult, expected: Any) -> float:  # noqa: ANN401 (a class of the package)
    """Compare the superpixels that were kept, in order, and their weights."""
    ours, theirs = found.fits[found.target].weights, expected.local_exp[expected.top_labels[0]]
    if (found.segments != expected.segments).any() or [index for index, _ in ours] != [index for index, _ in theirs]:
        raise AssertionError(f"superpixels {ours} are not {theirs}")
    apart = max(abs(a - b) for (_, a), (_, b) in zip(ours, theirs, strict=True))
    if apart > 1e-4:
        raise AssertionError(f"weights are {apart} apart")
    return apart


def plain_classifier(
    model: nn.Module, inputs: Inputs, device: str
) -> Callable[[NDArray[np.uint8]], NDArray[np.float32]]:
    """Return the network as it is, for images in NumPy's order."""

    def classify(frames: NDArray[np.uint8]) -> NDArray[np.float32]:
        with torch.no_grad():
            batch = torch.from_numpy(frames).permute(0, 3, 1, 2).to(device)
            shares: NDArray[np.float32] = model(inputs.normalise(batch)).softmax(1).cpu().numpy()
        return shares

    return classify


def _model() -> nn.Module:
    """Return ResNet-18 with ImageNet weights where they are, else with weights from a seed."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model: nn.Module = resnet18()
    if WEIGHTS.is_file():
        model.load_state_dict(torch.load(WEIGHTS, weights_only=True))
    return model.eval()


def _drawn() -> NDArray[np.uint8]:
    """Draw blocks of colour with some noise."""
    draw = np.random.default_rng(0)
    blocks = draw.integers(0, 256, (8, 8, 3)).repeat(32, axis=0).repeat(32, axis=1)
    return np.clip(blocks + draw.normal(0, 8, blocks.shape), 0, 255).astype(np.uint8)
