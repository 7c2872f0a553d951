"""What an image looks like without what it shows: what takes the place of its pixels."""

from typing import Final, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from lucidag.ground.errors import InputError
from lucidag.models.inputs import Inputs

BLACK: Final = "black"
MEAN: Final = "mean"
BLUR: Final = "blur"
Blank = Literal["black", "mean", "blur"]


def baseline(x: torch.Tensor, kind: str, blur: float, inputs: Inputs | None = None) -> torch.Tensor:
    """Give what an image (C x S x S) looks like without what it shows.

    Parameters
    ----------
    x
        The image, normalised.
    kind
        ``mean``: its mean colour. ``blur``: a Gaussian blur of it. ``black``: black.
    blur
        Standard deviation of the blur as a share of S.
    inputs
        How an image becomes the network's input: what says which number is black.

    Raises
    ------
    InputError
        If black is wanted, and nothing says which number it is.
    """
    if kind == MEAN:
        return x.mean(dim=(1, 2), keepdim=True).expand_as(x).contiguous()
    if kind == BLACK:
        if inputs is None:
            raise InputError("baseline 'black': nothing says which number of the network's input is black")
        return inputs.normalise(torch.zeros_like(x, dtype=torch.uint8)[None])[0].to(x)
    sigma = blur * x.shape[-1]
    blurred: NDArray[np.float32] = gaussian_filter(x.cpu().numpy(), (0, sigma, sigma), mode="reflect")
    return torch.from_numpy(blurred).to(x.device)
