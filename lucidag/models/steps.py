"""A network's forward pass, step by step: which functions and modules run, in which order, from what to what."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

from lucidag.ground.errors import InputError
from lucidag.models.head import evaluating
from lucidag.models.layers import IMAGE
from lucidag.models.recorder import Call, taken_apart, watching

Arguments = tuple[tuple[Any, ...], dict[str, Any]]
See = Callable[[int, Any], Any]


@dataclass(frozen=True)
class Step:
    """One function of torch that ran in a forward pass and depends on the image.

    Attributes
    ----------
    name
        The module's name where the step is all that a module of one step does (``layer1.0.conv1``); else the name of
        the module whose code called the function, and the function's (``layer1.0.add``), from the second time on with
        a number (``layer1.0.add_1``). These are the names of torchvision's `feature_extraction`, but for a module that
        runs several times, whose calls all have a number: ``relu_0``, since ``relu`` could be any of them.
    module
        The module whose code called the function; ``""`` is the network.
    function
        The function's name, such as ``conv2d`` or ``add``.
    sources
        The places of the steps whose outputs it takes, in order; `IMAGE` is the network's input.
    shape
        Of its output; of the first tensor, where it gives several.
    arguments
        Its arguments in order and by name, without tensors (None stands for each): axes, sizes.
    before
        How many calls of this function came before it in the pass, whether they depend on the image or not.
    """

    name: str
    module: str
    function: str
    sources: tuple[int, ...]
    shape: tuple[int, ...]
    arguments: Arguments = field(repr=False)
    before: int


@dataclass(frozen=True)
class Steps:
    """All steps between an image and the logits.

    Attributes
    ----------
    steps
        In the order in which they ran.
    outputs
        By module, the place of the step that gave its output, for each of its calls; `IMAGE` where it gave the image,
        None where its output is no tensor or does not depend on the image. Of torch's attention it is its first output.
    logits
        The place of the step that gave the network's output.
    """

    steps: tuple[Step, ...]
    outputs: dict[str, tuple[int | None, ...]]
    logits: int

    @cached_property
    def between(self) -> frozenset[int]:
        """The places of the steps on a path from the image to the logits."""
        waiting, found = [self.logits], {self.logits}
        while waiting:
            fresh = {place for place in self.steps[waiting.pop()].sources if place != IMAGE} - found
            found |= fresh
            waiting += fresh
        return frozenset(found)

    @cached_property
    def trunk(self) -> frozenset[int]:
        """The places of the steps that every path from the image to the logits goes through.

        Each step comes after its sources, so a path avoids a step exactly if an arrow of the graph leads from before
        it to behind it.
        """
        last_user: dict[int, int] = {}
        for place in sorted(self.between):
            last_user.update(dict.fromkeys(self.steps[place].sources, place))
        furthest, found = last_user[IMAGE], set()
        for place in sorted(self.between):
            if furthest <= place:
                found.add(place)
            furthest = max(furthest, last_user.get(place, place))
        return frozenset(found)

    @cached_property
    def users(self) -> dict[int, list[int]]:
        """The places of the steps that take the output of each, in order."""
        found: dict[int, list[int]] = {}
        for place, step in enumerate(self.steps):
            for source in dict.fromkeys(step.sources):
                found.setdefault(source, []).append(place)
        return found


@dataclass
class _Frame:
    """A module that is running: its name, and how many steps had run before."""

    name: str
    before: int


class _Recorder(TorchFunctionMode):
    """Writes down each function of torch that gives a tensor made from the image; may replace what it gives."""

    def __init__(self, model: nn.Module, image: torch.Tensor, see: See | None) -> None:
        super().__init__()
        self.steps: list[Step] = []
        self.outputs: dict[str, list[int | None]] = {}
        self.whole: dict[int, tuple[str, int]] = {}  # by place: the module whose only step it is, and which call of it
        self.places: dict[int, int] = {id(image): IMAGE}
        self._frames = [_Frame("", 0)]
        self._parts = {name for name, module in model.named_modules() if not list(module.children())}
        self._calls = Counter[str]()
        self._kept: list[Any] = [image]  # an id is of one tensor only for as long as that lives
        self._written: dict[int, list[int]] = {}  # by memory: the steps that changed it in place
        self._see = see

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401 (as torch calls it)
        kwargs = kwargs or {}
        inputs = tree_leaves((args, kwargs))
        sources = self._sources(inputs)
        self._calls[function_name(func)] += 1
        output = func(*args, **kwargs)
        if not sources or not _has_numbers(output):
            return output
        plain = (tuple(map(_plain, args)), {key: _plain(each) for key, each in kwargs.items()})
        in_place = any(each is output for each in inputs)
        return self._add(function_name(func), sources, output, plain, in_place)

    def enter(self, call: Call) -> None:
        """Note that a module begins."""
        self._frames.append(_Frame(call.name, len(self.steps)))
        self.outputs.setdefault(call.name, [])

    def leave(self, call: Call) -> Any:  # noqa: ANN401 (as torch has it)
        """Note which step gave the output of a module that returns; if none did, the module is a step itself.

        That is so where its code runs what torch does not show: functions that are compiled (``torch.jit.script``) or
        have a gradient of their own (``autograd.Function``).
        """
        (output, _), hidden = taken_apart(call), False
        if isinstance(output, torch.Tensor) and id(output) not in self.places and _has_numbers(output):
            sources = self._sources(tree_leaves(call.inputs))
            hidden = bool(sources)
            if hidden:
                output = self._add(type(call.module).__name__, sources, output, ((), {}), in_place=False)
        frame, places = self._frames.pop(), self.outputs[call.name]
        place = self.places.get(id(output))
        if call.name in self._parts and place == frame.before == len(self.steps) - 1:
            self.whole[place] = (call.name, len(places))
        places.append(place)
        return output if hidden else None

    def _sources(self, inputs: Sequence[Any]) -> tuple[int, ...]:
        """Give the steps that made the inputs, and those that have changed the memory of one by another name since."""
        known = [each for each in inputs if id(each) in self.places]
        own = [self.places[id(each)] for each in known]
        since = [
            place
            for each, made in zip(known, own, strict=True)
            for place in self._written.get(_memory(each), ())
            if place > made
        ]
        return (*own, *(place for place in dict.fromkeys(since) if place not in own))

    def _add(
        self,
        function: str,
        sources: tuple[int, ...],
        output: Any,  # noqa: ANN401 (whatever functions of torch give)
        arguments: Arguments,
        in_place: bool,
    ) -> Any:  # noqa: ANN401
        several = type(output) is tuple and isinstance(output[0], torch.Tensor)
        replaced = None if self._see is None else self._see(len(self.steps), output[0] if several else output)
        if replaced is not None and in_place:
            output.copy_(replaced)  # the network may go on with its own name for it
        elif replaced is not None:
            output = (replaced, *output[1:]) if several else replaced
        tensors = [each for each in tree_leaves(output) if isinstance(each, torch.Tensor)]
        if in_place and "dropout" not in function:  # outside of training that gives what it takes
            self._written.setdefault(_memory(tensors[0]), []).append(len(self.steps))
        self.places.update(dict.fromkeys(map(id, tensors), len(self.steps)))
        self._kept += tensors
        shape = tuple(tensors[0].shape)
        before = max(0, self._calls[function] - 1)
        self.steps.append(Step("", self._frames[-1].name, function, sources, shape, arguments, before))
        return output


def _memory(tensor: torch.Tensor) -> int:
    """Return what a tensor and its views have in common."""
    return id(tensor if tensor._base is None else tensor._base)


def function_name(func: Callable[..., Any]) -> str:
    """Return what a step calls a function: ``relu`` for ``relu`` and ``relu_``."""
    return getattr(func, "__name__", str(func)).strip("_")


def _has_numbers(output: object) -> bool:
    return any(isinstance(each, torch.Tensor) and each.is_floating_point() for each in tree_leaves(output))


def _plain(argument: object) -> object:
    return None if isinstance(argument, torch.Tensor | nn.Module) else argument


def steps_of(model: nn.Module, example: torch.Tensor) -> Steps:
    """Run a network once and write down its steps.

    Parameters
    ----------
    model
        A classifier. It is run in eval mode; its modes are restored. Tensors on the ``meta`` device will do.
    example
        A batch that it takes; the first image is run.

    Raises
    ------
    InputError
        If its output does not depend on the image.
    """
    example = example[:1]
    with evaluating(model), torch.no_grad(), watching_steps(model, example) as recorder:
        logits = recorder.places.get(id(model(example)))
    if logits is None or logits == IMAGE:
        raise InputError(f"the output of network '{type(model).__name__}' does not depend on the image")
    outputs = {name: tuple(places) for name, places in recorder.outputs.items()}
    names = {
        place: name + (f"_{call}" if len(outputs[name]) > 1 else "") for place, (name, call) in recorder.whole.items()
    }
    return Steps(_named(recorder.steps, names, [name for name, _ in model.named_modules()]), outputs, logits)


@contextmanager
def watching_steps(model: nn.Module, example: torch.Tensor, see: See | None = None) -> Iterator[_Recorder]:
    """Show each step of the passes of one input to a function while the block lasts.

    Parameters
    ----------
    model
        The network.
    example
        The very tensor that the network will be given.
    see
        Is given the place of a step and its output, of several in a tuple the first. What it returns, if not None,
        replaces that.
    """
    recorder = _Recorder(model, example, see)
    inner = [name for name, _ in model.named_modules() if name]
    watched = (watching(model, recorder.enter, inner, before=True), watching(model, recorder.leave, inner))
    with watched[0], watched[1], recorder:
        yield recorder


def _named(steps: Sequence[Step], names: dict[int, str], modules: Sequence[str]) -> tuple[Step, ...]:
    """Give each step a name of its own: its module's, or that of its module and function with a number."""
    taken, counts, found = {*names.values(), *modules}, Counter[str](), []
    for place, step in enumerate(steps):
        name = names.get(place)
        if name is None:
            stem = f"{step.module}.{step.function}" if step.module else step.function
            name = stem
            while name in taken:
                counts[stem] += 1
                name = f"{stem}_{counts[stem]}"
            taken.add(name)
        found.append(replace(step, name=name))
    return tuple(found)
