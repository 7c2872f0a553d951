"""Which place of the image each token of a transformer stands for, shown by moving numbered places as it does."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar, cast

import torch
from torch import nn
from torch.nn import functional

from lucidag.models.grids import TokenGrid
from lucidag.models.steps import IMAGE, Step, Steps

# Functions that only put numbers elsewhere, by the names of steps.
MOVES = (
    *("reshape", "view", "flatten", "unflatten", "squeeze", "unsqueeze", "contiguous", "clone", "unfold", "tile"),
    *("permute", "transpose", "swapaxes", "swapdims", "movedim", "moveaxis"),
)
SHUFFLES = ("roll", "flip", "rot90", "sort", "gather", "index_select", "take_along_dim")  # same shape, other places
UNROLLS = ("view", "reshape", "unflatten")
SUMS = ("add", "iadd", "sub")
ALONE = ("linear", "dropout", "layer_norm", "rms_norm", "mul", "imul", "gelu", "relu", "silu")  # each token by itself

Cut = tuple[torch.Tensor, tuple[int, int]]
T = TypeVar("T", TokenGrid, Cut)


@dataclass(frozen=True)
class Places:
    """Where the places of the image are in what steps give, by their places in the pass.

    Attributes
    ----------
    grids
        Of tokens.
    last
        Those that give maps of N x h x w x D, in rows.
    cut
        Those that give N x A x B x D with the places in another order, as windows are: the number of each place, and
        how many rows and columns there are.
    """

    grids: dict[int, TokenGrid]
    last: set[int]
    cut: dict[int, Cut]


def places_in(model: nn.Module, steps: Steps, example: torch.Tensor) -> Places:
    """Find the places of `places`, or take what the network says of itself.

    Parameters
    ----------
    model
        The network. Its attribute ``named_grid`` (rows, columns, and how many tokens stand in front) counts more than
        what is found, for all that gives as many tokens.
    steps
        Of the network.
    example
        A batch that it takes.
    """
    found = places(steps, tuple(example[:1].shape)) if example.ndim == 4 else Places({}, set(), {})
    named = getattr(model, "named_grid", None)
    if named is None:
        return found
    rows, columns, front = cast(tuple[int, int, int], named)
    for place in steps.between:
        shape = steps.steps[place].shape
        for axis in (1, 0):
            if len(shape) == 3 and shape[1 - axis] == 1 and shape[axis] - rows * columns in (0, front):
                found.grids[place] = TokenGrid(rows, columns, shape[axis] - rows * columns, shape[axis], axis)
    return found


def places(steps: Steps, frame: tuple[int, ...]) -> Places:
    """Find how the tokens of each step lie on the image, and which steps give maps of N x h x w x D or windows of such.

    Tokens begin where maps, of a convolution or what follows one, or the image itself, are only moved (flattened and
    turned, or cut into patches) until each token is one patch, in rows. What follows keeps them as long as it keeps
    their number; tokens that are put in front or left out are counted.

    Parameters
    ----------
    steps
        Of the network.
    frame
        The shape of the image, 1 x C x S x S.
    """
    found = Places({}, set(), {})
    for start in [IMAGE, *sorted(_maps(steps))]:
        shape = tuple(frame) if start == IMAGE else steps.steps[start].shape
        _begin(steps, start, _numbered(shape), (shape[2], shape[3]), found)
    for place in sorted(steps.between - found.grids.keys()):
        if place in found.grids:  # since
            continue
        step = steps.steps[place]
        source = next((each for each in step.sources if each in found.grids), None)
        own = None if source is None else _kept(step, found.grids[source], steps.steps[source].shape)
        if own is not None:
            found.grids[place] = own
        elif place in found.last or _still_last(steps, place, found):
            found.last.add(place)
            _begin(steps, place, _numbered_last(step.shape), (step.shape[1], step.shape[2]), found)
        elif (cut := _still_cut(steps, place, found)) is not None:
            found.cut[place] = cut
            _begin(steps, place, *cut, found)
    _add_beside(steps, found.grids, _grid_fits)
    _add_beside(steps, found.cut, _cut_fits)
    return found


def _still_last(steps: Steps, place: int, found: Places) -> bool:
    """Tell whether a step gives maps of N x h x w x D, made from such maps or from tokens that are all of a grid."""
    step = steps.steps[place]
    if len(step.shape) != 4 or step.shape[0] != 1 or step.function in SHUFFLES:
        return False
    for source in step.sources:
        grid, size = found.grids.get(source), steps.steps[source].shape[1:3] if source != IMAGE else ()
        if source in found.last and step.function not in MOVES and step.shape[1:3] == size:
            return True
        if source in found.last and step.function == "getitem" and _thinned(step, steps.steps[source].shape):
            return True
        unrolled = grid is not None and grid.whole and grid.axis == 1 and step.shape[1:3] == (grid.rows, grid.columns)
        if unrolled and step.function in UNROLLS:
            return True
    return False


def _thinned(step: Step, shape: tuple[int, ...]) -> bool:
    """Tell whether a step takes every n-th row and column of maps of N x h x w x D, as where patches are merged."""
    index = step.arguments[0][1]
    parts = index if isinstance(index, tuple) else (index,)
    parts = tuple(part for part in parts if part is not Ellipsis)
    if len(parts) not in (3, 4) or not all(isinstance(part, slice) for part in parts):
        return False
    every, rest = {parts[1].step, parts[2].step}, (parts[0], *parts[3:])
    across = every.pop()
    if every or across in (None, 1) or any(part != slice(None) for part in rest):
        return False
    sizes = tuple(size // across for size in shape[1:3])
    first = all((part.start or 0) < across and part.stop is None for part in parts[1:3])
    return first and shape[1] % across == shape[2] % across == 0 and step.shape[1:3] == sizes


def _still_cut(steps: Steps, place: int, found: Places) -> Cut | None:
    """Give the numbers of the places in what a step makes of windows, place by place; None: it does something else."""
    step = steps.steps[place]
    if step.function in (*MOVES, *SHUFFLES):
        return None
    for source in step.sources:
        if source in found.cut and step.shape[:3] == steps.steps[source].shape[:3] and len(step.shape) == 4:
            values, size = found.cut[source]
            return values[..., :1].expand(step.shape), size
    return None


def _cut_fits(_: Cut, summand: tuple[int, ...], total: tuple[int, ...]) -> bool:
    return summand == total


def _grid_fits(grid: TokenGrid, summand: tuple[int, ...], _: tuple[int, ...]) -> bool:
    return len(summand) == 3 and summand[grid.axis] == grid.tokens and summand[1 - grid.axis] == 1


def _add_beside(steps: Steps, found: dict[int, T], fits: Callable[[T, tuple[int, ...], tuple[int, ...]], bool]) -> None:
    """Note what is added to tokens or windows, as the output of attention is: it lies on the image as they do.

    `fits` tells by the shapes of a summand and of the sum whether it can.
    """
    waiting = [place for place in found if steps.steps[place].function in SUMS]
    while waiting:
        place = waiting.pop()
        step, known = steps.steps[place], found[place]
        for source in steps.between & set(step.sources) - found.keys():
            if fits(known, steps.steps[source].shape, step.shape):
                found[source] = known
                waiting += [source] if steps.steps[source].function in (*SUMS, *ALONE) else []


def _maps(steps: Steps) -> set[int]:
    """The places of convolutions, and of what follows them and still gives N x D x h x w."""
    found: set[int] = set()
    for place in sorted(steps.between):
        step = steps.steps[place]
        flat = len(step.shape) != 4 or step.shape[2] * step.shape[3] == 1
        follows = step.function not in MOVES and any(source in found for source in step.sources)
        if not flat and (step.function.startswith("conv") or follows):
            found.add(place)
    return found


def _numbered(shape: tuple[int, ...]) -> torch.Tensor:
    """Give maps of this shape in which each number is its place, row by row."""
    numbers = torch.arange(shape[2] * shape[3], dtype=torch.double, device="cpu")
    return numbers.reshape(1, 1, *shape[2:]).expand(1, *shape[1:])


def _numbered_last(shape: tuple[int, ...]) -> torch.Tensor:
    """Do so for maps of 1 x h x w x D."""
    numbers = torch.arange(shape[1] * shape[2], dtype=torch.double, device="cpu")
    return numbers.reshape(1, *shape[1:3], 1).expand(shape)


def _is_last(values: torch.Tensor, size: tuple[int, int]) -> bool:
    """Tell whether numbered places stand as maps of 1 x h x w x D."""
    if values.ndim != 4 or tuple(values.shape[:3]) != (1, *size):
        return False
    return torch.equal(values, _numbered_last(tuple(values.shape)))


def _is_cut(values: torch.Tensor, size: tuple[int, int]) -> bool:
    """Tell whether numbered places stand as 1 x A x B x D, each once, in another order than in rows."""
    if values.ndim != 4 or values.shape[0] != 1 or values.shape[3] == 1 or min(values.shape[1:3]) == 1:
        return False
    numbers = values[0, :, :, 0]
    alone = bool((values == values[..., :1]).all())
    return alone and numbers.numel() == size[0] * size[1] == numbers.unique().numel()


def _begin(steps: Steps, start: int, values: torch.Tensor, size: tuple[int, int], found: Places) -> None:
    """Move numbered places as the steps behind a map do, and note the first ones that give tokens."""
    for place in steps.users.get(start, ()):
        step = steps.steps[place]
        moved = _moved(step, values) if place in steps.between else None
        if moved is None or tuple(moved.shape) != step.shape:
            continue
        grid = _grid(moved, size)
        if grid is None:
            if _is_last(moved, size):
                found.last.add(place)
            elif _is_cut(moved, size):
                found.cut[place] = (moved, size)
            _begin(steps, place, moved, size, found)
        else:
            found.grids[place] = grid


def _moved(step: Step, values: torch.Tensor) -> torch.Tensor | None:
    """Do to values what a step did to its input; None where it does more than to move them."""
    if step.function not in MOVES:
        return None
    positional, named = step.arguments
    function = getattr(torch.Tensor, "reshape" if step.function == "view" else step.function)  # numbers are no copies
    if step.function == "unfold" and "dilation" in named:  # that of images, not that of an axis
        function = functional.unfold
    try:
        moved = function(values, *positional[1:], **{key: each for key, each in named.items() if key != "input"})
    except (RuntimeError, TypeError, IndexError, ValueError):  # called in a way that is not known here
        return None
    return moved if isinstance(moved, torch.Tensor) else None


def _grid(values: torch.Tensor, size: tuple[int, int]) -> TokenGrid | None:
    """Read the grid from numbered places (1 x T x K or T x 1 x K), if each token is one patch and they go by rows."""
    if values.ndim != 3 or 1 not in values.shape[:2]:
        return None
    axis = 1 if values.shape[0] == 1 else 0
    tokens = values.flatten(0, 1)
    rows, columns = tokens // size[1], tokens % size[1]
    high, wide = int(rows[0].max()) + 1, int(columns[0].max()) + 1
    if size[0] % high or size[1] % wide or len(tokens) != (size[0] // high) * (size[1] // wide) or len(tokens) == 1:
        return None
    across = size[1] // wide
    expected = torch.arange(len(tokens), dtype=tokens.dtype, device="cpu")[:, None]
    if not bool(((rows // high) * across + columns // wide == expected).all()):
        return None
    return TokenGrid(size[0] // high, across, 0, len(tokens), axis)


def _kept(step: Step, known: TokenGrid, shape: tuple[int, ...]) -> TokenGrid | None:
    """Say how the tokens lie in the output of a step that takes such tokens (of this shape); None: they are gone."""
    if len(step.shape) != 3 or step.function in SHUFFLES:
        return None
    if step.function in MOVES:
        return _turned(step, known, shape)
    if step.shape[1 - known.axis] != 1:
        return None
    if step.function in ("cat", "concat", "concatenate"):
        return _joined(step, known)
    if step.function == "getitem":
        return _cut(step, known)
    return known if step.shape[known.axis] == known.tokens else None


def _turned(step: Step, known: TokenGrid, shape: tuple[int, ...]) -> TokenGrid | None:
    """Find the axis to which a step moves all tokens, in their order."""
    numbers = torch.arange(known.tokens, dtype=torch.double, device="cpu")
    moved = _moved(step, _along(numbers, known.axis).expand(shape))
    for axis in (1, 0):
        fits = (
            moved is not None and moved.ndim == 3 and moved.shape[axis] == known.tokens and moved.shape[1 - axis] == 1
        )
        if moved is not None and fits and torch.equal(moved, _along(numbers, axis).expand_as(moved)):
            return replace(known, axis=axis)
    return None


def _along(numbers: torch.Tensor, axis: int) -> torch.Tensor:
    return numbers[None, :, None] if axis == 1 else numbers[:, None, None]


def _joined(step: Step, known: TokenGrid) -> TokenGrid | None:
    """Count the tokens that are put in front."""
    positional, named = step.arguments
    parts = positional[0] if positional else named.get("tensors", ())
    dim = positional[1] if len(positional) > 1 else named.get("dim", named.get("axis", 0))
    if int(dim or 0) % 3 != known.axis:
        return known if step.shape[known.axis] == known.tokens else None
    sizes = [int(part.shape[known.axis]) for part in parts]
    # The image's tokens are the longest part: what is put beside them are a few.
    own = sizes.index(max(sizes))
    if sizes[own] != known.tokens:
        return None
    return replace(known, front=known.front + sum(sizes[:own]), tokens=sum(sizes))


def _cut(step: Step, known: TokenGrid) -> TokenGrid | None:
    """Count the tokens that are left out."""
    index = step.arguments[0][1]
    parts = index if isinstance(index, tuple) else (index,)
    if not all(isinstance(part, slice) and part.step in (None, 1) for part in parts):
        return None
    part = parts[known.axis] if len(parts) > known.axis else slice(None)
    start, stop, _ = part.indices(known.tokens)
    if start > known.front or stop < known.front + known.rows * known.columns:
        return None
    return replace(known, front=known.front - start, tokens=stop - start)
