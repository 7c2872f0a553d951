"""All of torchvision's classifiers, at the least size at which each says where, with weights that are random."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torchvision
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torchvision.models.efficientnet import FusedMBConv, MBConv
from torchvision.models.swin_transformer import ShiftedWindowAttentionV2
from torchvision.ops.misc import SqueezeExcitation

from lucidag.models.inputs import Inputs
from lucidag.models.network import Network, open_network
from tests.zoo.small import SIDES

CLASSES = 10
LARGE = 150_000_000  # parameters, from which on a network stays in single precision: it takes gigabytes
MANY, BRANCH = 45, 0.1  # where more branches follow each other, their scale
NORMS = (_BatchNorm, nn.LayerNorm, nn.GroupNorm)

# The least side of an image at which the layer that is explained of images of 224 pixels has maps of 2 x 2.
SIZES = {
    **dict.fromkeys(("resnet", "resnext", "wide_resnet", "regnet", "vgg", "squeezenet1_1", "mobilenet"), 33),
    **dict.fromkeys(("mnasnet", "shufflenet", "efficientnet"), 33),
    "swin": 36,
    "squeezenet1_0": 47,
    "alexnet": 63,
    **dict.fromkeys(("convnext", "densenet", "googlenet"), 64),
    "inception": 107,
    "maxvit": 224,  # it takes no other: its windows of 7 must fit at each of five scales
    "vit_b_16": 32,
    "vit_b_32": 64,
    "vit_l_16": 32,
    "vit_l_32": 64,
    "vit_h_14": 28,
}
FAMILIES = {
    "AlexNet": "alexnet",
    "ConvNeXt": "convnext",
    "DenseNet": "densenet",
    "EfficientNet": "efficientnet",
    "GoogLeNet": "googlenet",
    "Inception": "inception",
    "MaxViT": "maxvit",
    "MNASNet": "mnasnet",
    "MobileNetV2": "mobilenet_v2",
    "MobileNetV3": "mobilenet_v3",
    "RegNet": "regnet",
    "ResNet": "resnet",
    "ResNeXt": "resnext",
    "ShuffleNetV2": "shufflenet",
    "SqueezeNet": "squeezenet",
    "Swin": "swin",
    "VGG": "vgg",
    "ViT": "vit",
    "Wide ResNet": "wide_resnet",
}
# Those that are quick as they are, and small ones of the other families.
FEW = ("squeezenet1_0", "squeezenet1_1", "googlenet", *(f"tests.zoo.small:{name}" for name in SIDES))

# These have more than 100 million weights: no two of them should be in memory at one time.
HEAVY = (
    *("vgg11", "vgg11_bn", "vgg13", "vgg13_bn", "vgg16", "vgg16_bn", "vgg19", "vgg19_bn"),
    *("wide_resnet101_2", "regnet_x_32gf", "regnet_y_32gf", "regnet_y_128gf"),
    *("efficientnet_v2_l", "convnext_large", "vit_l_16", "vit_l_32", "vit_h_14"),
)


def names() -> list[str]:
    """List the 80 architectures."""
    return list(torchvision.models.list_models(module=torchvision.models))


def size_of(name: str) -> int:
    """Return the side of the images that an architecture is tried with."""
    _, _, factory = name.partition(":")
    return SIDES[factory] if factory else next(size for start, size in SIZES.items() if name.startswith(start))


def family_of(name: str) -> str:
    """Return the family of an architecture."""
    return next(family for family, start in FAMILIES.items() if name.startswith(start))


class Doubled(Inputs):
    """Inputs whose normalised images are in double precision."""

    def normalise(self, batch: torch.Tensor) -> torch.Tensor:
        return super().normalise(batch).double()

    def example(self, count: int = 2) -> torch.Tensor:
        return super().example(count).double()


def settings(name: str) -> dict[str, Any]:
    """Return what a configuration says of an architecture."""
    size = size_of(name)
    frame = {"size": size, "channels": 3, "resize": "stretch", "mean": [0.45], "std": [0.25]}
    return {
        "architecture": name,
        "options": {"image_size": size} if name.startswith("vit") else {},
        "input": frame,
        "head": None,
    }


def opened(name: str, seed: int = 0) -> Network:
    """Open a network as a job does, and draw all of its weights."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torchvision's, of how it draws weights
        network = open_network(settings(name), CLASSES)
    network.model.eval().requires_grad_(False)
    redraw(network.model, network.inputs.example(4), seed)
    return network


