"""Work cut into shards, one job each, so that what comes out does not depend on their number."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

from lucidag.ground.errors import InputError

Item = TypeVar("Item")


@dataclass(frozen=True)
class Shard:
    """One of several parts of a stage's work.

    Attributes
    ----------
    number
        Which one, from 1 on.
    of
        How many there are.
    """

    number: int
    of: int

    @classmethod
    def parse(cls, name: str) -> "Shard":
        """Read a name such as ``2-of-3``.

        Raises
        ------
        InputError
            If it is no such name.
        """
        number, _, of = name.partition("-of-")
        if not (number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of)):
            raise InputError(f"'{name}' is no shard; a shard is named like 2-of-3")
        return cls(int(number), int(of))

    def of_batches(self, count: int, batch_size: int) -> slice:
        """Give the part of `count` items in a row that is this shard: whole batches, and maybe none.

        What a network says of an image may depend on the batch that it is in, by rounding. Shards end where batches
        end, so that every batch holds the same images, however many shards there are.
        """
        total = -(-count // batch_size)
        first, last = ((number * total // self.of) * batch_size for number in (self.number - 1, self.number))
        return slice(min(first, count), min(last, count))


WHOLE = Shard(1, 1)


def shard_names(of: int) -> list[str]:
    """Name all shards, in their order: ``1-of-3``, ``2-of-3``, ``3-of-3``."""
    return [f"{number}-of-{of}" for number in range(1, of + 1)]


def cut(items: Sequence[Item], parts: int) -> list[list[Item]]:
    """Cut items, in their order, into so many parts of about one size; into fewer where there are fewer items."""
    parts = min(parts, len(items))
    ends = [number * len(items) // parts for number in range(parts + 1)] if parts else [0]
    return [list(items[first:last]) for first, last in pairwise(ends)]
