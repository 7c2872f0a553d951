"""A network held in canonical form for a while."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from torch import nn
from zennit.canonizers import Canonizer


@contextmanager
def canonized(model: nn.Module, each: Sequence[Canonizer]) -> Iterator[list[Canonizer]]:
    """Hold a network in canonical form while the block lasts; give the canonizers that were applied, one a place."""
    applied: list[Canonizer] = []
    try:
        for canonizer in each:
            applied += canonizer.apply(model)
        yield applied
    finally:
        for canonizer in applied:
            canonizer.remove()
