"""What each stage says of a network of the zoo, held to what is true whatever the network; each gives its cell."""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from pytorch_grad_cam import GradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import nn
from torchvision.models.feature_extraction import create_feature_extractor
from zennit.core import Composite

from lucidag.explain.cam.layers import explained_layer
from lucidag.explain.cam.seen import Seen
from lucidag.explain.faithfulness.measure import Image, measure
from lucidag.explain.faithfulness.settings import FaithfulnessSettings
from lucidag.explain.lime.explain import explain
from lucidag.explain.lime.library import explanation_map, library_explanation
from lucidag.explain.lime.neighbourhood import classifier
from lucidag.explain.lime.settings import LimeSettings
from lucidag.explain.methods.ablationcam import weighed
from lucidag.explain.methods.cam import CamExplainer
from lucidag.explain.methods.registry import load
from lucidag.explain.relevance.composites import composite_for, input_range
from lucidag.explain.relevance.conditional import conditional_maps
from lucidag.explain.relevance.covered import check_covered
from lucidag.explain.relevance.layers import layer_relevance, views_of
from lucidag.explain.relevance.lrp import Relevance, lrp
from lucidag.explain.relevance.takes import TAKES as RELEVANCE
from lucidag.ground.errors import InputError
from lucidag.models.extract import show_maps
from lucidag.models.layers import Layer, find_layer
from lucidag.models.steps import watching_steps
from lucidag.rof.grid import GridSweep, grid
from lucidag.rof.rank import rank
from lucidag.rof.sweep import sweep as exact_sweep
from lucidag.units.passes.activations import collect_part
from lucidag.units.settings import Passes
from lucidag.units.takes import TAKES as DISSECTION
from tests.zoo.architectures import CLASSES, stripped
from tests.zoo.specimen import Specimen, hooked, units_first

YES = "yes"
SAMPLES, CHANNELS = 8, 4
LOST = 0.01  # of the logit, by which relevance may miss it


def close(found: NDArray[Any], truth: NDArray[Any], near: float, what: str = "") -> None:
    """Hold numbers to others, up to a share of the greatest of these."""
    greatest = float(np.abs(truth).max())
    np.testing.assert_allclose(found, truth, rtol=0, atol=near * max(greatest, 1e-12), err_msg=what)


def features(zoo: Specimen) -> str:
    """Penultimate features through the last layer are the logits."""
    found = zoo.features
    near = max(zoo.near, 2e-6)  # they are kept in single precision
    close(found.logits, zoo.logits, near)
    assert found.features is not None
    assert found.weight is not None
    if found.exact is None:
        close(found.features.astype(float) @ found.weight.T.astype(float) + found.bias, zoo.logits, near)
    else:
        close(found.exact, zoo.logits, near)
    assert np.ptp(found.features) > 0
    return YES


