"""The blocks of a transformer: modules one behind the other, with one attention each, and what runs behind the last."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial

import torch
from torch import nn

from lucidag.ground.errors import InputError
from lucidag.models.attention_maps import watching_attention
from lucidag.models.head import evaluating
from lucidag.models.recorder import Call, recording


def token_blocks(model: nn.Module, x: torch.Tensor) -> list[str]:
    """Name the blocks: of each attention the outermost module that has no other one, from tokens to tokens.

    Parameters
    ----------
    model
        A classifier; it is run in eval mode and its modes are restored.
    x
        An image, 1 x C x S x S.

    Raises
    ------
    InputError
        If there are no such modules, or one does not take what the one before it gives.
    """
    with evaluating(model), torch.no_grad(), watching_attention(model) as layers, recording(model) as calls:
        model(x)
    last = {call.name: call for call in calls}
    times = [name for each in layers for name in each.modules]
    found: list[Call] = []
    for each in layers:
        fits = [last[name] for name in each.modules if times.count(name) == 1 and _keeps_tokens(last[name])]
        if not fits or (found and not torch.equal(found[-1].output, fits[0].inputs[0])):
            raise InputError(
                f"network '{type(model).__name__}': the attention of {each.where()} is in no block that takes the "
                "tokens of the block before it and gives tokens, so its layers cannot be asked one by one"
            )
        found.append(fits[0])
    return [call.name for call in found]


def _keeps_tokens(call: Call) -> bool:
    given = call.inputs[0] if call.inputs else None
    if not isinstance(given, torch.Tensor) or not isinstance(call.output, torch.Tensor):
        return False
    return given.ndim == 3 and given.shape == call.output.shape


def read_early(
    model: nn.Module, x: torch.Tensor, blocks: Sequence[str], tokens: Sequence[torch.Tensor]
) -> torch.Tensor:
    """Give what the network would say of images if it read tokens right behind each block.

    Only what is before and behind the blocks runs.

    Parameters
    ----------
    model, x
        The network, and the images (N x C x S x S).
    blocks
        See `token_blocks`.
    tokens
        What each block gave for the images, N x T x D; in the graph of that pass if gradients are wanted.

    Returns
    -------
    Logits, blocks x N x classes.
    """
    with _skipped(model, blocks, torch.cat(list(tokens))):
        logits: torch.Tensor = model(x.repeat(len(tokens), 1, 1, 1))
    return logits.unflatten(0, (len(tokens), len(x)))


@contextmanager
def _skipped(model: nn.Module, blocks: Sequence[str], tokens: torch.Tensor) -> Iterator[None]:
    """Let blocks give what they get, and the last one these tokens, while the block lasts."""
    with ExitStack() as stack:
        for name in blocks:
            module = model.get_submodule(name)
            stack.enter_context(_replaced(module, partial(_given, tokens) if name == blocks[-1] else _same))
        yield


def _same(tokens: torch.Tensor, *_: object, **__: object) -> torch.Tensor:
    return tokens


def _given(tokens: torch.Tensor, *_: object, **__: object) -> torch.Tensor:
    return tokens


@contextmanager
def _replaced(module: nn.Module, forward: Callable[..., torch.Tensor]) -> Iterator[None]:
    own = vars(module).get("forward")
    module.forward = forward
    try:
        yield
    finally:
        del module.forward
        if own is not None:
            module.forward = own
