"""Superpixels of a frame."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from lime.wrappers.scikit_image import SegmentationAlgorithm
from numpy.typing import NDArray
from skimage.segmentation import felzenszwalb, quickshift, slic

from lucidag.ground.errors import InputError
from lucidag.ground.spelling import check_known

ALGORITHMS: Mapping[str, Callable[..., Any]] = {each.__name__: each for each in (quickshift, slic, felzenszwalb)}
# What would change the shape of the answer; labels start at 0 in any case.
NOT_SETTINGS = ("image", "channel_axis", "return_tree", "mask", "start_label")


def segment(
    frame: NDArray[np.uint8], algorithm: str, parameters: Mapping[str, Any], seed: int, times: int = 1
) -> NDArray[np.int32]:
    """Divide a frame into superpixels.

    The segmentation is that of lime's `SegmentationAlgorithm` with the same parameters, with one difference:
    scikit-image numbers the superpixels of ``slic`` from 1, whereas lime takes the columns of its masks for
    superpixels 0..n-1. There the first column hides nothing and the last superpixel is never hidden. Here labels
    always run from 0 without gaps, as they do in lime with ``start_label=0``.

    Parameters
    ----------
    frame
        uint8 C x S x S; one channel is repeated to three.
    algorithm
        ``quickshift``, ``slic`` or ``felzenszwalb``.
    parameters
        What differs from scikit-image's defaults; `lucidag.explain.lime.settings` has the lime package's.
    seed
        Handed to lime's wrapper as ``random_seed``, as lime does with its own. scikit-image has called this
        parameter ``rng`` since 0.21, and the wrapper drops names that the algorithm lacks; so with those versions
        quickshift breaks ties by scikit-image's fixed seed, in lime and here, unless `parameters` gives ``rng``.

    times
        So often each pixel is repeated in both directions before; the label is that of its middle.

    Returns
    -------
    array
        int32 S x S: labels 0..n-1.

    Raises
    ------
    InputError
        If the algorithm or a parameter does not exist, or the algorithm refuses a value.
    """
    check_known("segmentation algorithm", algorithm, ALGORITHMS, "lime")
    allowed = [name for name in inspect.signature(ALGORITHMS[algorithm]).parameters if name not in NOT_SETTINGS]
    for name in parameters:
        check_known(f"{algorithm} parameter", name, allowed, "lime")
    words = {"random_seed": seed, **parameters}
    rgb = np.ascontiguousarray(np.broadcast_to(frame, (3, *frame.shape[1:])).transpose(1, 2, 0))
    rgb = rgb.repeat(times, axis=0).repeat(times, axis=1)
    try:
        found = SegmentationAlgorithm(algorithm, **words)(rgb)
    except (ValueError, TypeError, ZeroDivisionError) as error:
        raise InputError(f"lime: {algorithm} does not work with {dict(parameters)}: {error}") from error
    middle = found[times // 2 :: times, times // 2 :: times]
    labels = np.unique(middle, return_inverse=True)[1]
    return labels.reshape(middle.shape).astype(np.int32)