def sweep(zoo: Specimen) -> str:
    """With all units on the sweep has the network's own accuracy and loss, and with some those of it without others."""
    content, tail = zoo.features, zoo.network.tail
    assert content.features is not None
    assert content.weight is not None
    assert content.bias is not None
    first, second = zoo.logits.argmax(1).tolist()
    labels = np.array([first, (second + 1) % CLASSES])
    units = content.features.shape[1]
    order = rank(content.features, content.weight, "l1")
    if tail is None or tail.linear:
        result = exact_sweep(content.features, labels, content.weight, content.bias, order)
    else:
        wanted = GridSweep(replace(content, labels=labels), "test", [order], grid(units))
        show_maps(zoo.network, zoo.manifest, "test", "cpu", 2, lambda maps: wanted.see(maps, tail.logits), 1)
        result = wanted.result(order, False, None, 1)
    assert result.numbers[-1] == units
    for place in (len(result.numbers) - 1, len(result.numbers) // 2):
        off = order[result.numbers[place] :]
        accuracy, loss = judged(zoo, labels, off)
        assert result.accuracy[place] == accuracy
        np.testing.assert_allclose(result.loss[place], loss, rtol=max(zoo.near, 1e-5))
    return YES


def judged(zoo: Specimen, labels: NDArray[np.int64], off: NDArray[np.int64]) -> tuple[float, float]:
    """Give accuracy and mean cross-entropy of the network without some of the last layer's inputs."""

    def without(_: object, given: tuple[torch.Tensor, ...]) -> torch.Tensor:
        kept = given[0].clone()
        kept[:, off] = 0
        return kept

    assert zoo.network.head is not None
    handle = zoo.model.get_submodule(zoo.network.head).register_forward_pre_hook(without)
    logits = torch.from_numpy(zoo.plain())
    handle.remove()
    loss = torch.nn.functional.cross_entropy(logits, torch.from_numpy(labels))
    return float((logits.argmax(1).numpy() == labels).mean()), float(loss)


def activation_maps(zoo: Specimen) -> str:
    """Grad-CAM is pytorch-grad-cam's, and Ablation-CAM that of the whole network without a channel."""
    made = CamExplainer(zoo.model, zoo.network.inputs.example(1), None, 32)
    layer = explained_layer(zoo.layers, None)
    assert made.layer == layer.name
    found = made.explain(zoo.x, {"gradcam": load("gradcam")()}, zoo.target)
    weights, truth = _gradcam(zoo, layer)
    close(found.weights["gradcam"], weights, max(zoo.near, 1e-5))
    close(found.maps["gradcam"], truth, max(zoo.near, 1e-5))
    zoo.map = found.maps["gradcam"]
    seen = Seen(made, made.placed(zoo.x), made.split.at(made.placed(zoo.x)), zoo.target)
    channels = np.unique(np.linspace(0, layer.units - 1, CHANNELS).astype(int)).tolist()
    fast = np.asarray(weighed(seen, channels).weights)[channels]
    score = zoo.logits[0, zoo.target]
    slow = np.array([score - _ablated(zoo, layer, channel) for channel in channels])
    np.testing.assert_allclose(fast * abs(score), slow, rtol=0, atol=zoo.near * np.abs(zoo.logits[0]).max())
    return YES


def _gradcam(zoo: Specimen, layer: Layer) -> tuple[NDArray[Any], NDArray[Any]]:
    """Give Grad-CAM's weights and map: by the library, or for what no module gives by autograd."""
    module = dict(zoo.model.named_modules()).get(layer.name)
    x = zoo.x.requires_grad_()
    if module is None:
        both = create_feature_extractor(zoo.model, {layer.name: "layer", _last(zoo): "logits"})(x.clone())
        (slope,) = torch.autograd.grad(both["logits"][0, zoo.target], both["layer"])
        weights = units_first(layer, slope).mean((2, 3))[0].numpy()
        maps = units_first(layer, both["layer"]).detach().numpy()
        coarse = np.maximum((weights[:, None, None] * maps[0]).sum(0), 0)
        return weights, _scaled(cv2.resize(_scaled(coarse), x.shape[:1:-1]))
    kept: list[NDArray[Any]] = []

    class Noting(GradCAM):
        def get_cam_weights(self, *arguments: Any) -> NDArray[Any]:
            kept.append(super().get_cam_weights(*arguments))
            return kept[-1]

    with (
        hooked(module, lambda output: output.clone()),
        Noting(zoo.model, [module], reshape_transform=lambda output: units_first(layer, output)) as cam,
    ):
        found = cam(x.clone(), [ClassifierOutputTarget(zoo.target)])
    return kept[0][0], found[0]


def _last(zoo: Specimen) -> str:
    """Return the name of the step that gives the logits."""
    return max((each for each in zoo.layers.steps if each.leads), key=lambda each: each.place).step


def _scaled(values: NDArray[Any]) -> NDArray[Any]:
    above = values - values.min()
    return above / (1e-7 + above.max())


def _ablated(zoo: Specimen, layer: Layer, channel: int) -> float:
    """Give the target's logit of the first image, one channel of a layer at zero."""

    def without(output: torch.Tensor) -> torch.Tensor:
        changed = output.clone()
        units_first(layer, changed)[:, channel] = 0
        return changed

    module = dict(zoo.model.named_modules()).get(layer.name)
    x = zoo.x
    with torch.no_grad():
        if module is None:
            with watching_steps(zoo.model, x, lambda at, output: without(output) if at == layer.place else None):
                return float(zoo.model(x)[0, zoo.target])
        with hooked(module, without):
            return float(zoo.model(x)[0, zoo.target])


def lime(zoo: Specimen) -> str:
    """LIME is the lime package's, with the network as it is."""
    how = LimeSettings.from_json(
        {
            "segmentation": {"algorithm": "slic", "n_segments": 9},
            "num_samples": SAMPLES,
            "num_features": 100,
            "hide_color": 0,
        }
    )
    frame = zoo.frames[0].numpy()

    def plainly(frames: torch.Tensor, form: torch.memory_format = torch.contiguous_format) -> NDArray[np.float32]:
        with torch.no_grad():
            return zoo.model(zoo.network.inputs.normalise(frames).to(memory_format=form)).float().softmax(1).numpy()

    def one_by_one(frames: torch.Tensor) -> NDArray[np.float32]:
        return np.concatenate([plainly(frames[at : at + 1]) for at in range(len(frames))])

    found = explain(classifier(zoo.network, "cpu"), frame, how, zoo.target, SAMPLES)
    plain, *others = (plainly, one_by_one, partial(plainly, form=torch.channels_last))
    expected = library_explanation(plain, frame, how, [zoo.target])
    np.testing.assert_array_equal(found.segments, expected.segments)
    truth = explanation_map(expected, zoo.target)
    # Random weights make some networks so steep that rounding alone moves their answers, as other orders of sums do.
    again = [explanation_map(library_explanation(each, frame, how, [zoo.target]), zoo.target) for each in others]
    rounding = max(float(np.abs(truth - each).max()) for each in again) / float(np.abs(truth).max())
    assert rounding < 0.1, f"rounding moves the map by {rounding:.2g} of its greatest value"
    # Such a network answers otherwise each time: what is left to hold is that nothing moves by much.
    close(found.map, truth, 0.1 if rounding > 1e-4 else max(1e-4, zoo.near))
    assert np.ptp(found.map) > 0
    return YES


def dissection(zoo: Specimen) -> str:
    """What is kept of units are the means of what hooks see."""
    names = zoo.own[0]
    layers = [find_layer(zoo.layers, name, DISSECTION) for name in names]
    truth = zoo.outputs(layers)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "activations.npy")
        rows = np.arange(len(zoo.manifest.table))
        part = collect_part(zoo.network, zoo.manifest, rows, names, path, Passes(), threads=1)
        kept = np.load(path)
    start = 0
    for layer in layers:
        output = truth[layer.name]
        assert part.shapes[layer.name] == tuple(output.shape[1:])
        flat = output.flatten(2).double().numpy() if output.ndim == 4 else output[:, :, None].double().numpy()
        close(kept[:, start : start + layer.units], flat.mean(2), max(zoo.near, 2e-6), layer.name)
        close(part.layers[layer.name].peak, flat.max((0, 2)), max(zoo.near, 2e-6), layer.name)
        start += layer.units
    assert start == kept.shape[1]
    return YES


