"""Where the tokens of the image lead to the logits: behind the last attention of a class token they do not."""

from collections.abc import Mapping

import torch

from lucidag.models.grids import TokenGrid
from lucidag.models.steps import Step, Steps

SELECTS = {"getitem": "__getitem__", "select": "select", "narrow": "narrow"}
MIXES = ("matmul", "bmm", "baddbmm", "einsum", "mm")


def leading(steps: Steps, grids: Mapping[int, TokenGrid]) -> frozenset[int]:
    """Tell at which steps the tokens of the image, and not only those that are put beside them, lead to the logits.

    A step that gives the same tokens works on each alone, unless it is attention or a product of matrices; one that
    picks tokens out is asked which; any other takes them all.

    Parameters
    ----------
    steps
        Of the network.
    grids
        Of `lucidag.models.token_grid.Places`.

    Returns
    -------
    Some of the places of `grids`.
    """
    found: set[int] = set()
    for place in sorted(grids, reverse=True):
        users = [user for user in steps.users.get(place, ()) if user in steps.between]
        if place == steps.logits or any(_goes_on(steps, place, user, grids, found) for user in users):
            found.add(place)
    return frozenset(found)


def _goes_on(steps: Steps, place: int, user: int, grids: Mapping[int, TokenGrid], found: set[int]) -> bool:
    step, grid = steps.steps[user], grids[place]
    if step.function in SELECTS:
        chosen = _chosen(step, grid, steps.steps[place].shape)
        if chosen is not None and not bool(((chosen >= grid.front) & (chosen < grid.front + grid.count)).any()):
            return False
    return _mixes(step) or user not in grids or user in found


def _mixes(step: Step) -> bool:
    """Tell whether a step may take other tokens for a token; one that is a module as a whole has its class's name."""
    return "attention" in step.function or step.function in MIXES or step.function != step.function.lower()


def _chosen(step: Step, grid: TokenGrid, shape: tuple[int, ...]) -> torch.Tensor | None:
    """Give the numbers of the tokens that a step picks out; None where its arguments do not tell."""
    numbers = torch.arange(grid.tokens, device="cpu")
    along = numbers[None, :, None] if grid.axis == 1 else numbers[:, None, None]
    positional, named = step.arguments
    named = {key: each for key, each in named.items() if key != "input"}
    try:
        chosen = getattr(torch.Tensor, SELECTS[step.function])(along.expand(shape), *positional[1:], **named)
    except (RuntimeError, TypeError, IndexError, ValueError):  # by a tensor, or in a way that is not known here
        return None
    return chosen if tuple(chosen.shape) == step.shape else None
