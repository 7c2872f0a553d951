"""What benchmarks of transformers share: a ViT-B/16 at 224 pixels, and its plain forward pass."""

from dataclasses import dataclass

import torch
from torch import nn
from torchvision.models import VisionTransformer

from benchmarks.measure import seconds


@dataclass(frozen=True)
class Vit:
    """A network with random weights, and an image.

    Attributes
    ----------
    size, layers, width
        Pixels, blocks, units of a block.
    rounds
        Of which the best one counts.
    """

    model: nn.Module
    x: torch.Tensor
    size: int
    layers: int
    width: int
    rounds: int

    def forward(self) -> None:
        """Run the network."""
        with torch.no_grad():
            self.model(self.x)

    def plain(self) -> float:
        """Time a forward pass: the best, after one that is not counted."""
        self.forward()
        return min(seconds(self.forward) for _ in range(self.rounds))


def vit(quick: bool, full: bool) -> Vit:
    """Build the network (`quick`: a small one), for three rounds (`quick`: one, `full`: ten)."""
    size, layers, width = (64, 2, 48) if quick else (224, 12, 768)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = VisionTransformer(size, 16, layers, 12, width, 4 * width, num_classes=1000).eval()
        nn.init.normal_(model.heads.head.weight, std=0.02)
        x = torch.randn(1, 3, size, size)
    return Vit(model, x, size, layers, width, rounds=1 if quick else 10 if full else 3)
