"""Small networks of every kind of layer, which configurations of tests name as ``tests.config.networks:…``."""

import torch
from torch import nn
from torch.nn import functional


class Tokens(nn.Module):
    """Patches as tokens with a class token in front, and a linear layer: no maps after the patches."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.patch, self.start = nn.Conv2d(3, 8, 4, 4), nn.Parameter(torch.zeros(1, 1, 8))
        self.norm, self.mix, self.head = nn.LayerNorm(8), nn.Linear(8, 8), nn.Linear(8, num_classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        tokens = self.patch(x).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.start.expand(len(x), -1, -1), tokens], 1)
        tokens = tokens + functional.relu(self.mix(self.norm(tokens)))
        return self.head(tokens[:, 0])


class Cosines(nn.Module):
    """Patches that attend to each other by cosines of products, which have no rule."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.patch, self.head = nn.Conv2d(3, 8, 4, 4), nn.Linear(8, num_classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        tokens = self.patch(x).flatten(2).transpose(1, 2)
        return self.head(((tokens @ tokens.mT).cos().softmax(-1) @ tokens).mean(1))


class Columns(nn.Module):
    """Patches as tokens that go through the image column by column, and their mean."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.patch, self.norm, self.head = nn.Conv2d(3, 8, 4, 4), nn.LayerNorm(8), nn.Linear(8, num_classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.norm(self.patch(x).transpose(2, 3).flatten(2).transpose(1, 2)).mean(1))


class Vectors(nn.Module):
    """Two linear layers on pixels."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.hidden, self.relu, self.fc = nn.Linear(768, 6), nn.ReLU(), nn.Linear(6, num_classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(self.relu(self.hidden(x.flatten(1))))


class Functions(nn.Module):
    """Convolutions with functions between, one convolution that runs twice, one that does not run, one beside."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.first, self.twice, self.unused = nn.Conv2d(3, 6, 3, padding=1), nn.ReLU(), nn.Conv2d(3, 6, 3)
        self.second, self.beside, self.fc = nn.Conv2d(6, 5, 3, padding=1), nn.Conv2d(6, 2, 1), nn.Linear(5, num_classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        maps = self.twice(self.twice(functional.relu(self.first(x))))
        self.beside(maps)
        return self.fc(functional.relu(self.second(maps)).mean((2, 3)))


class ChannelsLast(nn.Module):
    """Maps with their units in the last axis, as in a Swin of timm."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.patch, self.mix, self.relu = nn.Conv2d(3, 8, 4, 4), nn.Linear(8, 7), nn.ReLU()
        self.fc = nn.Linear(7, num_classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(self.relu(self.mix(self.patch(x).permute(0, 2, 3, 1))).mean((1, 2)))


class Scaled(nn.Module):
    """A network that does not end in a linear layer."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.conv, self.scale = nn.Conv2d(3, num_classes, 3), nn.Parameter(torch.ones(num_classes))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.relu(self.conv(x)).mean((2, 3)) * self.scale
