"""How the numbers of a network and of its batches lie in memory."""

from typing import Any

import torch
from torch import fx, nn

from lucidag.models.head import evaluating


def settled(model: nn.Module, *example: Any) -> torch.memory_format:  # noqa: ANN401 (whatever the network takes)
    """Put a network into the memory format that its batches should have too, and return it.

    That is channels-last, in which convolutions are fastest. Code that calls ``view`` behind a convolution does not
    bear it ("view size is not compatible with input tensor's size and stride"): such a network is left contiguous.

    Parameters
    ----------
    model
        The network; its weights are put into the format, and change no number.
    example
        What it takes, on its own device.
    """
    # Weights that are put into a format in inference mode could never be trained or explained again.
    # Calling a graph that fails prints the whole traceback before it raises.
    run = model.forward if isinstance(model, fx.GraphModule) else model
    with torch.inference_mode(mode=False), evaluating(model), torch.no_grad():
        for form in (torch.channels_last, torch.contiguous_format):
            model.to(memory_format=form)
            try:
                run(*(_formed(each, form) for each in example))
            except RuntimeError as error:
                if "view" in str(error) and form is torch.channels_last:
                    continue
                raise
            break
    return form


def _formed(value: Any, form: torch.memory_format) -> Any:  # noqa: ANN401 (whatever the network takes)
    if not isinstance(value, torch.Tensor):
        return value
    return value.clone(memory_format=form if value.ndim == 4 else torch.preserve_format)
