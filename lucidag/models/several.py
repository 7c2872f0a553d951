"""Networks that give more than their logits (two heads, features beside them), made to give these alone."""

from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from operator import getitem
from typing import Any

import torch
from torch import nn

from lucidag.ground.errors import InputError
from lucidag.models.ending import change_ending
from lucidag.models.one_logit import CLASSES, gives_one_logit, output_of

LOGITS = "logits"  # what the outputs of Hugging Face's classifiers call them
Place = tuple[Any, ...]


def with_logits_alone(model: nn.Module, example: torch.Tensor, classes: int) -> str | None:
    """Make a network that gives several outputs give its logits alone, in place, and say so; leave any other as it is.

    The logits are the one output that is N x classes, else (for two classes) the one that holds a number for each
    image. Of several, one that is called ``logits`` is taken. The class of the network is replaced by a subclass of
    the same name, as torch's `parametrize` does with layers; the names of its tensors stay.

    Parameters
    ----------
    model
        A classifier whose output may be a tuple, a list, a mapping, or nested ones of these.
    example
        A batch of at least two images that it takes.
    classes
        How many.

    Returns
    -------
    str or None
        A sentence, or None if the network was left as it is.

    Raises
    ------
    InputError
        If several outputs could be the logits.
    """
    output = output_of(model, example)
    if not isinstance(output, Mapping | Sequence):
        return None
    given = dict(_tensors(output))
    found = [place for place, each in given.items() if each.ndim == 2 and each.shape == (len(example), classes)]
    if not found and classes == CLASSES:
        found = [place for place, each in given.items() if gives_one_logit(each, len(example))]
    named = [place for place in found if place[-1] == LOGITS]
    if len(found) > 1 and len(named) != 1:
        raise InputError(
            f"network '{type(model).__name__}' gives several outputs that could be its logits ("
            f"{', '.join(map(_written, found))}): let the factory give one, or call it '{LOGITS}'"
        )
    if not found:
        return None
    place = named[0] if named else found[0]
    change_ending(model, (), lambda output: reduce(getitem, place, output))
    return f"network '{type(model).__name__}' gives {len(given)} outputs: {_written(place)} of them is its logits"


def _tensors(output: object, place: Place = ()) -> Iterator[tuple[Place, torch.Tensor]]:
    if isinstance(output, torch.Tensor):
        yield place, output
    elif isinstance(output, Mapping):
        for key, each in output.items():
            yield from _tensors(each, (*place, key))
    elif isinstance(output, Sequence) and not isinstance(output, str):
        for at, each in enumerate(output):
            yield from _tensors(each, (*place, at))


def _written(place: Place) -> str:
    return "".join(f"[{key!r}]" for key in place)
