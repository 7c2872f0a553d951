"""How many images went through a network."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import nn

from lucidag.models.recorder import Call, watching


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

    def count(call: Call) -> None:
        if isinstance(call.inputs[0], torch.Tensor):
            passes.calls += 1
            passes.images += len(call.inputs[0])

    with watching(module, count, [""], before=True):
        yield passes
