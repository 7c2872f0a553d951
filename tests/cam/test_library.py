"""Every method against pytorch-grad-cam, on what both define in the same way."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from lucidag.explain.methods.cam import CamExplainer
from lucidag.explain.methods.registry import CAM, FAMILIES
from tests.cam.networks import activations, cams, class_by_score, image, library, network, seeded, without_channels

METHODS = tuple(FAMILIES[CAM])

# Layers whose activations are not below zero, or that nothing changes in place: there both mean the same by "layer".
CASES = {
    "small_cnn": ["blocks", "blocks.block2", "blocks.block1.relu"],
    "plain_cnn": ["6", "2"],
    "resnet18": ["layer4", "layer2.0"],
    "bottleneck": ["layer1.0.conv2"],
    "mobilenet": ["features.5.conv.0", "features.3"],
    "densenet": ["features.transition2.relu", "features.denseblock2.denselayer1.conv1"],
    "shufflenet": ["stage3"],
    "branching": ["inner.layer1"],
}
FEW = ("gradcam", "ablationcam", "gradcam++", "layercam", "eigencam")


def agree(result, method, reference, score):
    if reference.weights is not None:
        # Drops are differences of logits: their last digits are those of the logits.
        least = 1e-5 * np.abs(result.logits).max() / abs(score) if method == "ablationcam" else 0
        weights = result.weights[method]
        assert weights.dtype == np.float32
        np.testing.assert_allclose(weights, reference.weights, rtol=1e-4, atol=least + 1e-5 * np.abs(weights).max())
    assert result.maps[method].dtype == np.float32
    np.testing.assert_allclose(result.maps[method], reference.map, atol=1e-3 if method == "ablationcam" else 1e-4)


@pytest.mark.parametrize(("name", "layer", "seed"), seeded([(name, layer) for name in CASES for layer in CASES[name]]))
def test_maps_and_weights(name, layer, seed):
    model, x = network(name, seed), image(name, seed)
    target = class_by_score(model, x)
    values = activations(model, layer, x)
    methods = METHODS if values.shape[1] <= 64 else FEW
    result = CamExplainer(model, image(name, 9, 2), layer, batch_size=7).explain(x, cams(methods))
    assert result.target == result.predicted == target
    assert set(result.maps) == set(methods)
    score = result.logits[target]
    assert score > 0
    for method in methods:
        # Below zero the library ablates to something else, and Grad-CAM++ divides by what may be near zero.
        if method not in ("ablationcam", "gradcam++") or values.min() == 0:
            agree(result, method, library(method, model, layer, x, target), score)


@pytest.mark.parametrize(
    ("name", "layer"), [("resnet18", "layer4"), ("mobilenet", "features"), ("shufflenet", "conv5")]
)
def test_weights_that_are_known_without_a_pass(name, layer):
    model, x = network(name, 1), image(name, 1)
    explainer = CamExplainer(model, x, layer, 32)
    assert explainer.split.head is not None
    for target in range(0, 5, 2):
        result = explainer.explain(x, cams(["gradcam"]), target)
        agree(result, "gradcam", library("gradcam", model, layer, x, target), 1)
    target = class_by_score(model, x)
    result = explainer.explain(x, cams(["ablationcam"]), target)
    agree(result, "ablationcam", library("ablationcam", model, layer, x, target), result.logits[target])


@pytest.mark.parametrize("target", [0, 3])
@pytest.mark.parametrize(
    ("name", "layer"), [("small_cnn", "blocks"), ("branching", "inner.layer1"), ("shufflenet", "stage3")]
)
def test_scorecam(name, layer, target):
    model, x = network(name, 4), image(name, 4)
    if name == "small_cnn":
        with torch.no_grad():
            model.blocks.block3.norm.bias[:9] = -100
        assert (activations(model, layer, x).flatten(2).amax(2) == 0).sum() == 9
    result = CamExplainer(model, x, layer, batch_size=5).explain(x, cams(["scorecam"]), target)
    agree(result, "scorecam", library("scorecam", model, layer, x, target), 1)


# A channel below zero is ablated to zero: the truth is the whole network, once for each channel.
SIGNED = [
    ("small_cnn", "blocks.block3.conv"),
    ("resnet18", "layer1.1.bn2"),
    ("bottleneck", "layer1.0.bn2"),
    ("mobilenet", "features.3"),
    ("densenet", "features"),
    ("densenet", "features.denseblock1.denselayer2.norm1"),
    ("shufflenet", "stage4.1.branch2.1"),
    ("branching", "inner.layer1.0.bn1"),
]


@pytest.mark.parametrize(("name", "layer", "seed"), seeded(SIGNED))
def test_ablation_of_signed_layers(name, layer, seed):
    model, x = network(name, seed), image(name, seed)
    assert activations(model, layer, x).min() < 0
    for target in (class_by_score(model, x), class_by_score(model, x, above=False)):
        with_all, *without = without_channels(model, layer, x, target)
        drops = with_all - np.array(without)
        result = CamExplainer(model, x, layer, batch_size=10).explain(x, cams(["ablationcam"]), target)
        least = 1e-5 * np.abs(result.logits).max()
        assert np.abs(drops).max() > 100 * least
        np.testing.assert_allclose(result.weights["ablationcam"] * abs(with_all), drops, rtol=1e-3, atol=least)
        assert ("ablationcam" in result.notes and "below 0" in result.notes["ablationcam"]) == (with_all < 0)


def test_the_library_on_signed_layers_means_something_else():
    model, x = network("densenet"), image("densenet")
    target, layer = class_by_score(model, x), "features.denseblock2.denselayer1.conv1"
    result = CamExplainer(model, x, layer, 32).explain(x, cams(["ablationcam"]), target)
    reference = library("ablationcam", model, layer, x, target)
    apart = np.abs(reference.weights - result.weights["ablationcam"]).max()
    assert apart > 0.1 * np.abs(result.weights["ablationcam"]).max()


def test_below_zero_the_library_shows_the_complement():
    model, x = network("resnet18"), image("resnet18")
    target = class_by_score(model, x, above=False)
    result = CamExplainer(model, x, "layer3", 32).explain(x, cams(["ablationcam", "gradcam"]), target)
    assert result.logits[target] < 0
    reference = library("ablationcam", model, "layer3", x, target)
    np.testing.assert_allclose(result.weights["ablationcam"], -reference.weights, rtol=1e-3, atol=1e-4)
    # Grad-CAM has no such quotient: ours agrees with it, the library's does not.
    ours, truth = result.weights["ablationcam"], result.weights["gradcam"]
    assert np.corrcoef(ours, truth)[0, 1] > 0.2
    assert np.corrcoef(reference.weights, truth)[0, 1] < -0.2


def without_in_place(model: nn.Module) -> nn.Module:
    copied = copy.deepcopy(model)
    for module in copied.modules():
        if isinstance(module, nn.ReLU):
            module.inplace = False
    return copied


def test_a_layer_is_what_it_gives_not_what_is_made_of_it_in_place():
    model, x, layer = network("resnet18"), image("resnet18"), "layer2.0.bn1"
    target = class_by_score(model, x)
    result = CamExplainer(model, x, layer, 32).explain(x, cams(FEW), target)
    for method in ("gradcam", "layercam", "eigencam"):
        agree(result, method, library(method, without_in_place(model), layer, x, target), 1)
    changed = library("gradcam", model, layer, x, target).map
    assert np.abs(changed - result.maps["gradcam"]).max() > 0.1


def test_a_constant_channel_is_a_mask_of_zero():
    model, x = network("small_cnn"), image("small_cnn")
    with torch.no_grad():
        # After the ReLU: channel 0 is 0.7 everywhere, channel 1 is 0.
        model.blocks.block2.norm.weight[:2] = 0
        model.blocks.block2.norm.bias[:2] = torch.tensor([0.7, -1.0])
    layer, target = "blocks.block2.relu", 1
    values = activations(model, layer, x)[0]
    assert values[0].min() == values[0].max() > 0
    result = CamExplainer(model, x, layer, 32).explain(x, cams(["scorecam"]), target)
    weights = result.weights["scorecam"]
    assert weights[0] == weights[1]
    with torch.no_grad():
        empty = float(model(torch.zeros_like(x))[0, target])
        live = np.log(library("scorecam", model, layer, x, target).weights[2:])
    # The softmax keeps differences of scores.
    reference = library("scorecam", model, layer, x, target).weights
    np.testing.assert_allclose(np.log(weights[2:]) - np.log(weights[1]), live - np.log(reference[1]), atol=1e-5)
    assert np.isfinite(empty)
