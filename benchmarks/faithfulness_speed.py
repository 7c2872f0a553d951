"""Sensitivity and infidelity of several explanations against captum, called for each: images through the network."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from captum.metrics import infidelity as captum_infidelity
from captum.metrics import sensitivity_max as captum_sensitivity
from torch import nn
from torchvision.models import resnet18

from benchmarks.case import Case, machine, spent
from benchmarks.measure import seconds, show
from benchmarks.passes import count_passes
from lucidag.data.images import decode
from lucidag.explain.faithfulness.measure import Faithfulness, Image, measure
from lucidag.explain.faithfulness.metrics import INFIDELITY, SENSITIVITY
from lucidag.explain.faithfulness.settings import FaithfulnessSettings
from lucidag.explain.faithfulness.shared import Shared
from lucidag.explain.methods.explainer import Explainer, single
from lucidag.explain.relevance.composites import composite_for
from lucidag.explain.relevance.lrp import lrp
from lucidag.explain.stage import explainers
from lucidag.models.inputs import Inputs
from lucidag.models.network import Network
from lucidag.models.reproducible import seeded

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
WEIGHTS = SHARED / "weights" / "resnet18-imagenet.pth"
IMAGE = SHARED / "imagenet10" / "n02098286_West_Highland_white_terrier.JPEG"
CAMS = ("gradcam", "gradcam++", "layercam")
DRAWS = (10, 100)  # perturbed images of infidelity: captum's default, and ours
GOAL = 2.0
CHANNELS = 3

Found = dict[tuple[str, str], float]


def run(quick: bool, full: bool) -> list[Case]:
    """Compare for few and many perturbations; `full` takes images of 224 pixels."""
    inputs = Inputs(224 if full else 64, CHANNELS, "crop", (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    frame = inputs.prepare(decode(IMAGE)) if IMAGE.is_file() else torch.zeros(3, inputs.size, inputs.size).byte()
    x = inputs.normalise(frame[None])
    model = _model()
    target = int(model(x).argmax())
    std = inputs.std
    few = FaithfulnessSettings(metrics=["sensitivity_max", "infidelity"], infidelity_samples=2, sensitivity_samples=2)
    # The first call of either imports and sets up.
    measure(model, [Image("image", x[0], target)], lambda _: [_cam(model, inputs, CAMS), _lrp(model, inputs)], std, few)
    by_captum(model, x, target, [_cam(model, inputs, CAMS[:1]), _lrp(model, inputs)], std, few)
    return [_compare(model, x, target, inputs, draws) for draws in (DRAWS[:1] if quick else DRAWS)]


def _compare(model: nn.Module, x: torch.Tensor, target: int, inputs: Inputs, draws: int) -> Case:
    std = inputs.std
    settings = FaithfulnessSettings(metrics=["sensitivity_max", "infidelity"], infidelity_samples=draws)
    found: list[Faithfulness] = []
    theirs: list[Found] = []
    where = machine()
    first = model.get_submodule("conv1")  # each pass calls it once, also in the parts that a network is cut into
    with count_passes(first) as passes:
        joint = [_cam(model, inputs, CAMS), _lrp(model, inputs)]
        prepared = passes.images
        image = Image("image", x[0], target)
        ours, memory = spent(lambda: found.append(measure(model, [image], lambda _: joint, std, settings)))
        counted = passes.images - prepared
    with count_passes(first) as passes:
        alone = [*(_cam(model, inputs, (name,)) for name in CAMS), _lrp(model, inputs)]
        prepared = passes.images
        captum = seconds(lambda: theirs.append(by_captum(model, x, target, alone, std, settings)))
        counted_captum = passes.images - prepared
    apart = equality(found[-1], theirs[-1])
    title = (
        f"sensitivity (10 draws) and infidelity ({draws}) of {len(CAMS) + 1} explanations, ResNet-18, "
        f"{x.shape[-1]} px, one image"
    )
    show(
        title,
        [
            ("captum, each explanation", f"{counted_captum} images through the network, {captum:.2f} s"),
            ("lucidag, with two controls", f"{counted} images through the network, {ours:.2f} s"),
            ("ratio of images", f"{counted_captum / counted:.2f} (goal {GOAL:g})"),
            ("ratio of times", f"{captum / ours:.2f}"),
            ("against captum", f"{len(theirs[-1])} values within {apart:.0e} of theirs"),
        ],
    )
    return Case("faithfulness", title, "captum", ours, captum, 1.0, apart, "share of a value", memory, where)


def by_captum(
    model: nn.Module,
    x: torch.Tensor,
    target: int,
    explainers: Sequence[Explainer],
    std: Sequence[float],
    settings: FaithfulnessSettings,
) -> Found:
    """Measure each explanation as a user of captum does, with the noise and the squares that ours meets.

    Maps are divided by their norms for sensitivity, and infidelity by the second moment of the drops, as ours are.
    """
    shared = Shared(model, "image", x[0], target, std, settings)
    noise = torch.stack(list(shared.noise(settings.sensitivity_samples)))
    weights, changed = zip(*shared._replaced(), strict=True)
    masks = torch.from_numpy(np.stack(weights))[:, None].repeat(1, CHANNELS, 1, 1) / CHANNELS
    found: Found = {}
    for explainer in explainers:
        (method,) = explainer.methods
        explain = _for_captum(explainer, target)
        found[method, SENSITIVITY] = float(
            captum_sensitivity(_of_norm_one(explain), x, perturb_func=lambda _: x + noise, n_perturb_samples=len(noise))
        )
        found[method, INFIDELITY] = float(
            captum_infidelity(
                model,
                lambda _: (masks, torch.stack(changed)),
                x,
                explain((x,))[0],
                target=target,
                n_perturb_samples=settings.infidelity_samples,
                normalize=True,
            )
        ) / float(np.mean(shared.perturbations[1] ** 2))
    return found


def equality(found: Faithfulness, theirs: Found) -> float:
    """Compare the values; ours may lie apart by rounding."""
    ours = {(row.method, row.metric): row.value for row in found.rows}
    worst = 0.0
    for key, value in theirs.items():
        own = ours[key]
        if own is None or abs(own - value) > 1e-3 * abs(value):
            raise AssertionError(f"{key[1]} of {key[0]} is {own}, captum gives {value}")
        worst = max(worst, abs(own - value) / abs(value))
    return worst


def _for_captum(explainer: Explainer, target: int) -> Callable[..., torch.Tensor | tuple[torch.Tensor, ...]]:
    """Give what captum wants: a tuple for a tuple, and the channels of the image."""

    def explain(frames: torch.Tensor | tuple[torch.Tensor, ...]) -> torch.Tensor | tuple[torch.Tensor, ...]:
        whole = frames[0] if isinstance(frames, tuple) else frames
        maps = torch.from_numpy(explainer(whole, target)[explainer.methods[0]])
        found = maps.float()[:, None].repeat(1, CHANNELS, 1, 1)
        return (found,) if isinstance(frames, tuple) else found

    return explain


def _of_norm_one(explain: Callable[..., Any]) -> Callable[..., Any]:
    """Divide each map by its norm."""

    def divided(frames: torch.Tensor | tuple[torch.Tensor, ...]) -> torch.Tensor | tuple[torch.Tensor, ...]:
        found = explain(frames)
        maps = found[0] if isinstance(found, tuple) else found
        maps = maps / maps.flatten(1).norm(dim=1)[:, None, None, None]
        return (maps,) if isinstance(found, tuple) else maps

    return divided


def _cam(model: nn.Module, inputs: Inputs, methods: Sequence[str]) -> Explainer:
    family = {"methods": methods, "options": {"layer": "layer4"}}
    return explainers([family], Network(model, inputs, None), "cpu")[0]


def _lrp(model: nn.Module, inputs: Inputs) -> Explainer:
    composite = composite_for("epsilon_plus_flat", model, inputs.example(1))
    return single("lrp", lambda x, target: lrp(model, x, [target] * len(x), composite).maps)


def _model() -> nn.Module:
    """Return ResNet-18 with ImageNet weights where they are, else with weights from a seed."""
    with seeded(0):
        model: nn.Module = resnet18()
    if WEIGHTS.is_file():
        model.load_state_dict(torch.load(WEIGHTS, weights_only=True))
    return model.eval()
