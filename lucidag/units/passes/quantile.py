"""The upper quantile of each unit's activations from a stream: exact where it fits into memory, else of a sample."""

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

ROOM = 1024


def kept(total: int, quantile: float) -> int:
    """Give the rank from above of the threshold T among `total` values: ``floor(quantile * total) + 1``.

    With this rank T is the smallest of the values v with P(a > v) <= `quantile`: what `numpy.quantile`
    calls ``inverted_cdf`` at ``1 - quantile``. No arithmetic touches it: T is one of the values.
    """
    return min(total, math.floor(Fraction(str(quantile)) * total) + 1)


@dataclass(frozen=True)
class Plan:
    """Which values of a layer enter the quantile of each of its units.

    Attributes
    ----------
    images, positions
        How many images there are, and how many positions each has (H x W, 1 for a layer without maps).
    sampled
        How many of the ``images * positions`` values of a unit are looked at.
    rank
        The rank from above of T among these.
    seed
        Where the choice of positions comes from.
    """

    images: int
    positions: int
    sampled: int
    rank: int
    seed: int

    @property
    def exact(self) -> bool:
        """Whether every value is looked at."""
        return self.sampled == self.images * self.positions

    def counts(self) -> NDArray[np.int64]:
        """Give how many positions are looked at in each image: as equal as can be, the rest drawn at random."""
        each, rest = divmod(self.sampled, self.images)
        more = np.random.default_rng(self.seed).permutation(self.images) < rest
        return each + more.astype(np.int64)

    def draw(self, image: int, count: int) -> NDArray[np.int64]:
        """Give the `count` positions of one image, ascending: they depend on the seed and its number alone."""
        rng = np.random.default_rng([self.seed, image])
        return np.sort(rng.choice(self.positions, count, replace=False)).astype(np.int64)


def plan(units: int, images: int, positions: int, quantile: float, memory: int, seed: int) -> Plan:
    """Look at every value where the largest ones fit into `memory`, else at a sample of the positions.

    A sample is drawn without replacement and in proportion from every image, so the share of *all* values above
    its threshold is `quantile` up to a relative standard error of at most ``1 / sqrt(rank)``, whatever the
    activations are: .4 % for 512 units and 256 MiB.

    Parameters
    ----------
    units, images, positions
        The sizes of the layer and of the probe set.
    quantile
        The share of values above T.
    memory
        Bytes that a layer may take (see `UpperTail`); room for `ROOM` values a unit is always taken.
    seed
        Where a sample comes from.
    """
    total = images * positions
    capacity = max(ROOM, memory // (8 * units))
    rank = kept(total, quantile)
    if rank <= capacity:
        return Plan(images, positions, total, rank, seed)
    sampled = min(total, math.floor((capacity - 1) / Fraction(str(quantile))))
    return Plan(images, positions, sampled, kept(sampled, quantile), seed)


class UpperTail:
    """The `size` largest of the values that each of U units has had so far.

    It takes ``8 * units * size`` bytes, whatever the number of values: half of them for what is kept, half
    for what came since it was last sorted out.
    """

    def __init__(self, units: int, size: int) -> None:
        self._size = size
        self._room = max(size, ROOM)
        self._values = np.full((units, size + self._room), -np.inf, dtype=np.float32)
        self._filled = np.zeros(units, dtype=np.int64)
        self.floor: NDArray[np.float32] = np.full(units, -np.inf, dtype=np.float32)

    def add(self, units: NDArray[np.int64], values: NDArray[np.float32]) -> None:
        """Take values that came.

        Parameters
        ----------
        units
            The unit of each value, ascending.
        values
            The values; those that are not above the `floor` of their unit may be left out.
        """
        counts = np.bincount(units, minlength=len(self.floor))
        place = np.arange(len(units)) - np.repeat(np.cumsum(counts) - counts, counts)
        for start in range(0, int(counts.max(initial=0)), self._room):
            part = (place >= start) & (place < start + self._room)
            now = np.clip(counts - start, 0, self._room)
            self._sort_out(self._filled + now > self._values.shape[1])
            owner = units[part]
            self._values[owner, self._filled[owner] + place[part] - start] = values[part]
            self._filled += now

    def values(self) -> NDArray[np.float32]:
        """Give the kept values of each unit, U x `size` in any order; -inf where it had fewer."""
        self._sort_out(self._filled > 0)
        return self._values[:, : self._size]

    def _sort_out(self, which: NDArray[np.bool_]) -> None:
        """Move the largest values of some units to the front and forget the others."""
        size = self._size
        for unit in np.flatnonzero(which):
            row = self._values[unit]
            row.partition(len(row) - size)
            row[:size] = row[len(row) - size :]
            row[size:] = -np.inf
            self.floor[unit] = row[:size].min()
            self._filled[unit] = min(size, self._filled[unit])
