"""Functions of torch that do several things at once, taken apart into functions that each have a rule of relevance.

Each gives the same numbers but for rounding.
"""

from collections.abc import Callable, Mapping
from inspect import signature
from types import SimpleNamespace
from typing import Any

import torch
from torch.nn import functional

from lucidag.explain.relevance.functions import NoRuleError
from lucidag.models.attention_maps import explicit_attention

AT_RANDOM = "at random, also in eval mode, which has no rule"
LAYER = signature(functional.multi_head_attention_forward)


def attention(*args: Any, **kwargs: Any) -> torch.Tensor:  # noqa: ANN401 (whatever torch takes)
    """Compute ``scaled_dot_product_attention`` by products of matrices and a softmax.

    Raises
    ------
    NoRuleError
        If it drops weights out.
    """
    if kwargs.get("dropout_p", args[4] if len(args) > 4 else 0.0):
        raise NoRuleError(AT_RANDOM)
    return explicit_attention(*args, **kwargs)


def attention_layer(*args: Any, **kwargs: Any) -> tuple[torch.Tensor, torch.Tensor | None]:  # noqa: ANN401
    """Compute ``multi_head_attention_forward``, what `torch.nn.MultiheadAttention` calls, by layers and products.

    Parameters
    ----------
    args, kwargs
        What the function of torch takes: queries, keys and values T x N x E (without N: one image).

    Returns
    -------
    The mixed values, T x N x E, and the weights where they are asked for: N x T x S, or N x heads x T x S.

    Raises
    ------
    NoRuleError
        If it drops weights out, or keys or values are given in place of those that it computes.
    """
    bound = LAYER.bind(*args, **kwargs)
    bound.apply_defaults()
    given = SimpleNamespace(**bound.arguments)
    for name in ("static_k", "static_v"):
        if getattr(given, name) is not None:
            raise NoRuleError(f"with '{name}', which has no rule")
    if given.training and given.dropout_p:
        raise NoRuleError(AT_RANDOM)
    batched = given.query.ndim == 3
    queries, keys, values = (each if batched else each.unsqueeze(1) for each in _projected(given))
    keys, values, added = _lengthened(given, keys, values)
    causal = given.is_causal and given.key_padding_mask is None and not given.need_weights
    mask = None if causal else _mask(given, keys, added)
    found: list[torch.Tensor] = []
    q, k, v = (_by_head(each, given.num_heads) for each in (queries, keys, values))
    mixed = explicit_attention(q, k, v, mask, is_causal=causal, note=found.append)
    mixed = functional.linear(mixed.permute(2, 0, 1, 3).flatten(2), given.out_proj_weight, given.out_proj_bias)
    weights = found[0].mean(1) if given.average_attn_weights else found[0]
    if not batched:
        mixed, weights = mixed.squeeze(1), weights.squeeze(0)
    return mixed, weights if given.need_weights else None


def added_product(
    input: torch.Tensor,
    first: torch.Tensor,
    second: torch.Tensor,
    *,
    beta: float = 1,
    alpha: float = 1,
) -> torch.Tensor:
    """Compute ``addmm`` and ``baddbmm``: a product of matrices, and a sum."""
    product = first @ second
    product = product if alpha == 1 else alpha * product
    return product if beta == 0 else product + (input if beta == 1 else beta * input)


def _projected(given: SimpleNamespace) -> tuple[torch.Tensor, ...]:
    """Compute queries, keys and values, by one linear layer where all are of the same."""
    sources = (given.query, given.key, given.value)
    bias = given.in_proj_bias
    if given.use_separate_proj_weight:
        weights = (given.q_proj_weight, given.k_proj_weight, given.v_proj_weight)
    elif given.query is given.key and given.key is given.value:
        return functional.linear(given.query, given.in_proj_weight, bias).chunk(3, -1)
    else:
        weights = given.in_proj_weight.chunk(3)
    biases = (None, None, None) if bias is None else bias.chunk(3)
    return tuple(map(functional.linear, sources, weights, biases))


def _lengthened(
    given: SimpleNamespace, keys: torch.Tensor, values: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, int]:
    """Put constant keys and values behind those of the image, and say how many of each."""
    added = 0
    if given.bias_k is not None:
        keys = torch.cat([keys, given.bias_k.repeat(1, keys.shape[1], 1)])
        values = torch.cat([values, given.bias_v.repeat(1, values.shape[1], 1)])
        added += 1
    if given.add_zero_attn:
        nothing = torch.zeros((1, *keys.shape[1:]), dtype=keys.dtype, device=keys.device)
        keys, values = torch.cat([keys, nothing]), torch.cat([values, nothing])
        added += 1
    return keys, values, added


def _mask(given: SimpleNamespace, keys: torch.Tensor, added: int) -> torch.Tensor | None:
    """Give what is added to the scores, in a shape that goes with N x heads x T x S."""
    mask, padding = given.attn_mask, given.key_padding_mask
    parts = []
    if mask is not None:
        mask = _as_numbers(mask, keys.dtype)
        parts.append(mask if mask.ndim == 2 else mask.unflatten(0, (-1, given.num_heads)))
    if padding is not None:
        padding = _as_numbers(padding, keys.dtype)
        parts.append(padding.reshape(-1, 1, 1, padding.shape[-1]))
    if not parts:
        return None
    padded = [functional.pad(part, (0, added)) if added else part for part in parts]
    return padded[0] if len(padded) == 1 else padded[0] + padded[1]


def _as_numbers(mask: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Give a mask as numbers to be added: minus infinity where it is true."""
    if mask.dtype != torch.bool:
        return mask
    return torch.zeros(mask.shape, dtype=dtype, device=mask.device).masked_fill(mask, -torch.inf)


def _by_head(x: torch.Tensor, heads: int) -> torch.Tensor:
    """Give T x N x E as N x heads x T x E / heads."""
    return x.unflatten(-1, (heads, -1)).permute(1, 2, 0, 3)


FUSED: Mapping[str, Callable[..., Any]] = {
    "scaled_dot_product_attention": attention,
    "multi_head_attention_forward": attention_layer,
    "addmm": added_product,
    "baddbmm": added_product,
}
