"""From an image to what the network takes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import ValidationError

from lucidag.ground.errors import InputError
from lucidag.models.settings import Frame


class Inputs(Frame):
    """How images reach a network, by the settings of `lucidag.models.settings.Frame`: in their order, or by name.

    Raises
    ------
    InputError
        For a value that is not allowed.
    """

    def __init__(self, *values: Any, **named: Any) -> None:  # noqa: ANN401 (pydantic checks them)
        try:
            super().__init__(**dict(zip(Frame.model_fields, values, strict=False)), **named)
        except ValidationError as error:
            fault = error.errors()[0]
            key, message = ".".join(map(str, fault["loc"])), fault["msg"].removeprefix("Value error, ")
            raise InputError(
                f"inputs: {key} is {fault['input']!r}: {message}" if key else f"inputs: {message}"
            ) from error

    def prepare(self, image: NDArray[np.uint8]) -> torch.Tensor:
        """Give an image (uint8, H x W x 1 or 3) as uint8, channels x size x size; colours are red, green, blue."""
        tensor = torch.from_numpy(image.transpose(2, 0, 1).copy())
        if self.channels == 1 and tensor.shape[0] == 3:
            from torchvision.transforms.v2 import functional  # here, as it takes seconds, and most images need none

            tensor = functional.rgb_to_grayscale(tensor)
        tensor = self._resize(tensor, self.interpolation)
        return tensor.expand(self.channels, -1, -1).contiguous()

    def prepare_mask(self, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Give a mask (H x W) in the frame of its image (size x size): true where at least half a pixel was."""
        tensor = self._resize(torch.from_numpy(mask.astype(np.float32))[None], "bilinear")
        inside: NDArray[np.bool_] = tensor[0].numpy() >= 0.5
        return inside

    def keeps(self, shape: Sequence[int]) -> bool:
        """Tell whether images of this height and width are frames already, of which no pixel changes its place."""
        return tuple(shape) == (self.size, self.size) and (self.resize == "stretch" or self.scaled == self.size)

    def normalise(self, batch: torch.Tensor) -> torch.Tensor:
        """Give frames (uint8, N x channels x size x size) as float32: in 0 to 1, minus mean, over std.

        Channels come in the network's own order.
        """
        mean, std = self._values(batch)
        return (self._ordered(batch).to(torch.float32) / 255 - mean) / std

    def denormalise(self, batch: torch.Tensor) -> torch.Tensor:
        """Undo `normalise`: uint8, rounded, and cut off at black and white."""
        mean, std = self._values(batch)
        return self._ordered(((batch * std + mean) * 255).round().clamp(0, 255).to(torch.uint8))

    def example(self, count: int = 2) -> torch.Tensor:
        """Give a batch of noise in the right shape, the same on each call."""
        generator = torch.Generator().manual_seed(0)
        return torch.randn(count, self.channels, self.size, self.size, generator=generator)

    def _values(self, batch: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        mean, std = (torch.tensor(each, device=batch.device).view(-1, 1, 1) for each in (self.mean, self.std))
        return mean, std

    def _ordered(self, batch: torch.Tensor) -> torch.Tensor:
        return batch.flip(1) if self.order == "bgr" else batch

    def _resize(self, tensor: torch.Tensor, interpolation: str) -> torch.Tensor:
        if self.keeps(tensor.shape[-2:]):
            return tensor
        from torchvision.transforms import InterpolationMode  # here, as above
        from torchvision.transforms.v2 import functional

        how = InterpolationMode(interpolation)
        if self.resize == "stretch":
            return functional.resize(tensor, [self.size, self.size], interpolation=how, antialias=True)
        scaled = functional.resize(tensor, [self.scaled], interpolation=how, antialias=True)
        return functional.center_crop(scaled, [self.size, self.size])