def _rules(zoo: Specimen, name: str) -> Composite:
    """Give the rules of a composite for a network, with its constants or without: its steps are the same."""
    if name not in zoo.rules:
        bounds = (bound.to(zoo.x) for bound in input_range(zoo.network.inputs))
        zoo.rules[name] = composite_for(name, zoo.model, zoo.x, *bounds)
    return zoo.rules[name]


def atlas(zoo: Specimen) -> str:
    """Relevance through single units adds up to that through all of them, and that to the map without any condition."""
    block = zoo.own[1]
    assert block is not None
    find_layer(zoo.layers, block, RELEVANCE)
    rules = _rules(zoo, "epsilon_plus_flat")
    views = views_of(zoo.model, zoo.x, [block])
    behind = layer_relevance(zoo.model, rules, zoo.x, [block], [zoo.target], views)
    units = behind.relevance[block].shape[1]
    parted = np.array_split(np.random.default_rng(0).permutation(units), 3)
    chosen = [each.tolist() for each in (*parted, np.arange(units))]
    maps = conditional_maps(zoo.model, rules, zoo.x, block, behind, chosen).double().numpy()
    close(maps[:3].sum(0), maps[3], zoo.near)
    layer = find_layer(zoo.layers, block, RELEVANCE)
    if layer.trunk and not layer.gives_tokens():  # a token of the class has a share of its own
        close(maps[3], _whole(zoo, "epsilon_plus_flat").maps[0].astype(float), max(zoo.near, 1e-5))
    assert np.abs(maps).max() > 0
    return YES


