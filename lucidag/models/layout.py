"""Which axis of a step's output holds the channels: told by what takes it and what gave it, never by its shape."""

from collections import deque
from collections.abc import Callable, Sequence
from math import prod

from lucidag.models.layers import IMAGE, POOLS
from lucidag.models.steps import Step, Steps

FIRST = ("conv", "batch_norm", "group_norm", "instance_norm", "prelu", "local_response_norm")  # 1 of N x K x ...
LAST = ("linear", "layer_norm", "rms_norm", "multi_head_attention_forward", "scaled_dot_product_attention")
MEANS = ("mean", "sum", "amax", "amin")
RESHAPES = ("view", "reshape", "flatten", "unflatten", "squeeze", "unsqueeze")


def channel_axis(steps: Steps, place: int) -> int | None:
    """Tell which axis of a step's output holds the units that later steps mix or norm.

    The units of a convolution are its own. Else what takes the output decides: a convolution or a BatchNorm contracts
    or norms over axis 1, a linear layer or a LayerNorm over the last one. Steps that only move or rescale numbers are
    looked through. Where nothing behind a step tells, what it is made by does: a convolution, a linear layer, a norm;
    and at last a mean, which leaves the axis of the units.

    Returns
    -------
    int or None
        The axis, counted from 0; None where nothing tells, as behind ``flatten``.
    """
    if steps.steps[place].function.startswith("conv"):
        return 1
    found = _asked_behind(steps, place, weighing)
    if found is None:
        found = _given(steps, place)
    return _asked_behind(steps, place, averaging) if found is None else found


def _asked_behind(steps: Steps, place: int, taken: Callable[[Step, Sequence[int]], int | None]) -> int | None:
    """Follow each axis of an output forwards, along the trunk first, until a step takes one of them for channels."""
    trunk: deque[tuple[int, tuple[int, ...]]] = deque()
    beside: deque[tuple[int, tuple[int, ...]]] = deque()
    trunk.append((place, tuple(range(len(steps.steps[place].shape)))))  # a step, and where each axis is in its output
    seen = {place}
    while trunk or beside:
        at, axes = (trunk or beside).popleft()
        shape = steps.steps[at].shape
        for user in steps.users.get(at, ()):
            step = steps.steps[user]
            asked = taken(step, shape) if step.sources[0] == at else None
            if asked is not None and asked in axes:
                return axes.index(asked)
            if user not in seen and asked is None:
                seen.add(user)
                there = tuple(moved(step, shape, axis) for axis in axes)
                if max(there, default=-1) >= 0:  # else no axis is left to be found
                    (trunk if user in steps.trunk else beside).append((user, there))
    return None


def _given(steps: Steps, place: int, seen: frozenset[int] = frozenset()) -> int | None:
    """Follow an output backwards, until a step is one that gives channels in a known axis."""
    step = steps.steps[place]
    if step.function.startswith(FIRST):
        return 1
    if step.function in LAST:
        return len(step.shape) - 1
    for source in dict.fromkeys(step.sources):
        if source == IMAGE:
            return 1
        axis = None if source in seen else _given(steps, source, seen | {place})
        there = -1 if axis is None else moved(step, steps.steps[source].shape, axis)
        if there >= 0:
            return there
    return None


def weighing(step: Step, shape: Sequence[int]) -> int | None:
    """Tell which axis of its first input, of this shape, a step with weights takes for channels; None: it has none."""
    positional, named = step.arguments
    if step.function.startswith(FIRST):
        return 1
    if step.function not in LAST:
        return None
    sizes = named.get("normalized_shape", positional[1] if "norm" in step.function else None)
    return len(shape) - 1 if sizes is None or len(tuple(sizes)) == 1 else None


def averaging(step: Step, shape: Sequence[int]) -> int | None:
    """Tell which axis of its first input, of this shape, a pooling or a mean leaves; None: it is neither."""
    positional, named = step.arguments
    if step.function.endswith(POOLS):
        return 1
    if step.function not in MEANS:
        return None
    axes = named.get("dim", positional[1] if len(positional) > 1 else None)
    gone = {axis % len(shape) for axis in axes} if isinstance(axes, list | tuple) else set()
    left = set(range(1, len(shape))) - gone
    return left.pop() if gone and len(left) == 1 else None


def moved(step: Step, shape: Sequence[int], axis: int) -> int:
    """Tell where an axis of the first input, of this shape, is in a step's output; -1: nowhere as a whole."""
    if axis < 0:
        return -1
    if step.function in RESHAPES:
        return _after_reshaping(shape, step.shape, axis)
    order = MOVES[step.function](step, len(shape)) if step.function in MOVES else list(range(len(shape)))
    return order.index(axis) if axis in order and len(order) == len(step.shape) else -1


def _after_reshaping(before: Sequence[int], after: Sequence[int], axis: int) -> int:
    """Find the axis of the same length with as many numbers in front of it."""
    return next(
        (
            place
            for place, length in enumerate(after)
            if length == before[axis] and prod(after[:place]) == prod(before[:axis])
        ),
        -1,
    )


def _permuted(step: Step, dimensions: int) -> list[int]:
    positional, named = step.arguments
    axes = named.get("dims", positional[1:])
    flat = axes[0] if len(axes) == 1 and isinstance(axes[0], list | tuple) else axes
    return [axis % dimensions for axis in flat]


def _swapped(step: Step, dimensions: int) -> list[int]:
    positional, named = step.arguments
    first, second = (*positional[1:], *named.values())[:2]
    order = list(range(dimensions))
    order[first], order[second] = order[second], order[first]
    return order


def _kept(step: Step, dimensions: int) -> list[int]:
    positional, named = step.arguments
    axes = named.get("dim", positional[1] if len(positional) > 1 else None)
    gone = [axes] if isinstance(axes, int) else axes or range(dimensions)
    if len(step.shape) == dimensions:
        return list(range(dimensions))
    return [axis for axis in range(dimensions) if axis not in {each % dimensions for each in gone}]


def _indexed(step: Step, dimensions: int) -> list[int]:
    index = step.arguments[0][1]
    parts = index if isinstance(index, tuple) else (index,)
    if not all(isinstance(part, int | slice) for part in parts):
        return list(range(dimensions)) if len(step.shape) == dimensions else []
    return [axis for axis in range(dimensions) if axis >= len(parts) or isinstance(parts[axis], slice)]


MOVES: dict[str, Callable[[Step, int], list[int]]] = {
    "permute": _permuted,
    "transpose": _swapped,
    "swapaxes": _swapped,
    "swapdims": _swapped,
    "getitem": _indexed,
    **dict.fromkeys(MEANS, _kept),
}
