"""Whether layer-wise relevance propagation has a rule for every step of a network."""

from dataclasses import dataclass

import torch
from torch import nn
from torch.utils._pytree import tree_leaves

from lucidag.explain.relevance.canonizers import MergeBatchNorm
from lucidag.explain.relevance.form import Form, form_of
from lucidag.explain.relevance.forward import HIDDEN, KINDS, ByFunction, LinearCall, Pass
from lucidag.explain.relevance.functions import LINEAR, RULES, Call, Rule
from lucidag.explain.relevance.held import canonized
from lucidag.explain.relevance.passing import faults_behind
from lucidag.explain.relevance.plain_weights import PlainWeights
from lucidag.ground.errors import InputError
from lucidag.models.head import evaluating
from lucidag.models.recorder import watching

ADVICE = (
    "write it with what has a rule (convolutions, linear layers, BatchNorm, ReLU and its like, pooling, sums, "
    "concatenation, gates by a sigmoid), explain a network of such steps (such as 'resnet50'), or leave this one out "
    "of the analyses of relevance"
)


@dataclass(frozen=True)
class Covered:
    """A network all of whose steps have a rule.

    Attributes
    ----------
    form
        Its form.
    linear
        The calls of its linear layers and convolutions, in the order of the forward pass.
    """

    form: Form
    linear: tuple[LinearCall, ...]


def check_covered(model: nn.Module, example: torch.Tensor, rules: dict[str, Rule] = RULES) -> Covered:
    """Make sure that every step from the input to the logits has a rule.

    The network runs in canonical form, and each function that it calls is looked up in the table of rules
    (`lucidag.explain.relevance.functions`). What computes the factors of a gate is not asked, as they are constants to
    relevance.

    Parameters
    ----------
    model
        A classifier; it is left as it is.
    example
        A batch that it takes, on the same device.
    rules
        The rules, by name of function, see `lucidag.explain.relevance.attention`.

    Raises
    ------
    InputError
        If a step has no rule; it is named.
    """
    network = f"network '{type(model).__name__}'"
    for name, module in model.named_modules():
        if isinstance(module, torch.jit.ScriptModule):
            which = f"its module '{name}'" if name else "it"
            raise InputError(f"{network}: {which} is compiled, so that its steps are unknown: {ADVICE}")
    form = form_of(model, example)
    leaf = example[:1].detach().clone().requires_grad_()
    watched = _Watched(model, leaf, form, rules)
    with evaluating(model), canonized(model, [PlainWeights(), MergeBatchNorm(form.merges), watched]):
        inner = [name for name, _ in model.named_modules() if name]
        enter = watching(model, lambda call: watched.stack.append(call.name), inner, before=True)
        leave = watching(model, lambda call: watched.leave(call.name), inner)
        with enter, leave, torch.enable_grad():
            fault = watched.first_fault(model(leaf))
    if fault:
        raise InputError(f"{network}: {fault}: {ADVICE}")
    return Covered(form, tuple(watched.linear))


class _Watched(ByFunction):
    """Runs a network by the rules, and knows where each tensor that depends on the image was made."""

    def __init__(self, model: nn.Module, image: torch.Tensor, form: Form, rules: dict[str, Rule]) -> None:
        super().__init__(rules=rules)
        self.network, self.form = model, form
        self.linear: list[LinearCall] = []
        self.stack = [""]
        self.known = {id(image): image}
        self.behind: set[int] = set()  # ids of what a linear layer ran on the way to
        self.factors: dict[int, tuple[torch.Tensor, str]] = {}

    def copy(self) -> "_Watched":
        """Give this one: it is for one network."""
        return self

    def begin(self) -> Pass:
        """Begin the pass."""
        found = _WatchedPass(self)
        self.factors = found.factors
        return found

    def leave(self, name: str) -> None:
        """Note that a module returns; those that did not, raised."""
        while self.stack.pop() != name:
            pass

    def where(self) -> str:
        """Say whose code runs."""
        name = self.stack[-1]
        return (
            f"module '{name}' ({type(self.network.get_submodule(name)).__name__})" if name else "its forward function"
        )

    def first_fault(self, logits: object) -> str | None:
        """Say what is wrong with the first step behind the logits without a rule."""
        if not isinstance(logits, torch.Tensor):
            return None  # told elsewhere
        if id(logits) in self.factors:
            return f"its output is what '{self.factors[id(logits)][1]}' gave, which has a rule as a factor only"
        if not logits.requires_grad:
            return "its output does not depend on the image in a way that torch has a gradient for"
        if id(logits) not in self.known:
            return f"its output is made {HIDDEN}"
        return next(iter(faults_behind(logits)), None)


class _WatchedPass(Pass):
    def __init__(self, watched: _Watched) -> None:
        super().__init__(None, watched.rules)
        self._watched = watched

    def saw_linear(self, function: str, x: torch.Tensor) -> None:
        name = self._watched.stack[-1]
        self._watched.linear.append(
            LinearCall(
                module=name if name in self._watched.form.layers else None,
                kind=KINDS[function],
                input=x,
                first=id(x) not in self._watched.behind,
            )
        )

    def is_known(self, x: torch.Tensor) -> bool:
        return id(x) in self._watched.known

    def made(self, call: Call, output: object) -> None:
        fresh = {id(each): each for each in tree_leaves(output) if isinstance(each, torch.Tensor)}
        self._watched.known.update(fresh)
        if call.name in LINEAR or any(id(term) in self._watched.behind for term in call.terms):
            self._watched.behind.update(fresh)

    def fault(self, name: str, reason: str) -> str:
        return f"{self._watched.where()} {super().fault(name, reason)}"
