"""The attention of each layer in a forward pass, as the matrix that the values are multiplied by.

Fused functions of torch never make that matrix. While a block lasts they are replaced by what they are defined as,
which gives the same numbers but for rounding; what a network multiplies out itself is seen as it is.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from math import sqrt
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

from lucidag.models.recorder import Call, watching
from lucidag.models.steps import function_name

FUSED, LAYER = functional.scaled_dot_product_attention, functional.multi_head_attention_forward
PRODUCTS = ("matmul", "bmm", "einsum", "baddbmm")
PASSING = ("dropout", "to", "type", "type_as", "float", "half", "bfloat16", "contiguous", "clone", "view", "reshape")


@dataclass(frozen=True, eq=False)
class Attention:
    """One matrix of attention.

    Attributes
    ----------
    weights
        What the values were multiplied by, in the graph of the pass: ... x T x S, the sum of a row is 1. In front are
        images and heads, or images times heads.
    modules
        The names of the modules that ran when it was computed, from the outermost to the innermost.
    """

    weights: torch.Tensor
    modules: tuple[str, ...]

    def by_head(self, values: torch.Tensor, images: int) -> torch.Tensor:
        """Give values of the shape of `weights` as images x heads x T x S; without heads there is one."""
        return values.reshape(images, -1, *values.shape[-2:])

    def where(self) -> str:
        """Say where it was computed."""
        return f"'{self.modules[-1]}'" if self.modules else "its own code"


@contextmanager
def watching_attention(model: nn.Module) -> Iterator[list[Attention]]:
    """Collect the attention of the passes of a network while the block lasts, in the order in which it is used."""
    mode = _Explicit()

    def leave(_: Call) -> None:
        mode.running.pop()

    inner = [name for name, _ in model.named_modules() if name]
    watched = (
        watching(model, lambda call: mode.running.append(call.name), inner, before=True),
        watching(model, leave, inner),
    )
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)  # it would hide a whole layer in one function
    try:
        with watched[0], watched[1], mode:
            yield mode.found
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)


class _Explicit(TorchFunctionMode):
    """Computes attention explicitly, and notes its matrices."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Attention] = []
        self.running: list[str] = []
        self._shares: dict[int, Attention] = {}  # by id: what is a softmax, and may become attention
        self._kept: list[Any] = []  # an id is of one tensor only for as long as that lives

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401 (as torch calls it)
        kwargs = kwargs or {}
        if func is FUSED:
            return self._fused(*args, **kwargs)
        if func is LAYER:
            with _replaced("scaled_dot_product_attention", self._fused), _replaced("softmax", self._softmax):
                return func(*args, **kwargs)
        output = func(*args, **kwargs)
        name = function_name(func)
        if name == "softmax":
            self._share(output, args, kwargs)
        elif name in PASSING and args and id(args[0]) in self._shares:
            self._know(output, self._shares[id(args[0])])
        elif name in PRODUCTS:
            for each in tree_leaves((args, kwargs)):
                if id(each) in self._shares:
                    self._note(self._shares[id(each)])
        return output

    def _fused(self, *args: Any, **kwargs: Any) -> torch.Tensor:  # noqa: ANN401 (as torch calls it)
        noting = partial(explicit_attention, note=lambda weights: self._note(self._attention(weights)))
        return noting(*args, **kwargs)

    def _softmax(self, *args: Any, **kwargs: Any) -> torch.Tensor:  # noqa: ANN401 (as torch calls it)
        weights = torch.softmax(args[0], kwargs.get("dim", -1))
        self._note(self._attention(weights))
        return weights

    def _share(self, output: torch.Tensor, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Note a softmax over the last axis of matrices."""
        axis = kwargs.get("dim", args[1] if len(args) > 1 else None)
        if output.ndim > 2 and axis is not None and axis % output.ndim == output.ndim - 1:
            self._know(output, self._attention(output))

    def _know(self, output: Any, attention: Attention) -> None:  # noqa: ANN401 (whatever functions of torch give)
        self._shares[id(output)] = attention
        self._kept.append(output)

    def _attention(self, weights: torch.Tensor) -> Attention:
        return Attention(weights, tuple(self.running))

    def _note(self, attention: Attention) -> None:
        if all(attention is not other for other in self.found):
            self.found.append(attention)


@contextmanager
def _replaced(name: str, function: Callable[..., Any]) -> Iterator[None]:
    """Let the functions of `torch.nn.functional` call another one by a name: they ask no mode."""
    before = getattr(functional, name)
    setattr(functional, name, function)
    try:
        yield
    finally:
        setattr(functional, name, before)


def explicit_attention(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attn_mask: torch.Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
    note: Callable[[torch.Tensor], None] | None = None,
) -> torch.Tensor:
    """Compute ``scaled_dot_product_attention`` as it is defined.

    Parameters
    ----------
    query, key, value, attn_mask, dropout_p, is_causal, scale, enable_gqa
        As torch has them.
    note
        Is given the matrix that the values are multiplied by.
    """
    if enable_gqa:
        times = query.shape[-3] // key.shape[-3]
        key, value = key.repeat_interleave(times, -3), value.repeat_interleave(times, -3)
    scores = query @ key.transpose(-2, -1) * (1 / sqrt(query.shape[-1]) if scale is None else scale)
    if is_causal:
        attn_mask = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).tril()
    if attn_mask is not None:
        scores = scores.masked_fill(~attn_mask, -torch.inf) if attn_mask.dtype == torch.bool else scores + attn_mask
    weights = scores.softmax(-1)
    if note is not None:
        note(weights)
    return functional.dropout(weights, dropout_p, training=dropout_p > 0) @ value
