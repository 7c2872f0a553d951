"""The neighbourhood of an image: copies with superpixels hidden, and what the network says about them."""

import time
from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from lucidag.ground.errors import InputError
from lucidag.models.fast import accelerate
from lucidag.models.memory_format import settled
from lucidag.models.network import Network

Classify = Callable[[torch.Tensor], NDArray[np.floating]]

# Softmax in half precision may miss 1 by this much.
ROUNDING = 1e-3


def classifier(network: Network, device: str) -> Classify:
    """Return a function from frames (uint8 B x C x S x S on `device`) to probabilities (B x classes)."""
    fast = accelerate(network.model, network.inputs.example()).to(device)
    form = settled(fast, network.inputs.example(1).to(device))

    def classify(frames: torch.Tensor) -> NDArray[np.floating]:
        with torch.inference_mode():
            batch = network.inputs.normalise(frames).to(memory_format=form)
            shares: NDArray[np.floating] = fast(batch).float().softmax(1).cpu().numpy()
        return shares

    return classify


def draw_masks(state: np.random.RandomState, samples: int, segments: int) -> NDArray[np.float64]:
    """Draw which superpixels stay, as lime's `LimeImageExplainer.data_labels` does; the first row hides nothing.

    Returns
    -------
    array
        samples x segments of 0 and 1, as the floats that the regression would otherwise make of them at each fit.
    """
    masks = state.randint(0, 2, samples * segments).reshape(samples, segments).astype(np.float64)
    masks[0] = 1
    return masks


def hidden_image(
    frame: NDArray[np.uint8], segments: NDArray[np.int32], hide_color: int | Sequence[int] | None
) -> NDArray[np.uint8]:
    """Return the image with every superpixel hidden.

    Parameters
    ----------
    frame
        uint8 C x S x S.
    segments
        S x S labels 0..n-1.
    hide_color
        A value for all channels, or one each. None: the mean of each superpixel, its fraction cut off as lime does
        for images of bytes.

    Raises
    ------
    InputError
        If the colour has another number of channels than the image.
    """
    if hide_color is None:
        labels, sizes = segments.ravel(), np.bincount(segments.ravel())
        means = [np.bincount(labels, weights=channel.ravel()) / sizes for channel in frame]
        return np.stack(means).astype(np.uint8)[:, segments]
    colour = np.array(hide_color, dtype=np.uint8).reshape(-1, 1, 1)
    if len(colour) not in (1, len(frame)):
        raise InputError(f"lime: hide_color has {len(colour)} values; the image has {len(frame)} channel(s)")
    return np.broadcast_to(colour, frame.shape).copy()


def probabilities(
    classify: Classify,
    frame: NDArray[np.uint8],
    hidden: NDArray[np.uint8],
    segments: NDArray[np.int32],
    masks: NDArray[np.float64],
    batch_size: int,
    device: str = "cpu",
) -> tuple[NDArray[np.floating], float]:
    """Classify the image under each mask.

    Equal masks are classified once, and there are never more than `batch_size` images in memory.

    Parameters
    ----------
    classify
        See `lucidag.explain.lime.explain.explain`.
    frame, hidden
        uint8 C x S x S: the image, and the image with everything hidden.
    segments
        int32 S x S: labels 0..n-1.
    masks
        N x n: 1 where a superpixel stays.
    batch_size
        Images a call of `classify`.
    device
        Where the images are put together.

    Returns
    -------
    values
        N x classes, of the type that `classify` gives.
    seconds
        The part of the time that `classify` took.

    Raises
    ------
    InputError
        If `classify` gives anything but a finite probability for each image and class.
    """
    distinct, inverse = np.unique(masks > 0, axis=0, return_inverse=True)
    # Exclusive or with the difference of both images shows the one for the other, in a third of torch.where's time.
    covered, difference = torch.from_numpy(hidden).to(device), torch.from_numpy(frame ^ hidden).to(device)
    where = torch.from_numpy(segments).long().to(device)
    stays = torch.from_numpy(distinct.astype(np.uint8) * 255).to(device)
    found, seconds = [], 0.0
    for start in range(0, len(distinct), batch_size):
        batch = (stays[start : start + batch_size, where].unsqueeze(1) & difference).bitwise_xor_(covered)
        before = time.perf_counter()
        found.append(_checked(classify(batch), len(batch)))
        seconds += time.perf_counter() - before
    return np.concatenate(found)[inverse.ravel()], seconds


def _checked(values: NDArray[np.floating], images: int) -> NDArray[np.floating]:
    """Return what a classifier gave for so many images, once it is known to be a table of probabilities."""
    if values.ndim != 2 or len(values) != images:
        raise InputError(f"lime: the network gave an array {values.shape} for {images} images, not one row each")
    if not np.isfinite(values).all():
        raise InputError("lime: the network's probabilities of a masked image hold NaN or infinity")
    low, high = float(values.min()), float(values.max())
    if low < -ROUNDING or high > 1 + ROUNDING:
        raise InputError(
            f"lime: the network gave values from {low:.3g} to {high:.3g}; LIME explains probabilities, from 0 to 1"
        )
    return values
