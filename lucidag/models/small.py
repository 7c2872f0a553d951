"""The project's own small networks, for data sets on which a ResNet would be too much."""

from collections import OrderedDict
from collections.abc import Sequence

import torch
from torch import nn


class SmallCNN(nn.Module):
    """Blocks of convolution, BatchNorm and ReLU; global average pooling; one linear layer.

    The width doubles from block to block, and all blocks but the last end in 2 x 2 max pooling. The
    penultimate units are the channels of the last block, after its ReLU and their mean over the picture:
    so none of them is negative, and the class activation map of a channel is exact.

    Attributes
    ----------
    blocks
        The blocks, named ``block1``, ``block2``, ...; each holds ``conv``, ``norm``, ``relu`` (and ``pool``).
    fc
        The linear layer.
    """

    def __init__(self, num_classes: int, channels: int, width: int, depth: int, dropout: float) -> None:
        super().__init__()
        if min(num_classes, channels, width, depth) < 1:
            raise ValueError("num_classes, channels, width and depth must each be at least 1")
        widths = [channels, *(width * 2**level for level in range(depth))]
        self.blocks = nn.Sequential(
            OrderedDict(
                (f"block{level + 1}", _block(widths[level], widths[level + 1], pool=level + 1 < depth))
                for level in range(depth)
            )
        )
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(widths[-1], num_classes)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Give the N x C logits of N x channels x H x W pictures."""
        pooled: torch.Tensor = self.pool(self.blocks(pictures))
        logits: torch.Tensor = self.fc(self.dropout(pooled.flatten(1)))
        return logits


def small_cnn(num_classes: int, channels: int = 3, width: int = 32, depth: int = 3, dropout: float = 0.0) -> nn.Module:
    """Build a `SmallCNN`; its penultimate layer has ``width * 2 ** (depth - 1)`` units.

    Parameters
    ----------
    num_classes
        The number of classes.
    channels
        The channels of a picture: 1 or 3.
    width
        The channels of the first block.
    depth
        The number of blocks; a picture must be at least ``2 ** (depth - 1)`` pixels wide.
    dropout
        The share of penultimate units that each training step leaves out.
    """
    return SmallCNN(num_classes, channels, width, depth, dropout)


def small_mlp(num_classes: int, inputs: int, hidden: Sequence[int] = (256,), dropout: float = 0.0) -> nn.Module:
    """Build a fully connected network with ReLU between its layers; the last layer is named ``fc``.

    Parameters
    ----------
    num_classes
        The number of classes.
    inputs
        The numbers in one picture: channels x size x size.
    hidden
        The units of each hidden layer, from input to output.
    dropout
        The share of penultimate units that each training step leaves out.
    """
    widths = [inputs, *hidden]
    layers: OrderedDict[str, nn.Module] = OrderedDict(flatten=nn.Flatten())
    for level in range(len(hidden)):
        layers[f"hidden{level + 1}"] = nn.Linear(widths[level], widths[level + 1])
        layers[f"relu{level + 1}"] = nn.ReLU()
    layers["dropout"] = nn.Dropout(dropout)
    layers["fc"] = nn.Linear(widths[-1], num_classes)
    return nn.Sequential(layers)


def _block(channels: int, width: int, pool: bool) -> nn.Sequential:
    """Build one block of a `SmallCNN`."""
    layers: OrderedDict[str, nn.Module] = OrderedDict(
        conv=nn.Conv2d(channels, width, kernel_size=3, padding=1, bias=False),
        norm=nn.BatchNorm2d(width),
        relu=nn.ReLU(),
    )
    if pool:
        layers["pool"] = nn.MaxPool2d(2)
    return nn.Sequential(layers)
