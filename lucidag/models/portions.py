"""How many images a pass takes at one time on a CPU, so that what it computes stays near the processor."""

import sys
from collections.abc import Iterable, Iterator
from math import floor, log2

import torch
from torch import nn
from torch.utils._pytree import tree_leaves

from lucidag.models.head import evaluating
from lucidag.models.recorder import Call, watching

NEAR = 2**25  # bytes of the largest output of a layer, for all images of a portion: about a processor's cache
LEAST = 8  # images: with fewer, what each pass costs besides outweighs


def portion(model: nn.Module, example: torch.Tensor) -> int:
    """Say how many images a network takes at one time, whatever the size of a batch.

    The largest output of a layer, for all of these images, has at most 32 MiB, and there are a power of 2 of them, at
    least 8. So it goes by the network and the size of its images, and never by a clock. On two cores with 32 MiB of
    cache in common a ResNet-50 took 23 ms an image of 224 px in portions of 8, against 30 ms in batches of 32, a
    DenseNet-121 18 against 32, and a MobileNet V3 small, which gets 32, .7 against 1.1 in portions of 8.

    Parameters
    ----------
    model
        A classifier. It is run in eval mode; its modes are restored.
    example
        A batch that it takes, on its own device.

    Returns
    -------
    Images; on another device than a CPU `sys.maxsize`.
    """
    if example.device.type != "cpu":
        return sys.maxsize
    largest = 1.0

    def see(call: Call) -> None:
        nonlocal largest
        sizes = (each.nbytes / len(example) for each in tree_leaves(call.output) if isinstance(each, torch.Tensor))
        largest = max([largest, *sizes])

    # What a network keeps of a pass in inference mode could never be trained or explained again.
    with torch.inference_mode(mode=False), evaluating(model), torch.no_grad(), watching(model, see):
        model(example.clone())
    return max(LEAST, 2 ** floor(log2(max(1.0, NEAR / largest))))


def portions(batches: Iterable[torch.Tensor], most: int) -> Iterator[torch.Tensor]:
    """Divide each of several batches into portions of at most so many images, in order."""
    for batch in batches:
        yield from batch.split(min(most, max(1, len(batch))))


class InPortions(nn.Module):
    """A network that runs a batch in portions on a CPU; it gives the same, but for rounding.

    Parameters
    ----------
    model
        A classifier that takes one batch of images and gives one tensor with a row per image.
    most
        Images of a portion, see `portion`.
    """

    def __init__(self, model: nn.Module, most: int) -> None:
        super().__init__()
        self.model, self.most = model, most
        self.train(model.training)

    def forward(self, batch: torch.Tensor) -> torch.Tensor:
        """Give what the network gives."""
        if len(batch) <= self.most or batch.device.type != "cpu":
            whole: torch.Tensor = self.model(batch)
            return whole
        return torch.cat([self.model(each) for each in portions([batch], self.most)])
