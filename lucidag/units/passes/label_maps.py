"""Label maps of concepts in the frame that the network sees, and as one code a pixel."""

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from lucidag.models.inputs import Inputs


def frame_pixels(shape: tuple[int, ...], inputs: Inputs) -> NDArray[np.int64]:
    """Give the pixel, ``y * W + x``, of an image (H x W) at the centre of each pixel of its frame: S x S.

    The geometry is that of `Inputs.prepare` (stretched, or scaled and cropped), with the nearest pixel instead
    of a mean of several, as labels have no mean.
    """
    if inputs.keeps(shape):
        return np.arange(math.prod(shape), dtype=np.int64).reshape(shape)
    from torchvision.transforms import InterpolationMode  # here, as it takes seconds
    from torchvision.transforms.v2 import functional

    numbers = torch.arange(math.prod(shape), dtype=torch.float64).reshape(1, *shape)
    size = [inputs.size, inputs.size] if inputs.resize == "stretch" else [inputs.scaled]
    scaled = functional.resize(numbers, size, interpolation=InterpolationMode.NEAREST_EXACT)
    pixels: NDArray[np.int64] = functional.center_crop(scaled, [inputs.size, inputs.size])[0].numpy().astype(np.int64)
    return pixels


def encode(labels: torch.Tensor, concepts: Sequence[int]) -> tuple[torch.Tensor, torch.Tensor]:
    """Give each combination of labels that occurs a number.

    Parameters
    ----------
    labels
        uint8 categories x images x pixels.
    concepts
        C of each category: how many concepts it has.

    Returns
    -------
    pixels, kinds
        int64: the number of each pixel, 0..J-1; and J x categories, the label of each category that a number stands
        for. 0: none; 1..C: the concept; C + 1: nothing of the category is labelled in the whole image.
    """
    codes = torch.zeros(labels[0].numel(), dtype=torch.int64, device=labels.device)
    table = torch.zeros((1, 0), dtype=torch.int64, device=labels.device)
    for category, count in zip(labels, concepts, strict=True):
        own = category.to(torch.int64)
        own[category.amax(dim=1) == 0] = count + 1
        codes = codes * (count + 2) + own.flatten()
        present = torch.bincount(codes, minlength=len(table) * (count + 2)) > 0
        numbers = torch.cumsum(present, 0) - 1
        codes = numbers[codes]
        combined = present.nonzero()[:, 0]
        table = torch.cat([table[combined // (count + 2)], (combined % (count + 2))[:, None]], dim=1)
    return codes, table
