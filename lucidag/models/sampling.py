"""Which images an epoch of training shows, in which order."""

import numpy as np
import torch
from numpy.typing import NDArray

from lucidag.data.manifest import Manifest
from lucidag.ground.errors import InputError


def parts_of(manifest: Manifest, rows: NDArray[np.int64], balance: str, groups: list[str]) -> NDArray[np.int64] | None:
    """Give the part of each of N training images that an epoch shows equally often.

    Parameters
    ----------
    manifest, rows
        The data set, and the N rows of it that train.
    balance
        ``none``, ``group`` or ``class``.
    groups
        The columns whose combinations are the groups.

    Returns
    -------
    N numbers of groups or classes; None where nothing is balanced.

    Raises
    ------
    InputError
        If a column does not exist, or all training images are of one group.
    """
    if balance == "none":
        return None
    if balance == "class":
        return manifest.labels()[rows]
    parts = manifest.groups(groups)[0][rows]
    if len(np.unique(parts)) == 1:
        raise InputError(f"train.balance: all training images of {manifest.file} are of one group")
    return parts


def order_of_epoch(count: int, parts: NDArray[np.int64] | None, seed: int) -> NDArray[np.int64]:
    """Draw the positions of the images of an epoch, as many as there are.

    Where there are parts, each gives equally many, or one more than others by lot. Of each part, no image comes once
    more than another before all have come as often: a part that is large shows some of its images, one that is small
    shows all, several times.

    Parameters
    ----------
    count
        N, how many training images there are.
    parts
        N numbers, or None: every image once.
    seed
        Of the draw.
    """
    random = torch.Generator().manual_seed(seed)
    if parts is None:
        everyone: NDArray[np.int64] = torch.randperm(count, generator=random).numpy()
        return everyone
    names = np.unique(parts)
    shares = np.full(len(names), count // len(names))
    shares[torch.randperm(len(names), generator=random).numpy()[: count % len(names)]] += 1
    chosen = [_dealt(np.flatnonzero(parts == name), int(n), random) for name, n in zip(names, shares, strict=True)]
    found = np.concatenate(chosen)
    mixed: NDArray[np.int64] = found[torch.randperm(len(found), generator=random).numpy()].astype(np.int64)
    return mixed


def _dealt(positions: NDArray[np.int64], count: int, random: torch.Generator) -> NDArray[np.int64]:
    """Draw `count` positions: all of them as often as they go into it, and of the rest none twice."""
    rounds = -(-count // len(positions))
    deals = [positions[torch.randperm(len(positions), generator=random).numpy()] for _ in range(rounds)]
    return np.concatenate([*deals, positions[:0]])[:count]


def repeats(order: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give how often each image of an order has come before."""
    sorting = np.argsort(order, kind="stable")
    ordered = order[sorting]
    first = np.searchsorted(ordered, ordered)
    found = np.empty(len(order), dtype=np.int64)
    found[sorting] = np.arange(len(order)) - first
    return found
