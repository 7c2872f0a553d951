"""How relevance goes back through a function of torch: as it is, shared out by contributions, or not at all."""

from collections.abc import Callable
from typing import Any

import torch
from zennit.core import stabilize

from lucidag.ground.errors import InputError

Compute = Callable[..., torch.Tensor]


def unchanged(x: torch.Tensor, compute: Compute) -> torch.Tensor:
    """Give ``compute(x)``, of x's shape; its relevance is x's, unchanged."""
    passed: torch.Tensor = _Unchanged.apply(x, compute)
    return passed


def by_contributions(terms: list[torch.Tensor], compute: Compute, copied: bool) -> torch.Tensor:
    """Give ``compute(*terms)``; its relevance is shared out to the terms by what each adds to each number.

    zennit's `Norm`, of any number of terms. A constant in the function keeps its share, as a bias does.

    Parameters
    ----------
    terms
        What `compute` is linear in, together.
    compute
        The function.
    copied
        Whether it works in place, on the first term.
    """
    shared: torch.Tensor = _ByContributions.apply(compute, copied, 1, *terms)
    return shared


def evenly(terms: list[torch.Tensor], compute: Compute) -> torch.Tensor:
    """Give ``compute(*terms)``, a product; of its relevance each term has the same part, shared out by contributions.

    For two terms that is the uniform rule of Achtibat et al. 2024 (ICML).

    Parameters
    ----------
    terms
        What `compute` is linear in, each on its own.
    compute
        The function.
    """
    shared: torch.Tensor = _ByContributions.apply(compute, False, len(terms), *terms)
    return shared


def through_softmax(x: torch.Tensor, compute: Compute, axis: int) -> torch.Tensor:
    """Give ``compute(x)``, a softmax s over an axis; its relevance R becomes x (R - s sum(R)).

    That is Proposition 3.1 of Achtibat et al. 2024 (ICML): a Taylor expansion at x, whose constant part keeps what is
    left, so that the sum is another one. Where x is infinite, as behind a mask, there is none.
    """
    passed: torch.Tensor = _Softmax.apply(x, compute, axis)
    return passed


def without_rule(x: torch.Tensor, fault: str, place: int, in_place: bool) -> torch.Tensor:
    """Give x; relevance that comes back to it is refused, with the sentence `fault` (see `faults_behind`)."""
    same: torch.Tensor = _WithoutRule.apply(x, fault, place, in_place)
    return same


def faults_behind(output: torch.Tensor) -> list[str]:
    """Return the sentences of `without_rule` that relevance of an output would meet, in the order of the forward pass.

    They are found in the graph of autograd, and nothing is computed.
    """
    waiting, seen, found = [output.grad_fn], set(), {}
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if isinstance(node, _WithoutRule._backward_cls):
            found[node.place] = node.fault
        waiting += [source for source, _ in node.next_functions]
    return [found[place] for place in sorted(found)]


class _Unchanged(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, compute: Compute) -> torch.Tensor:  # noqa: ANN401 (as torch has it)
        output = compute(x)
        if output is x:
            ctx.mark_dirty(x)
        return output

    @staticmethod
    def backward(ctx: Any, relevance: torch.Tensor) -> tuple[torch.Tensor, None]:  # noqa: ANN401
        return relevance, None


class _ByContributions(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        compute: Compute,
        copied: bool,
        parts: int,
        *terms: torch.Tensor,
    ) -> torch.Tensor:
        # Copies, as what follows may work in place on the terms.
        ctx.terms = [term.detach().clone().requires_grad_() for term in terms]
        with torch.enable_grad():
            ctx.output = compute(*([term.clone() for term in ctx.terms] if copied else ctx.terms))
        output: torch.Tensor = ctx.output.detach()
        ctx.divisor = parts * stabilize(output)
        if not copied:
            return output
        ctx.mark_dirty(terms[0])
        return terms[0].copy_(output)

    @staticmethod
    def backward(ctx: Any, relevance: torch.Tensor) -> tuple[torch.Tensor | None, ...]:  # noqa: ANN401
        slopes = torch.autograd.grad(ctx.output, ctx.terms, relevance / ctx.divisor, retain_graph=True)
        return None, None, None, *[term.detach() * slope for term, slope in zip(ctx.terms, slopes, strict=True)]


class _Softmax(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, compute: Compute, axis: int) -> torch.Tensor:  # noqa: ANN401
        output = compute(x)
        # Copies, as what follows may work in place.
        ctx.x, ctx.shares, ctx.axis = x.masked_fill(x.isinf(), 0), output.clone(), axis
        return output

    @staticmethod
    def backward(ctx: Any, relevance: torch.Tensor) -> tuple[torch.Tensor, None, None]:  # noqa: ANN401
        rest = relevance - ctx.shares * relevance.sum(ctx.axis, keepdim=True)
        return ctx.x * rest.to(ctx.x.dtype), None, None


class _WithoutRule(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, fault: str, place: int, in_place: bool) -> torch.Tensor:  # noqa: ANN401
        ctx.fault, ctx.place = fault, place
        if in_place:
            ctx.mark_dirty(x)
            return x
        return x.clone()

    @staticmethod
    def backward(ctx: Any, relevance: torch.Tensor) -> tuple[torch.Tensor, None, None, None]:  # noqa: ANN401
        raise InputError(f"the network {ctx.fault}")
