"""How published weights want their images: what torchvision's and timm's networks say of themselves."""

import math
from collections.abc import Mapping
from typing import Any

from torch import nn

from lucidag.ground.errors import InputError
from lucidag.ground.spelling import check_known

Recipe = dict[str, Any]  # keys of `lucidag.models.settings.Input`
INTERPOLATIONS = {"bilinear": "bilinear", "bicubic": "bicubic", "nearest": "nearest", "lanczos": "bicubic"}


def published_weights(model: nn.Module, name: str, architecture: str) -> Any:  # noqa: ANN401 (an enumeration's member)
    """Return the weights that torchvision publishes by this name for an architecture.

    A network that is a published one with modules added says so itself: see `lucidag.models.weights.load_weights`.

    Raises
    ------
    InputError
        If the architecture is not torchvision's, or has no such weights.
    """
    import torchvision  # here, as it takes seconds

    try:
        published = torchvision.models.get_model_weights(getattr(model, "published_as", architecture))
    except ValueError as error:
        raise InputError(
            f"weights '{name}': architecture '{architecture}' is not torchvision's; give a .safetensors or .pth file"
        ) from error
    known = ["DEFAULT", *(entry.name for entry in published)]
    short = name.rpartition(".")[2]
    check_known("entry", short, known, f"weights of '{architecture}'")
    return published[short]


def recipe_of_weights(model: nn.Module, name: str, architecture: str) -> Recipe:
    """Return how images reach weights that torchvision publishes; raises as `published_weights`."""
    preset = published_weights(model, name, architecture).transforms()
    (size,), (shorter,) = preset.crop_size, preset.resize_size
    return {
        "size": size,
        "resize": "crop",
        "shorter_side": shorter,
        "mean": list(preset.mean),
        "std": list(preset.std),
        "interpolation": preset.interpolation.value,
    }


def recipe_of_network(model: nn.Module) -> Recipe | None:
    """Return how images reach a network of timm, or one that a factory has put one into; None for any other.

    timm keeps it as ``pretrained_cfg``, in older versions as ``default_cfg``: a mapping, or an object with these
    attributes.

    Raises
    ------
    InputError
        If its images are not square.
    """
    for module in model.modules():
        about = getattr(module, "pretrained_cfg", None) or getattr(module, "default_cfg", None)
        words = about if isinstance(about, Mapping) else getattr(about, "__dict__", {})
        if words.get("mean") and words.get("std"):
            return _of_timm(words)
    return None


def _of_timm(words: Mapping[str, Any]) -> Recipe:
    _, height, width = words.get("input_size") or (3, 224, 224)
    if height != width:
        raise InputError(f"the network's own configuration asks for images of {width} x {height}; frames are square")
    share = words.get("crop_pct") or 0.875
    # Images that are squashed and not cut lose their proportions, as those that are stretched here.
    whole = share == 1 and words.get("crop_mode") == "squash"
    recipe = {
        "size": height,
        "resize": "stretch" if whole else "crop",
        "shorter_side": None if whole else math.floor(height / share),
        "mean": list(words["mean"]),
        "std": list(words["std"]),
        "interpolation": INTERPOLATIONS.get(words.get("interpolation") or "bicubic", "bicubic"),
    }
    return {key: value for key, value in recipe.items() if value is not None}
