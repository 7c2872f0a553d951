"""Effects of units inside of a network against the plain way: the whole network once for each unit, with a hook."""

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import logsumexp
from torchvision.models import resnet18

from benchmarks.case import Case, machine, spent
from benchmarks.drawn import drawn_network
from benchmarks.measure import seconds, show
from lucidag.models.inputs import Inputs
from lucidag.models.network import Network
from lucidag.models.recorder import Call, watching
from lucidag.units.effects.inner import ZERO, open_cut, without_units_inside

GOAL, EQUAL = 2.0, 1e-4
LAYERS = ("layer2", "layer3", "layer4")
BATCH = 64


def run(quick: bool, full: bool) -> list[Case]:
    """Time both for 16 images of 112 px; the plain way for each 8th unit (`full`: each) in batches of all images."""
    size, count = (64, 4) if quick else (112, 16)
    network = Network(
        drawn_network(resnet18), Inputs(size, 3, "stretch", (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)), "fc"
    )
    drawn = np.random.default_rng(0)
    frames = torch.from_numpy(drawn.integers(0, 256, (count, 3, size, size), dtype=np.uint8))
    labels = drawn.integers(0, 1000, count)
    each = 32 if quick else 1 if full else 8
    return [_compare(network, frames, labels, layer, each, 1 if quick else 2) for layer in LAYERS]


def _compare(
    network: Network, frames: torch.Tensor, labels: NDArray[np.int64], layer: str, each: int, rounds: int
) -> Case:
    cut = open_cut(network, layer, "cpu")
    units = cut.at(frames[:1]).activations.shape[1]
    chosen = list(range(0, units, each))
    images = frames.split(1)
    ours: list[NDArray[np.float64]] = []
    theirs: list[NDArray[np.float64]] = []

    def behind() -> None:
        found = without_units_inside(cut, lambda: images, labels, {ZERO: np.zeros(units)}, BATCH)
        ours.append(np.concatenate([part.loss for _, part in found], axis=1))

    def plain() -> None:
        theirs.append(by_hook(network, frames, labels, layer, chosen))

    where = machine()
    times = [(seconds(plain) * units / len(chosen), spent(behind)) for _ in range(rounds)]
    library, (own, memory) = min(theirs for theirs, _ in times), min(own for _, own in times)
    apart = equality(ours[-1][:, chosen], theirs[-1])
    rows = [
        ("whole network with a hook", f"{library:.1f} s" + (f", of {len(chosen)} units extrapolated" * (each > 1))),
        ("what is behind the layer", f"{own:.1f} s"),
        ("ratio", f"{library / own:.3g} (goal {GOAL:g})"),
        ("equality", f"changes of the loss within {apart:.0e} nats, the greatest {np.abs(theirs[-1]).max():.2g}"),
    ]
    title = f"{units} units of {layer}, ResNet-18, {len(frames)} images of {frames.shape[-1]} px"
    show(title, rows)
    name, peer = f"effects of {title}", "whole network with a hook"
    return Case("effects", name, peer, own, library, GOAL, apart, "loss, in nats", memory, where)


@torch.inference_mode()
def by_hook(
    network: Network, frames: torch.Tensor, labels: NDArray[np.int64], layer: str, units: list[int]
) -> NDArray[np.float64]:
    """Give the change of the cross-entropy of each image without each of some units: images x units."""
    model, x = network.model, network.inputs.normalise(frames)
    before = _loss(model(x), labels)
    found = []
    for unit in units:

        def without(call: Call, unit: int = unit) -> torch.Tensor:
            output: torch.Tensor = call.output.clone()
            output[:, unit] = 0
            return output

        with watching(model, without, [layer]):
            found.append(_loss(model(x), labels) - before)
    return np.stack(found, axis=1)


def _loss(logits: torch.Tensor, labels: NDArray[np.int64]) -> NDArray[np.float64]:
    z = logits.double().numpy()
    loss: NDArray[np.float64] = logsumexp(z, axis=1) - z[np.arange(len(z)), labels]
    return loss


def equality(found: NDArray[np.float64], expected: NDArray[np.float64]) -> float:
    """Compare the changes of the cross-entropy."""
    apart = float(np.abs(found - expected).max())
    if apart > EQUAL:
        raise AssertionError(f"the changes of the loss are {apart} apart")
    return apart