def faithfulness(zoo: Specimen) -> str:
    """Curves of deletion and insertion begin and end at what the network says of the image and of its baseline."""
    how = FaithfulnessSettings(metrics=["deletion", "insertion"], steps=3)
    own = {"gradcam": zoo.map} if zoo.map is not None else {}
    image = Image("one", zoo.x[0].float(), zoo.target, own)
    found = measure(Precise(zoo), [image], lambda _: [], zoo.network.inputs.std, how)
    probability = torch.from_numpy(zoo.logits[0]).softmax(0)[zoo.target].item()
    methods = {row.method for row in found.rows if row.value is not None}
    assert methods >= {"centre", "random"}
    for method in methods:
        curves = {
            name: [point.value for point in found.points if (point.method, point.curve) == (method, name)]
            for name in ("deletion", "insertion")
        }
        deletion, insertion = curves["deletion"], curves["insertion"]
        np.testing.assert_allclose([deletion[0], insertion[-1]], probability, rtol=0, atol=max(zoo.near, 1e-5))
        assert deletion[-1] == insertion[0]
    return YES


class Precise(nn.Module):
    """The network for images in single precision, which hold the same numbers: deep ones make much of rounding."""

    def __init__(self, zoo: Specimen) -> None:
        super().__init__()
        self.own, self.dtype = zoo.model, zoo.batch.dtype

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Give the logits."""
        return self.own(x.to(self.dtype))


def relevance(zoo: Specimen) -> str:
    """Without constants the pixels have the relevance of the logit, by one composite at least."""
    missed = {}
    for name in ORDER:
        share = _bare(zoo, _rules(zoo, name))
        if abs(share - 1) < LOST:
            return f"{share:.2f} by `{name}`, {_share(_whole(zoo, name)):.1f} with constants"
        missed[name] = share
    raise AssertionError(f"no composite conserves the relevance of '{zoo.name}': {missed}")


def _bare(zoo: Specimen, rules: Composite) -> float:
    """Give the share of the logit that relevance has without constants, in double precision.

    In single precision large networks are too far from their canonical form, as nothing keeps their numbers small.
    """
    x = zoo.x.double()
    zoo.model.double()
    with stripped(zoo.model):
        with torch.no_grad():
            target = int(zoo.model(x)[0].abs().argmax())
        found = lrp(zoo.model, x, [target], rules, limit=np.inf)
    zoo.model.to(zoo.batch.dtype)  # no number changes: weights are drawn in single precision
    return _share(found)


def _whole(zoo: Specimen, name: str) -> Relevance:
    """Give the relevance of the first image by a composite, of the network as it is."""
    if name not in zoo.relevance:
        zoo.relevance[name] = lrp(zoo.model, zoo.x, [zoo.target], _rules(zoo, name), limit=np.inf)
    return zoo.relevance[name]


def _share(found: Relevance) -> float:
    return float(found.totals[0] / found.logits[0])


ORDER = ("epsilon_plus_flat", "attn_lrp", "epsilon_alpha2_beta1")  # as they are tried
STAGES: Mapping[str, Callable[[Specimen], str]] = {
    "features": features,
    "sweep": sweep,
    "activation maps": activation_maps,
    "LIME": lime,
    "dissection": dissection,
    "concept atlas": atlas,
    "faithfulness": faithfulness,
    "LRP": relevance,
}


def refusals(zoo: Specimen) -> dict[str, str]:
    """Give, by stage, the sentence of the dry run where a stage refuses a network."""
    found = {}

    def asked(stage: str, check: Callable[[], object]) -> None:
        try:
            check()
        except InputError as error:
            found[stage] = str(error)

    asked("activation maps", lambda: explained_layer(zoo.layers, None))
    asked("dissection", lambda: [find_layer(zoo.layers, name, DISSECTION) for name in zoo.own[0]])
    asked("concept atlas", lambda: find_layer(zoo.layers, str(zoo.own[1]), RELEVANCE))
    for stage in ("concept atlas", "LRP"):
        asked(stage, lambda: check_covered(zoo.model, zoo.network.inputs.example(1)))
    return found
