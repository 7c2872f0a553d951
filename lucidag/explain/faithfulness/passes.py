"""How many images went through a network."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn


@dataclass
class Passes:
    """A count that grows while images go through.

    Attributes
    ----------
    calls
        How often the module was called.
    images
        How many images that was: the batch sizes, added up.
    """

    calls: int = 0
    images: int = 0


@contextmanager
def count_passes(module: nn.Module) -> Iterator[Passes]:
    """Count the forward passes of a module while the block lasts.

    A deep copy made in the block takes the hook with it and is counted too. What is traced by torch.fx loses the hooks
    of the network but keeps those of its layers: to count these passes as well, count those of the first layer.

    Parameters
    ----------
    module
        A network, or a layer that each forward pass calls once.
    """
    passes = Passes()
    inside = [True]

    def hook(_: nn.Module, arguments: tuple[Any, ...]) -> None:
        if inside and isinstance(arguments[0], torch.Tensor):
            passes.calls += 1
            passes.images += len(arguments[0])

    handle = module.register_forward_pre_hook(hook)
    try:
        yield passes
    finally:
        handle.remove()
        inside.clear()  # copies keep the hook
