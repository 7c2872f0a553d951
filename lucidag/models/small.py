"""The project's own small networks, for data sets on which a ResNet would be too much."""

from collections import OrderedDict
from collections.abc import Sequence

import torch
from torch import nn


class SmallCNN(nn.Module):
    """Blocks of convolution, BatchNorm and ReLU; global average pooling; one linear layer.

    The width doubles from block to block, and all blocks but the last end in 2 x 2 max pooling. The
    penultimate units are the channels of the last block, after its ReLU and their mean over the image:
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

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Give the N x C logits of N x channels x H x W images."""
        pooled: torch.Tensor = self.pool(self.blocks(images))
        logits: torch.Tensor = self.fc(self.dropout(pooled.flatten(1)))
        return logits


def small_cnn(num_classes: int, channels: int = 3, width: int = 32, depth: int = 3, dropout: float = 0.0) -> nn.Module:
    """Build a `SmallCNN`; its penultimate layer has ``width * 2 ** (depth - 1)`` units.

    Parameters
    ----------
    num_classes
        The number of classes.
    channels
        The channels of an image: 1 or 3.
    width
        The channels of the first block.
    depth
        The number of blocks; an image must be at least ``2 ** (depth - 1)`` pixels wide.
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
        The numbers in one image: channels x size x size.
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


class BasicBlock(nn.Module):
    """torchvision's residual block of two convolutions, step for step, without the seconds that torchvision takes.

    Attributes
    ----------
    downsample
        What brings the block's input to the shape of its output, or None where that is its own.
    """

    def __init__(self, inplanes: int, planes: int, stride: int = 1, downsample: nn.Module | None = None) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inplanes, planes, kernel_size=3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(planes, planes, kernel_size=3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.downsample = downsample
        self.stride = stride

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Give N x planes x H' x W' maps of N x inplanes x H x W ones."""
        inner: torch.Tensor = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        inner += x if self.downsample is None else self.downsample(x)
        outer: torch.Tensor = self.relu(inner)
        return outer


class SmallResNet(nn.Module):
    """A residual network (He et al. 2016, CVPR) for small images, its modules named as torchvision names them.

    A 3 x 3 stem of stride 2 instead of 7 x 7 and pooling; ``layer2`` and ``layer3`` halve the maps and double the
    width, ``layer4`` keeps both: so an image of 64 pixels has maps of 8 x 8 at the end, which still say where. The
    penultimate units are the channels of ``layer4``, after their ReLU and mean over the image.
    """

    def __init__(self, num_classes: int, channels: int, width: int, blocks: Sequence[int], dropout: float) -> None:
        super().__init__()
        if len(blocks) != 4:
            raise ValueError(f"blocks must be 4 numbers, one for each of layer1 to layer4, not {list(blocks)}")
        if min(num_classes, channels, width, *blocks) < 1:
            raise ValueError("num_classes, channels, width and each of blocks must be at least 1")
        self.conv1 = nn.Conv2d(channels, width, kernel_size=3, stride=2, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.layer1 = _residual(width, width, 1, blocks[0])
        self.layer2 = _residual(width, 2 * width, 2, blocks[1])
        self.layer3 = _residual(2 * width, 4 * width, 2, blocks[2])
        self.layer4 = _residual(4 * width, 4 * width, 1, blocks[3])
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(4 * width, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Give the N x C logits of N x channels x H x W images."""
        maps = self.relu(self.bn1(self.conv1(images)))
        maps = self.layer4(self.layer3(self.layer2(self.layer1(maps))))
        logits: torch.Tensor = self.fc(self.dropout(self.avgpool(maps).flatten(1)))
        return logits


def small_resnet(
    num_classes: int, channels: int = 3, width: int = 32, blocks: Sequence[int] = (1, 1, 1, 1), dropout: float = 0.0
) -> nn.Module:
    """Build a `SmallResNet`; its penultimate layer has ``4 * width`` units.

    Parameters
    ----------
    num_classes
        The number of classes.
    channels
        The channels of an image: 1 or 3.
    width
        The channels of the stem and of ``layer1``.
    blocks
        How many residual blocks ``layer1`` to ``layer4`` have.
    dropout
        The share of penultimate units that each training step leaves out.
    """
    return SmallResNet(num_classes, channels, width, blocks, dropout)


def _residual(channels: int, width: int, stride: int, blocks: int) -> nn.Sequential:
    """Build one layer of a `SmallResNet`; where its first block changes the shape, a 1 x 1 convolution follows it."""
    shortcut = None
    if stride != 1 or channels != width:
        shortcut = nn.Sequential(nn.Conv2d(channels, width, 1, stride, bias=False), nn.BatchNorm2d(width))
    rest = (BasicBlock(width, width) for _ in range(blocks - 1))
    return nn.Sequential(BasicBlock(channels, width, stride, shortcut), *rest)


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