def doubled(network: Network) -> Network:
    """Give a network in double precision, in place; a large one is left as it is."""
    if sum(each.numel() for each in network.model.parameters()) > LARGE:
        return network
    network.model.double()
    inputs = Doubled(**network.inputs.model_dump())
    return Network(network.model, inputs, network.head, network.notes, network.tail)


@torch.no_grad()
def redraw(model: nn.Module, images: torch.Tensor, seed: int) -> None:
    """Draw every weight of a network, in place: at torchvision's, heads, scales of layers and shifts are zero or one.

    Statistics of a BatchNorm are those of some images, moved by chance, as after training. The last layer is scaled so
    that logits differ by about one: probabilities are then neither alike nor all at one class.
    """
    draws = torch.Generator().manual_seed(seed)
    for module in model.modules():
        for name, values in module.named_parameters(recurse=False):
            _draw(module, name, values, draws)
    branches = list(_ends_of_branches(model))
    for norm in branches if len(branches) > MANY else []:
        for values in norm.parameters():
            values *= BRANCH
    norms = [module for module in model.modules() if isinstance(module, _BatchNorm)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the plain mean of the batches that it sees
        norm.train()
    model(images)
    for norm in norms:
        norm.eval()
        _moved(norm, draws)
    logits = model(images)
    head = [module for module in model.modules() if isinstance(module, nn.Linear | nn.Conv2d)][-1]
    for values in head.parameters():
        values /= logits.std()


def _draw(module: nn.Module, name: str, values: torch.Tensor, draws: torch.Generator) -> None:
    if isinstance(module, NORMS):
        values.uniform_(0.5, 1.5, generator=draws) if name == "weight" else values.normal_(0, 0.2, generator=draws)
    elif name == "layer_scale":
        values.uniform_(0.2, 0.6, generator=draws)
    elif name == "logit_scale":
        values += 0.2 * torch.randn(values.shape, generator=draws)
    elif name in ("weight", "in_proj_weight"):
        inputs = values[0].numel()
        # Uniform with the deviation that keeps numbers as large as they are; behind a ReLU that is sqrt(2 / inputs).
        most = (6 / inputs) ** 0.5 if isinstance(module, nn.Conv2d) else (3 / inputs) ** 0.5
        values.uniform_(-most, most, generator=draws)
    elif "bias" in name and values.ndim == 1:
        values.normal_(0, 0.1, generator=draws)
    else:  # tokens of classes, embeddings of places, biases of places
        values.normal_(0, 0.5, generator=draws)


def _ends_of_branches(model: nn.Module) -> Iterator[nn.Module]:
    """Give what scales the branches beside EfficientNets' shortcuts.

    Many of them at full scale let numbers, and rounding with them, grow from block to block, by 1e9 in the deepest
    networks: SiLU and the gates make more of great numbers than of those to which BatchNorms are fitted.
    """
    for module in model.modules():
        if isinstance(module, FusedMBConv | MBConv) and module.use_res_connect:
            yield module.block[-1][1]


def _moved(norm: _BatchNorm, draws: torch.Generator) -> None:
    mean, variance = norm.running_mean, norm.running_var
    assert mean is not None
    assert variance is not None
    variance.clamp_(min=1e-3)  # of a unit that is dead
    mean += 0.2 * variance.sqrt() * torch.randn(mean.shape, generator=draws)
    variance *= torch.empty_like(variance).uniform_(0.7, 1.3, generator=draws)


@contextmanager
def stripped(model: nn.Module) -> Iterator[None]:
    """Hold at zero, while the block lasts, all that adds a constant on the way from the image to the logits.

    That is biases, a BatchNorm's shift and mean, embeddings of places and tokens of classes. What computes factors that
    are constants to relevance stays: of gates, and which places attention looks at.
    """
    found = list(_constants(model))
    kept = [each.detach().clone() for each in found]
    with torch.no_grad():
        for each in found:
            each.zero_()
    try:
        yield
    finally:
        with torch.no_grad():
            for each, values in zip(found, kept, strict=True):
                each.copy_(values)


def _constants(model: nn.Module) -> Iterator[torch.Tensor]:
    computing = [module for module in model.modules() if isinstance(module, SqueezeExcitation)]
    computing += [module.cpb_mlp for module in model.modules() if isinstance(module, ShiftedWindowAttentionV2)]
    kept = {part for module in computing for part in module.modules()}
    for module in model.modules():
        if module in kept:
            continue
        for name, values in module.named_parameters(recurse=False):
            if name in ("bias", "in_proj_bias", "class_token", "pos_embedding"):
                yield values
        if isinstance(module, _BatchNorm) and module.running_mean is not None:
            yield module.running_mean
