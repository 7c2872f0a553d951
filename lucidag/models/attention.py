"""Residual networks with gated attention over the channels of their last block."""

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import nn
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet

from lucidag.models.small import SmallResNet


class ChannelAttention(nn.Module):
    """Gated attention (Ilse et al. 2018, ICML) whose instances are channels: each map, flattened, is an instance.

    The weight of channel k is the softmax over all K channels of ``score(tanh(value(h_k)) * sigmoid(gate(h_k)))``,
    h_k its map brought to side x side by average pooling (which changes nothing where it has that size). Where Ilse et
    al. add up the weighted instances, each map is multiplied by K times its weight here, which is 1 on average: so
    what follows a residual block can follow still, and its units stay channels. As `score` starts from zero, all
    channels weigh the same before training, and the maps are left as they are.

    Attributes
    ----------
    value, gate, score
        The linear layers.
    """

    def __init__(self, side: int, hidden: int) -> None:
        super().__init__()
        if min(side, hidden) < 1:
            raise ValueError("side and hidden must each be at least 1")
        self.resize = nn.AdaptiveAvgPool2d(side)
        self.value = nn.Linear(side * side, hidden)
        self.gate = nn.Linear(side * side, hidden)
        self.score = nn.Linear(hidden, 1)
        nn.init.zeros_(self.score.weight)
        nn.init.zeros_(self.score.bias)

    def weights(self, maps: torch.Tensor) -> torch.Tensor:
        """Give the attention of maps (N x K x H x W): N x K, each row with sum 1."""
        instances = self.resize(maps).flatten(2)
        gated = torch.tanh(self.value(instances)) * torch.sigmoid(self.gate(instances))
        scores: torch.Tensor = self.score(gated).squeeze(2)
        return scores.softmax(dim=1)

    def factors(self, maps: torch.Tensor) -> torch.Tensor:
        """Give what each map is multiplied by: N x K x 1 x 1, with mean 1 over the channels."""
        return (maps.shape[1] * self.weights(maps))[:, :, None, None]

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Give each of the maps (N x K x H x W) multiplied by its factor."""
        return maps * self.factors(maps)


class AttentionResNet(ResNet):
    """torchvision's residual network with `ChannelAttention` between its last block and the pooling.

    Attributes
    ----------
    attention
        The `ChannelAttention`.
    published_as
        torchvision's name of the network without it, whose published weights fit.
    additions
        The modules that weights of that network lack.
    """

    additions: ClassVar[tuple[str, ...]] = ("attention",)

    def __init__(
        self,
        published_as: str,
        block: type[BasicBlock | Bottleneck],
        blocks: Sequence[int],
        num_classes: int,
        side: int,
        hidden: int,
    ) -> None:
        super().__init__(block, list(blocks), num_classes=num_classes)
        self.published_as = published_as
        self.attention = ChannelAttention(side, hidden)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Give the N x C logits of N x 3 x H x W images."""
        maps = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        maps = self.layer4(self.layer3(self.layer2(self.layer1(maps))))
        logits: torch.Tensor = self.fc(self.avgpool(self.attention(maps)).flatten(1))
        return logits


class AttentionSmallResNet(SmallResNet):
    """`lucidag.models.small.SmallResNet` with `ChannelAttention` between its last block and the pooling."""

    additions: ClassVar[tuple[str, ...]] = ("attention",)

    def __init__(
        self, num_classes: int, channels: int, width: int, blocks: Sequence[int], dropout: float, side: int, hidden: int
    ) -> None:
        super().__init__(num_classes, channels, width, blocks, dropout)
        self.attention = ChannelAttention(side, hidden)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Give the N x C logits of N x channels x H x W images."""
        maps = self.relu(self.bn1(self.conv1(images)))
        maps = self.attention(self.layer4(self.layer3(self.layer2(self.layer1(maps)))))
        logits: torch.Tensor = self.fc(self.dropout(self.avgpool(maps).flatten(1)))
        return logits


def attention_resnet50(num_classes: int, side: int = 8, hidden: int = 128) -> nn.Module:
    """Build a ResNet-50 with gated attention over the 2,048 channels of ``layer4``.

    Parameters
    ----------
    num_classes
        The number of classes.
    side
        The side of the maps that the attention sees: 8 for images of 256 pixels, 7 for 224. Images of another
        size can be given all the same: their maps are pooled to this size for the attention.
    hidden
        The units of the two gated layers.
    """
    return AttentionResNet("resnet50", Bottleneck, (3, 4, 6, 3), num_classes, side, hidden)


def attention_resnet18(num_classes: int, side: int = 8, hidden: int = 128) -> nn.Module:
    """Build a ResNet-18 with gated attention over the 512 channels of ``layer4``; options as `attention_resnet50`."""
    return AttentionResNet("resnet18", BasicBlock, (2, 2, 2, 2), num_classes, side, hidden)


def attention_small_resnet(
    num_classes: int,
    channels: int = 3,
    width: int = 32,
    blocks: Sequence[int] = (1, 1, 1, 1),
    dropout: float = 0.0,
    side: int = 8,
    hidden: int = 64,
) -> nn.Module:
    """Build a `lucidag.models.small.small_resnet` with gated attention over the channels of ``layer4``.

    Parameters
    ----------
    num_classes, channels, width, blocks, dropout
        As of `lucidag.models.small.small_resnet`.
    side, hidden
        As of `attention_resnet50`; images of 64 pixels have maps of side 8.
    """
    return AttentionSmallResNet(num_classes, channels, width, blocks, dropout, side, hidden)
