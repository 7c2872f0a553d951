"""The logit-bias control: what a mere shift of the logits would do at each k.

With few units on, every logit lies near its bias, so classes with a high bias are predicted more often. A
gain of one group may then be a shift of the decision threshold, and no sign that a unit harms. The control
keeps the decision of the full network and gives it only that shift. It is our operationalisation; we know
of no source for it.

At each k the full network's logits Z_K are scaled by one positive number and shifted by one constant a class,

    C_k = (s_k / s_K) (Z_K - mu_K) + mu_k,

so that their mean over images (mu_k, one per class) and their overall spread (s_k, one number, each image's
logits centred over classes because a constant over classes changes no probability) are those of Z_k. A positive
scale leaves the argmax alone, so for accuracy only a constant a class is added. C_K = Z_K, and C_0 is the
bias.
"""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lucidag.rof.evaluate import Walk, one_thread
from lucidag.rof.sweep import Floats, Places, prefix_logits

LOGIT_BIAS = "logit_bias"
_ROWS = 4096


def shifted_logits(features: Floats, weight: Floats, bias: Floats, order: Places, device: str) -> Walk:
    """Return the walk C_0, ..., C_K: `lucidag.rof.sweep.sweep` with these logits is the control.

    Written as scale * Z_K + (mu_k - scale * mu_K), the last step adds an exact zero: C_K is Z_K to the last digit.
    """
    full = prefix_logits(features, weight, bias, order, device)
    scales, shifts = scales_and_shifts(*logit_moments(features, weight, bias, order))
    offsets = torch.from_numpy(shifts).to(device)[:, :, None]

    def walk(images: slice, scratch: Tensor) -> Iterator[Tensor]:
        for z in full(images, scratch):
            last = z
        out = torch.empty_like(last)
        for scale, offset in zip(scales.tolist(), offsets.unbind(), strict=True):
            torch.mul(last, scale, out=out)
            out.add_(offset)
            yield out

    return walk


def scales_and_shifts(
    means: NDArray[np.float64], spreads: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give s_k / s_K and mu_k - s_k / s_K mu_K for each row of means (K+1 x C) and spreads (K+1), the last of all."""
    scales = spreads / spreads[-1] if spreads[-1] > 0 else np.zeros_like(spreads)
    scales[-1] = 1.0
    return scales, means - scales[:, None] * means[-1]


def logit_moments(
    features: Floats, weight: Floats, bias: Floats, order: Places
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and spread of the logits Z_k at every k, without a pass over images for each k.

    Returns
    -------
    means
        (K+1) x C: the mean of Z_k over images.
    spreads
        K+1: s_k, with s_k squared the sum over classes of the variance over images of the logits centred over
        classes. It is the sum of the leading k x k block of cov(f) * (V' V), V the weight centred over classes.
    """
    w = torch.from_numpy(weight[:, order]).double()
    # A fixed number of threads, because a product split among more of them rounds differently.
    with one_thread():
        f_mean, covariance = _moments(features, order)
        v = w - w.mean(0)
        product = covariance * (v.T @ v)
        means = torch.cat([torch.from_numpy(bias).double()[None], (w * f_mean).T]).cumsum(0)
        # The block grows by one corner: its row, its column and the diagonal element.
        squares = (2 * product.tril(-1).sum(1) + product.diagonal()).cumsum(0)
    spreads = torch.cat([squares.new_zeros(1), squares.clamp(min=0).sqrt()])
    return means.numpy(), spreads.numpy()


def _moments(features: Floats, order: Places) -> tuple[Tensor, Tensor]:
    """Return mean and covariance over images, in float64 and a few thousand images at a time."""
    images, units = features.shape
    mean = torch.from_numpy(features.mean(axis=0, dtype=np.float64)[order])
    covariance = mean.new_zeros(units, units)
    for start in range(0, images, _ROWS):
        centred = torch.from_numpy(features[start : start + _ROWS, order]).double() - mean
        covariance.addmm_(centred.T, centred)
    return mean, covariance / images
