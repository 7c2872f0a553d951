"""What a network says without one channel of a layer: only what is behind the layer runs."""

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from lucidag.explain.cam.split import Point


def changing(point: Point, values: torch.Tensor, channels: Iterable[int]) -> list[int]:
    """Give those of some channels that are not the value of theirs everywhere: with the others nothing changes.

    Parameters
    ----------
    point
        One image's pass, cut at the layer.
    values
        K, what each channel is set to.
    channels
        Their numbers.
    """
    apart = point.activations[0].flatten(1) if point.activations.ndim > 2 else point.activations[0][:, None]
    differs = apart.ne(values[:, None]).any(dim=1).tolist()
    return [channel for channel in channels if differs[channel]]


def ablated_logits(point: Point, channels: Sequence[int], values: torch.Tensor) -> NDArray[np.float64]:
    """Give the logits with each of some channels set to a value at every place; the rest stays as it is.

    The last row is not ablated: rounded as its neighbours are, it leaves no offset in changes that are small.

    Parameters
    ----------
    point
        One image's pass, cut at the layer.
    channels
        The numbers of b of its K channels, which run as one batch.
    values
        K, what each channel is set to, where the activations are.

    Returns
    -------
    (b + 1) x C
    """
    with torch.inference_mode():
        batch = torch.cat([point.activations] * (len(channels) + 1))
        chosen = values[list(channels)]
        batch[range(len(channels)), list(channels)] = chosen.reshape(-1, *[1] * (batch.ndim - 2))
        logits: NDArray[np.float64] = point.tail(batch).cpu().double().numpy()
    return logits
