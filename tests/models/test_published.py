"""What published weights bring with them, against the transforms that their publishers ship."""

import numpy as np
import pytest
import timm
import timm.data
import torch
import torchvision
from PIL import Image
from torch import nn

from lucidag.ground.errors import InputError
from lucidag.models.inputs import Inputs
from lucidag.models.published import recipe_of_network, recipe_of_weights
from lucidag.models.settings import Input


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def inputs_of(recipe, **own) -> Inputs:
    return Inputs(**Input(**own).filled(recipe).model_dump())


@pytest.mark.parametrize(
    ("architecture", "weights"),
    [
        ("resnet50", "IMAGENET1K_V1"),
        ("resnet50", "ResNet50_Weights.IMAGENET1K_V2"),
        ("efficientnet_b0", "DEFAULT"),
        ("vit_b_16", "IMAGENET1K_SWAG_E2E_V1"),
        ("vgg16", "IMAGENET1K_FEATURES"),
        ("inception_v3", "DEFAULT"),
    ],
)
def test_torchvisions_weights_get_what_their_transforms_make(architecture: str, weights: str) -> None:
    # Smooth: of noise, bicubic overshoots, and the two resizers cut that off in other places.
    image = np.asarray(Image.fromarray(noise(25, 20)).resize((410, 500)))
    entry = torchvision.models.get_model_weights(architecture)[weights.rpartition(".")[2]]
    theirs = entry.transforms()(torch.from_numpy(image.transpose(2, 0, 1).copy()))
    inputs = inputs_of(recipe_of_weights(nn.Identity(), weights, architecture))
    ours = inputs.normalise(inputs.prepare(image)[None])[0]
    # The two resizers round to uint8 in ways that differ by one or two.
    torch.testing.assert_close(ours, theirs, rtol=0, atol=2.001 / 255 / min(entry.transforms().std))


def test_every_weights_of_torchvision_have_a_recipe() -> None:
    for name in torchvision.models.list_models(module=torchvision.models):
        for entry in torchvision.models.get_model_weights(name):
            preset = entry.transforms()
            inputs = inputs_of(recipe_of_weights(nn.Identity(), entry.name, name))
            assert [inputs.size, inputs.scaled] == [*preset.crop_size, *preset.resize_size]
            assert (inputs.mean, inputs.std) == (list(preset.mean), list(preset.std))
            assert inputs.interpolation == preset.interpolation.value


@pytest.mark.parametrize("name", ["vit_tiny_patch16_224", "resnet18"])
def test_timms_networks_get_what_their_configuration_says(name: str) -> None:
    model = timm.create_model(name)
    recipe = recipe_of_network(model)
    inputs = inputs_of(recipe)
    config = timm.data.resolve_data_config(model=model)
    image = noise(400, 300)
    theirs = timm.data.create_transform(**config)(Image.fromarray(image))
    ours = inputs.normalise(inputs.prepare(image)[None])[0]
    assert ours.shape == theirs.shape
    # Pillow's resizer against torch's: one level, at the edges of bicubic a few.
    assert float((ours - theirs).abs().mean()) < 1 / 255 / 0.225
    assert recipe_of_network(nn.Sequential(nn.Identity(), model)) == recipe  # wrapped by a factory


def test_other_networks_bring_nothing() -> None:
    assert recipe_of_network(nn.Sequential(nn.Flatten(), nn.Linear(3, 2))) is None


def test_older_configurations_and_images_that_are_not_square() -> None:
    model = nn.Flatten()
    model.default_cfg = {"mean": (0.5,), "std": (0.5,), "input_size": (3, 32, 32)}
    model.default_cfg |= {"crop_pct": 1.0, "crop_mode": "squash"}
    assert inputs_of(recipe_of_network(model)) == Inputs(32, 3, "stretch", [0.5], [0.5], interpolation="bicubic")
    model.default_cfg["input_size"] = (3, 32, 64)
    with pytest.raises(InputError, match="64 x 32; frames are square"):
        recipe_of_network(model)


RECIPE = {"size": 224, "resize": "crop", "shorter_side": 232, "mean": [0.1, 0.2, 0.3], "std": [0.4, 0.5, 0.6]}


def test_what_the_configuration_says_counts_more() -> None:
    assert Input().filled(RECIPE).model_dump(include=set(RECIPE)) == RECIPE
    assert Input(mean=[0.0]).filled(RECIPE).mean == [0.0]
    assert Input(normalise="none").filled(RECIPE).model_dump()["std"] == [1.0]
    assert Input(resize="stretch").filled(RECIPE).resize == "stretch"
    half = Input(size=112).filled(RECIPE)
    assert (half.size, half.scaled) == (112, 116)
    assert Input(order="bgr").filled(RECIPE).mean == [0.3, 0.2, 0.1]
    assert Input(channels=1).filled(RECIPE).mean == [0.0]


def test_unknown_weights_are_refused() -> None:
    with pytest.raises(InputError, match="did you mean 'IMAGENET1K_V1'"):
        recipe_of_weights(nn.Identity(), "IMAGENET1K_V7", "resnet18")
    with pytest.raises(InputError, match="is not torchvision's"):
        recipe_of_weights(nn.Identity(), "IMAGENET1K_V1", "mine:make")
