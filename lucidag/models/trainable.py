"""Which parameters of a network learn."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from torch import nn

from lucidag.ground.errors import InputError
from lucidag.ground.spelling import nearest
from lucidag.models.inputs import Inputs
from lucidag.models.tail import find_last_layer


@contextmanager
def only_trainable(model: nn.Module, inputs: Inputs, wanted: str | Sequence[str]) -> Iterator[None]:
    """Let gradients reach only what is to be trained; put each parameter's own choice back afterwards."""
    before = [(parameter, parameter.requires_grad) for parameter in model.parameters()]
    names = _trainable_modules(model, inputs, wanted)
    chosen = {id(parameter) for name in names for parameter in model.get_submodule(name).parameters()}
    if not chosen:
        raise InputError(f"trainable: {list(names)} of network '{type(model).__name__}' hold no weights")
    for parameter, _ in before:
        parameter.requires_grad_(id(parameter) in chosen)
    try:
        yield
    finally:
        for parameter, kept in before:
            parameter.requires_grad_(kept)


def _trainable_modules(model: nn.Module, inputs: Inputs, wanted: str | Sequence[str]) -> list[str]:
    if wanted == "all":
        return [""]
    if wanted == "head":
        return [find_last_layer(model, inputs.example().to(next(model.parameters()).device))[0]]
    names = [wanted] if isinstance(wanted, str) else list(wanted)
    known = [name for name, _ in model.named_modules() if name]
    for name in names:
        if name not in known:
            raise InputError(
                f"trainable: network '{type(model).__name__}' has no module '{name}'{nearest(name, known)}; "
                "allowed are 'all', 'head' or a list of module names"
            )
    return names
