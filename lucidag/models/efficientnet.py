"""EfficientNets whose activations are ReLU, so that relevance has rules for all of their layers."""

import torchvision
from torch import nn
from torchvision.models.efficientnet import EfficientNet, MBConvConfig


def efficientnet_b0_relu(num_classes: int, dropout: float = 0.2, stochastic_depth: float = 0.2) -> nn.Module:
    """Build torchvision's EfficientNet-B0 (Tan and Le 2019, ICML) with ReLU wherever it has SiLU.

    Its weights are named and shaped as those of EfficientNet-B0, whose published ones can be loaded
    (``published_as``); they were trained with SiLU, so the network then needs training all the same.

    Parameters
    ----------
    num_classes
        The number of classes.
    dropout
        The share of penultimate units that each training step leaves out.
    stochastic_depth
        How often the last residual branch is left out of a training step; those before it less often in proportion.
    """
    # torchvision takes `dropout` of this builder only, and builds the rest from its table.
    model = torchvision.models.efficientnet_b0(
        num_classes=num_classes, dropout=dropout, stochastic_depth_prob=stochastic_depth
    )
    model.published_as = "efficientnet_b0"
    return with_relu(model)


def small_efficientnet_relu(
    num_classes: int, width: int = 16, expand: int = 4, dropout: float = 0.0, stochastic_depth: float = 0.0
) -> nn.Module:
    """Build a small EfficientNet with ReLU for small images; its penultimate layer has ``8 * width`` units.

    Five inverted residual blocks with squeeze-and-excitation in four stages, of which the second and third halve the
    maps, as the stem does: an image of 64 pixels has maps of 8 x 8 at the end, which still say where.

    Parameters
    ----------
    num_classes
        The number of classes.
    width
        The channels of the stem and of the first stage; a multiple of 8.
    expand
        How many times more channels a block has inside.
    dropout, stochastic_depth
        As of `efficientnet_b0_relu`.
    """
    if width < 8 or width % 8 or expand < 1:
        raise ValueError(f"width must be a multiple of 8 and expand at least 1, not {width} and {expand}")
    stages = [
        MBConvConfig(1, 3, 1, width, width, 1),
        MBConvConfig(expand, 3, 2, width, 2 * width, 1),
        MBConvConfig(expand, 5, 2, 2 * width, 3 * width, 2),
        MBConvConfig(expand, 3, 1, 3 * width, 4 * width, 1),
    ]
    model = EfficientNet(
        stages, dropout=dropout, stochastic_depth_prob=stochastic_depth, num_classes=num_classes, last_channel=8 * width
    )
    return with_relu(model)


def with_relu(model: nn.Module) -> nn.Module:
    """Put ReLU in the place of each SiLU, in place, and return the network."""
    for module in list(model.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.SiLU):
                setattr(module, name, nn.ReLU(inplace=True))
    return model
