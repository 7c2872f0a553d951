"""Class activation maps of tokens: those of pytorch-grad-cam with its `reshape_transform`, and those of maps."""

import numpy as np
import pandas as pd
import pytest
import pytorch_grad_cam
import torch
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import nn
from torchvision.models import MaxVit, SwinTransformer, VisionTransformer

from lucidag.artefacts.study import show_artefacts
from lucidag.explain.cam.layers import default_layer
from lucidag.explain.cam.maps import image_map, weighted_sum
from lucidag.explain.methods.cam import CamExplainer
from lucidag.explain.methods.registry import CAM, FAMILIES, load
from lucidag.explain.reference import Case
from lucidag.explain.stage import explainers
from lucidag.ground.errors import InputError
from lucidag.models.describe import describe
from lucidag.models.inputs import Inputs
from lucidag.models.network import Network
from lucidag.models.steps import watching_steps
from tests.cam.networks import LIBRARY, Branching, cams
from tests.models.token_twins import SIDE, SIZE, Merging, kept, random_image, turned, twin
from tests.models.vits import vit

NETWORKS = {
    "class token": (lambda seed: vit("plain", seed), 1, "blocks.0"),
    "registers": (lambda seed: vit("fused", seed, front=4), 4, "blocks.0"),
    "no class token": (lambda seed: vit("plain", seed, pool="mean", front=0), 0, "norm"),
    "mean beside a class token": (lambda seed: vit("plain", seed, pool="mean"), 1, "norm"),
}
LAYERS = [(name, layer) for name in NETWORKS for layer in (None, "blocks.1.norm1")]


@pytest.mark.parametrize(("name", "layer"), LAYERS)
@pytest.mark.parametrize("seed", [0, 1])
def test_maps_are_those_of_the_library(name, layer, seed):
    build, front, own = NETWORKS[name]
    model, x, target = build(seed), random_image(seed), seed
    ready = CamExplainer(model, x, layer, 4)
    assert ready.layer == (layer or own)
    methods = [method for method in LIBRARY if method != "ablationcam"]
    seen: list[bool] = []
    found = ready.explain(x, cams(methods), target).maps
    for method in methods:
        cam = getattr(pytorch_grad_cam, LIBRARY[method])
        module = model.get_submodule(ready.layer)
        with cam(model, [module], reshape_transform=lambda tokens: turned(tokens, front, SIDE, SIDE)) as asked:
            expected = asked(x.clone(), [ClassifierOutputTarget(target)])[0]
        seen.append(bool(expected.any()))
        assert found[method] == pytest.approx(expected, abs=1e-5), method
    assert any(seen)


def without_units(model, layer, front, x, target):
    """Give the target's logit without each unit of the image's tokens, by a hook; the tokens in front keep theirs."""
    scores = []
    for unit in range(kept(model, layer, x).shape[2]):

        def ablate(_, __, output, unit=unit):
            output = output.clone()
            output[:, front:, unit] = 0
            return output

        handle = model.get_submodule(layer).register_forward_hook(ablate)
        with torch.no_grad():
            scores.append(float(model(x)[0, target]))
        handle.remove()
    return np.asarray(scores)


@pytest.mark.parametrize("traced", [True, False])
@pytest.mark.parametrize("name", NETWORKS)
def test_ablation_cam_is_that_of_the_whole_network_run_for_each_unit(name, traced):
    build, front, layer = NETWORKS[name]
    model, x, target = build(0), random_image(), 1
    whole = model if traced else Branching(model)
    ready = CamExplainer(whole, x, layer if traced else f"inner.{layer}", 3)
    found = ready.explain(x, cams(["ablationcam"]), target)
    with torch.no_grad():
        score = float(model(x)[0, target])
    weights = ((score - without_units(model, layer, front, x, target)) / abs(score)).astype(np.float32)
    assert found.weights["ablationcam"] == pytest.approx(weights, rel=1e-5, abs=1e-5)
    activations = turned(kept(model, layer, x), front, SIDE, SIDE).numpy()
    expected = image_map(weighted_sum(weights, activations), (SIZE, SIZE))
    assert expected.any()
    assert found.maps["ablationcam"] == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("form", ["last", "tokens", "registers", "first"])
@pytest.mark.parametrize("seed", [0, 1])
def test_maps_are_those_of_the_same_function_written_as_maps(form, seed):
    x, names = random_image(seed), list(FAMILIES[CAM])
    one, other = CamExplainer(twin("maps", seed), x, "out", 4), CamExplainer(twin(form, seed), x, "out", 4)
    expected, found = (ready.explain(x, cams(names), 1).maps for ready in (one, other))
    assert any(each.any() for each in expected.values())
    for name in names:
        assert found[name] == pytest.approx(expected[name], abs=1e-5), name


