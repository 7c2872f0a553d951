"""From images to the curve: every k decodes the images and runs the network again, against once for all k."""

import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from torchvision.models import resnet18
from torchvision.transforms.functional import pil_to_tensor

from benchmarks.case import Case, machine, spent
from benchmarks.measure import show
from lucidag.rof.rank import rank
from lucidag.rof.result import SweepResult
from lucidag.rof.sweep import sweep

SIZE, CLASSES, BATCH, GOAL = 96, 2, 64, 100.0


def run(quick: bool, full: bool) -> list[Case]:
    """Draw images, then time both ways; the plain way at three k, as each k costs the same (`full`: nine)."""
    count = 64 if quick else 256
    body, head = _network()
    units = head.in_features
    labels = np.arange(count) % CLASSES
    ks = np.unique(np.linspace(1, units, 9 if full else 3).astype(int))
    with TemporaryDirectory() as folder:
        paths = _draw(Path(folder), count)
        result, order = _ours(body, head, paths, labels)
        where = machine()
        ours, memory = min(spent(lambda: _ours(body, head, paths, labels)) for _ in range(2))
        plain, hits = 0.0, []
        for k in ks:
            start = time.perf_counter()
            hits.append(_plain(body, head, paths, labels, order[:k]))
            plain += time.perf_counter() - start
    apart = 0.0
    for k, (accuracy, loss) in zip(ks, hits, strict=True):
        apart = max(apart, abs(result.loss[k] - loss))
        # The network computes in float32: an image on the edge may fall to the other side.
        if abs(result.accuracy[k] - accuracy) > 1 / count or abs(result.loss[k] - loss) > 1e-4:
            raise AssertionError(f"k = {k}: {result.accuracy[k]}, {result.loss[k]} against {accuracy}, {loss}")
    plain = plain * units / len(ks)
    title = f"from images to the curve, {count} JPEG of {SIZE} px, resnet18, {units} units"
    show(
        title,
        [
            (
                "decode and run the masked network at every k",
                f"{plain:.0f} s (from {len(ks)} k, times {units} / {len(ks)})",
            ),
            ("decode and run once, then sweep", f"{ours:.2f} s"),
            ("ratio", f"{plain / ours:.0f} (goal {GOAL:.0f})"),
            ("equality", f"accuracy and loss agree at {len(ks)} k (float32 against float64)"),
        ],
    )
    peer = f"decoded at every k (from {len(ks)} k)"
    return [Case("images", title, peer, ours, plain, GOAL, apart, "loss, in nats", memory, where)]


def _network() -> tuple[nn.Sequential, nn.Linear]:
    """Return a ResNet-18 as its body, which gives the penultimate features, and its last layer."""
    torch.manual_seed(0)
    network = resnet18(num_classes=CLASSES).eval()
    *body, head = network.children()
    return nn.Sequential(*body, nn.Flatten()), head


def _draw(folder: Path, count: int) -> list[Path]:
    """Draw blurred coloured noise, so that a JPEG has about the weight of a photograph."""
    draw = np.random.default_rng(0)
    paths = []
    for index in range(count):
        coarse = draw.integers(0, 256, (24, 24, 3), dtype=np.uint8)
        paths.append(folder / f"{index:05d}.jpg")
        Image.fromarray(coarse).resize((256, 256), Image.Resampling.BICUBIC).save(paths[-1], quality=90)
    return paths


def _batches(paths: list[Path]) -> list[Tensor]:
    def load(path: Path) -> Tensor:
        with Image.open(path) as image:
            small = image.convert("RGB").resize((SIZE, SIZE), Image.Resampling.BILINEAR)
        return pil_to_tensor(small).float() / 255 - 0.5

    return [torch.stack([load(path) for path in paths[i : i + BATCH]]) for i in range(0, len(paths), BATCH)]


@torch.inference_mode()
def _features(body: nn.Sequential, paths: list[Path]) -> Tensor:
    return torch.cat([body(batch) for batch in _batches(paths)])


def _ours(
    body: nn.Sequential, head: nn.Linear, paths: list[Path], labels: NDArray[np.int64]
) -> tuple[SweepResult, NDArray[np.int64]]:
    features = _features(body, paths).numpy()
    weight, bias = (each.detach().numpy() for each in (head.weight, head.bias))
    order = rank(features, weight)
    return sweep(features, labels, weight, bias, order), order


def _plain(
    body: nn.Sequential, head: nn.Linear, paths: list[Path], labels: NDArray[np.int64], on: NDArray[np.int64]
) -> tuple[float, float]:
    mask = torch.zeros(head.in_features)
    mask[torch.from_numpy(on)] = 1
    logits, truth = head(_features(body, paths) * mask).detach(), torch.from_numpy(labels)
    accuracy = (logits.argmax(1) == truth).double().mean().item()
    return accuracy, nn.functional.cross_entropy(logits, truth).item()
