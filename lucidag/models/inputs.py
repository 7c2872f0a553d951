"""From an image to what the network takes."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional

from lucidag.ground.errors import InputError


@dataclass(frozen=True)
class Inputs:
    """How images reach a network.

    Attributes
    ----------
    size
        Width and height in pixels.
    channels
        1 (grey) or 3 (RGB).
    resize
        ``stretch``: the whole image, its sides scaled each on its own. ``crop``: the shorter side to
        256/224 of `size`, then the square in the middle, as torchvision's ImageNet recipes do.
    mean, std
        What is subtracted from values in 0 to 1, and what they are then divided by: one number for
        all channels, or one each.
    """

    size: int
    channels: int = 3
    resize: str = "stretch"
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)

    def __post_init__(self) -> None:
        if self.size < 1:
            raise InputError(f"inputs: size is {self.size}; it must be at least 1 pixel")
        if self.channels not in (1, 3):
            raise InputError(f"inputs: channels is {self.channels}; allowed are 1 and 3")
        if self.resize not in ("stretch", "crop"):
            raise InputError(f"inputs: resize is '{self.resize}'; allowed are 'stretch' and 'crop'")
        for name, values in (("mean", self.mean), ("std", self.std)):
            if len(values) not in (1, self.channels):
                raise InputError(f"inputs: {name} has {len(values)} numbers; it needs 1 or {self.channels}")
        if min(self.std) <= 0:
            raise InputError(f"inputs: std is {list(self.std)}; each number must be above 0")

    def prepare(self, image: NDArray[np.uint8]) -> torch.Tensor:
        """Give an image (uint8, H x W x 1 or 3) as uint8, channels x size x size."""
        tensor = torch.from_numpy(image.transpose(2, 0, 1).copy())
        if self.channels == 1 and tensor.shape[0] == 3:
            tensor = functional.rgb_to_grayscale(tensor)
        tensor = self._resize(tensor)
        return tensor.expand(self.channels, -1, -1).contiguous()

    def prepare_mask(self, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Give a mask (H x W) in the frame of its image (size x size): true where at least half a pixel was."""
        tensor = self._resize(torch.from_numpy(mask.astype(np.float32))[None])
        inside: NDArray[np.bool_] = tensor[0].numpy() >= 0.5
        return inside

    def normalise(self, batch: torch.Tensor) -> torch.Tensor:
        """Give a uint8 batch (N x channels x size x size) as float32: in 0 to 1, minus mean, over std."""
        mean = torch.tensor(self.mean, device=batch.device).view(-1, 1, 1)
        std = torch.tensor(self.std, device=batch.device).view(-1, 1, 1)
        return (batch.to(torch.float32) / 255 - mean) / std

    def example(self, count: int = 2) -> torch.Tensor:
        """Give a batch of noise in the right shape, the same on each call."""
        generator = torch.Generator().manual_seed(0)
        return torch.randn(count, self.channels, self.size, self.size, generator=generator)

    def to_json(self) -> dict[str, Any]:
        """Give plain values, which `inputs_from_json` reads."""
        return {**asdict(self), "mean": list(self.mean), "std": list(self.std)}

    def _resize(self, tensor: torch.Tensor) -> torch.Tensor:
        if self.resize == "stretch":
            return self._scale(tensor, [self.size, self.size])
        return functional.center_crop(self._scale(tensor, [round(self.size * 256 / 224)]), [self.size, self.size])

    @staticmethod
    def _scale(tensor: torch.Tensor, size: list[int]) -> torch.Tensor:
        return functional.resize(tensor, size, interpolation=InterpolationMode.BILINEAR, antialias=True)


def inputs_from_json(value: dict[str, Any]) -> Inputs:
    """Read what `Inputs.to_json` gave."""
    return Inputs(**{**value, "mean": tuple(value["mean"]), "std": tuple(value["std"])})