def gradient_at(model: nn.Module, layer, x: torch.Tensor) -> torch.Tensor:
    seen = {}

    def see(place, output):
        if place == layer.place:
            seen[place] = output.retain_grad() or output

    image = x.clone().requires_grad_()
    with watching_steps(model, image, see):
        logits = model(image)
    logits[0, 0].backward()
    return layer.units_first(seen[layer.place].grad)


@pytest.mark.parametrize(
    ("build", "size", "layer"),
    [
        (lambda: VisionTransformer(12, 4, 3, 2, 16, 32, num_classes=3), 12, "encoder.layers.encoder_layer_1"),
        (lambda: vit("fused"), 12, "blocks.0"),
        (lambda: vit("multihead", pool="mean"), 12, "norm"),
        (lambda: vit("plain", pool="mean", front=0), 12, "norm"),
        (lambda: SwinTransformer([4, 4], 8, [1, 1], [2, 2], [2, 2], num_classes=3), 32, "permute"),
        (lambda: MaxVit((64, 64), 8, 2, [8], [1], 4, 0.0, num_classes=3), 64, "blocks.0"),
        (Merging, 12, "add_1"),
        (lambda: twin("first"), 12, "out"),
    ],
)
def test_the_layer_that_is_found_has_a_gradient_everywhere(build, size, layer):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = build().eval()
        for parameter in model.parameters():
            torch.nn.init.normal_(parameter, std=0.2)
        x = torch.randn(1, 3, size, size)
    found = default_layer(describe(model, x))
    assert found.name == layer
    assert gradient_at(model, found, x).ne(0).any(dim=1).all()
    maps = CamExplainer(model, x, None, 4).explain(x, cams(["layercam"]), 0).maps["layercam"]
    assert maps.shape == (size, size)


def test_what_torchs_attention_gives():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = VisionTransformer(12, 4, 2, 2, 16, 32, num_classes=3).eval()
        torch.nn.init.normal_(model.heads.head.weight)
    block, x = "encoder.layers.encoder_layer_0", random_image()
    one, other = (
        CamExplainer(model, x, f"{block}.{name}", 4).explain(x, cams(FAMILIES[CAM]), 1).maps
        for name in ("self_attention", "dropout")  # which gives the same
    )
    for name, expected in other.items():
        assert one[name] == pytest.approx(expected, abs=1e-5), name
    assert any(each.any() for each in one.values())


@pytest.mark.parametrize("form", ["tokens", "registers", "first"])
def test_a_study_of_a_shortcut_sees_what_it_sees_of_maps(form):
    inputs = Inputs(32, 3, "stretch", (0.4,), (0.3,))
    networks = {name: Network(twin(name, 3), inputs, "fc") for name in ("maps", form)}
    random = np.random.default_rng(0)
    frames = {f"p{number}": random.integers(190, 256, (32, 32, 3), dtype=np.uint8) for number in range(2)}
    family = {"methods": ["gradcam", "layercam"], "options": {"layer": "out"}}
    seen, _ = show_artefacts(
        networks, frames, {"ring": 1}, lambda name: explainers([family], networks[name], "cpu"), 0, threads=1
    )
    expected, own = (seen[seen["model"] == name].drop(columns="model").reset_index(drop=True) for name in networks)
    pd.testing.assert_frame_equal(own, expected, rtol=1e-3, atol=1e-5)


def test_tokens_whose_places_cannot_be_told_are_refused_with_the_way_out():
    layers = describe(twin("columns"), random_image())
    with pytest.raises(InputError, match=r"goes on with tokens.*'embed'.*token_grid.*name the layer"):
        default_layer(layers)


@pytest.mark.parametrize("method", LIBRARY)
@pytest.mark.parametrize("name", ["registers", "no class token"])
def test_the_check_with_the_library_takes_tokens(name, method):
    build, _, layer = NETWORKS[name]
    model, x, target = build(2), random_image(2), 2
    result = CamExplainer(model, x, layer, 4).explain(x, cams([method]), target)
    found = result.maps[method]
    case = Case(model, Inputs(SIZE), None, x, target, {"layer": layer, "notes": result.notes})
    reference = load(method)().reference(case)
    assert (found if reference.ours is None else reference.ours) == pytest.approx(reference.map, abs=1e-4)
