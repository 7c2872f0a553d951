"""A module that forgets what it learned."""

import math

from torch import nn


def forget(module: nn.Module) -> None:
    """Draw the parameters of a module, but not of those inside it, anew and in place, under ``torch.no_grad``.

    By its own ``reset_parameters``. Parameters that this leaves as they are (``weight_v`` of weight normalisation), and
    those of a module without one, come from a normal distribution with their own root mean square.
    """
    own = list(module.parameters(recurse=False))
    sizes = [float(each.square().mean().sqrt()) for each in own]
    reset = getattr(module, "reset_parameters", None)
    if callable(reset):
        for each in own:
            each.fill_(math.nan)  # what is so afterwards was not reset
        reset()
    for each, size in zip(own, sizes, strict=True):
        if not callable(reset) or bool(each.isnan().all()):
            each.normal_(0, size)
