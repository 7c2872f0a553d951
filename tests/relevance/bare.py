"""Networks without biases, as if they had been trained, on which relevance must be conserved."""

import copy
from collections.abc import Callable

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torchvision.models.efficientnet import EfficientNet, FusedMBConvConfig
from torchvision.ops.misc import SqueezeExcitation

from lucidag.models.attention import ChannelAttention
from lucidag.models.build import build
from lucidag.models.efficientnet import with_relu

NETWORKS = {
    "small_cnn": ("lucidag.models.small:small_cnn", {"width": 8}),
    "small_resnet": ("lucidag.models.small:small_resnet", {"width": 8, "blocks": (1, 2, 1, 1)}),
    "attention_small_resnet": ("lucidag.models.attention:attention_small_resnet", {"width": 8}),
    "small_efficientnet": ("lucidag.models.efficientnet:small_efficientnet_relu", {}),
    "small_fused": ("tests.relevance.bare:small_fused", {}),
    "resnet18": ("resnet18", {}),
    "resnet50": ("resnet50", {}),
    "attention_resnet50": ("lucidag.models.attention:attention_resnet50", {"side": 2, "hidden": 8}),
    "efficientnet_b0": ("lucidag.models.efficientnet:efficientnet_b0_relu", {}),
}
CLASSES = 4


def small_fused(num_classes: int) -> nn.Module:
    """Build a network of the residual blocks that EfficientNetV2 begins with, with ReLU."""
    stages = [FusedMBConvConfig(2, 3, 2, 16, 16, 1), FusedMBConvConfig(4, 3, 2, 16, 24, 2)]
    return with_relu(EfficientNet(stages, dropout=0.0, num_classes=num_classes, last_channel=64))


def images(seed: int, count: int = 1) -> torch.Tensor:
    """Draw blurred noise, 64 x 64, normalised to about mean 0 and deviation 1."""
    drawn = torch.randn(count, 3, 64, 64, generator=torch.Generator().manual_seed(900 + seed), dtype=torch.float64)
    return 2 * nn.functional.avg_pool2d(drawn, 3, stride=1, padding=1)


def with_biases(name: str, seed: int) -> nn.Module:
    """Build a network in double precision; its BatchNorms have statistics of images, scales and shifts of their own.

    Scores of an attention are made to differ between channels.
    """
    architecture, options = NETWORKS[name]
    model = build(architecture, CLASSES, options, seed).double()
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = None  # the plain mean over the batches that it sees
                nn.init.uniform_(module.weight, 0.5, 1.5)
                nn.init.normal_(module.bias, std=0.2)
        if "attention" in name:
            nn.init.normal_(model.attention.score.weight, std=2)
        with torch.no_grad():
            model.train()(images(seed + 50, 4))
    return model.eval()


def without_biases(model: nn.Module) -> nn.Module:
    """Copy a network and set to zero all that adds a constant on the way from input to logits.

    That is the biases of linear layers and convolutions, and of each BatchNorm its bias and its running mean. What
    computes the factors of a gate keeps its biases, since the factors are constants to relevance.
    """
    bare = copy.deepcopy(model)
    inside = {part for module in bare.modules() if gate_factors(module) for part in module.modules()}
    with torch.no_grad():
        for module in bare.modules():
            if module in inside:
                continue
            if isinstance(getattr(module, "bias", None), torch.Tensor):
                module.get_parameter("bias").zero_()
            if isinstance(module, _BatchNorm) and module.running_mean is not None:
                module.running_mean.zero_()
    return bare


def bare(name: str, seed: int) -> nn.Module:
    """Give `with_biases` without its biases."""
    return without_biases(with_biases(name, seed))


def gate_factors(module: nn.Module) -> Callable[[torch.Tensor], torch.Tensor] | None:
    """Return what computes a gate's factors from its maps, or None where the module is no gate that is known."""
    if isinstance(module, ChannelAttention):
        return module.factors
    if isinstance(module, SqueezeExcitation):
        scale: Callable[[torch.Tensor], torch.Tensor] = module._scale
        return scale
    return None
