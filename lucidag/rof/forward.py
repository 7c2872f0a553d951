"""The order of units in which each next one lowers the cross-entropy most: forward selection, exact."""

import numpy as np
from numpy.typing import NDArray

from lucidag.ground.errors import InputError
from lucidag.rof.settings import FORWARD_CLASSES, FORWARD_UNITS

BLOCK = 32_000_000  # numbers that are held at once
SMALLEST = 1e-280
Floats = NDArray[np.float64]


def forward(
    features: NDArray[np.floating],
    weight: NDArray[np.floating],
    bias: NDArray[np.floating],
    labels: NDArray[np.int64],
    block: int = BLOCK,
) -> tuple[NDArray[np.int64], Floats]:
    """Order the K units: from the bias alone, always add the unit with which the mean cross-entropy is lowest.

    With z the logits so far, unit u makes them z + f_u W_u, whose exponentials are products of those of z and those of
    f_u W_u. The latter are taken once where they fit into memory.

    Parameters
    ----------
    features, labels
        N x K and N.
    weight, bias
        C x K and C.
    block
        Numbers that are held at once; it changes no order.

    Returns
    -------
    order, gains
        K units, and by how much each lowered the mean cross-entropy (nats) when it was added; in a tie the unit of the
        lower number comes first.

    Raises
    ------
    InputError
        If there are more units or classes than `FORWARD_UNITS` and `FORWARD_CLASSES`.
    """
    images, units = features.shape
    if units > FORWARD_UNITS or len(bias) > FORWARD_CLASSES:
        raise InputError(
            f"the ranking 'forward' takes at most {FORWARD_UNITS} units and {FORWARD_CLASSES} classes, and here "
            f"are {units} and {len(bias)}: leave it out of `rof.methods`"
        )
    f, w = features.astype(np.float64), weight.astype(np.float64)
    z = np.repeat(bias.astype(np.float64)[None], images, axis=0)
    own = f * w[labels]  # what each unit adds to the logit of an image's class
    count = max(1, block // max(1, units * len(bias)))
    rows = [slice(start, start + count) for start in range(0, images, count)]
    kept = _shares(f, w) if len(rows) == 1 else None
    before, left = _loss(z, labels), np.ones(units, dtype=np.bool_)
    order, gains = np.zeros(units, dtype=np.int64), np.zeros(units)
    for place in range(units):
        total = np.zeros(units)
        for part in rows:
            ends = _after(z[part], f[part], w, kept or _shares(f[part], w))
            total += (ends - own[part]).sum(axis=0) - z[np.arange(images)[part], labels[part]].sum()
        losses = np.where(left, total / images, np.inf)
        unit = int(losses.argmin())
        z += f[:, unit, None] * w[:, unit]
        order[place], left[unit] = unit, False
        after = _loss(z, labels)
        gains[place], before = before - after, after
    return order, gains


def _shares(f: Floats, w: Floats) -> tuple[Floats, Floats]:
    """Give the greatest of f_u W_u over classes (N x K), and exp(f_u W_u) less that (N x C x K)."""
    added = f[:, None] * w
    highest = added.max(axis=1)
    return highest, np.exp(added - highest[:, None])


def _after(z: Floats, f: Floats, w: Floats, shares: tuple[Floats, Floats]) -> Floats:
    """Give the logarithm of the sum of the exponentials of the logits with each unit added, N x K."""
    highest, shared = shares
    top = z.max(axis=1, keepdims=True)
    sums = np.matmul(np.exp(z - top)[:, None], shared)[:, 0]
    far = (sums < SMALLEST).any(axis=1)  # logits so far apart that the products are 0
    ends = np.log(np.maximum(sums, SMALLEST)) + top + highest
    if far.any():
        ends[far] = _log_of_sum(z[far, :, None] + f[far, None] * w)
    return ends


def _loss(z: Floats, labels: NDArray[np.int64]) -> float:
    return float((_log_of_sum(z) - z[np.arange(len(z)), labels]).mean())


def _log_of_sum(logits: Floats) -> Floats:
    """Give the logarithm of the sum of the exponentials over axis 1, by NumPy: jobs that rank load no scipy."""
    top = logits.max(axis=1, keepdims=True)
    return np.asarray(np.log(np.exp(logits - top).sum(axis=1)) + top[:, 0])
