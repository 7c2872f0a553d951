"""A network's functions run by their rules of relevance, for as long as relevance is computed."""

from collections.abc import Callable, Collection, Sequence
from functools import wraps
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_flatten, tree_leaves, tree_unflatten
from zennit.canonizers import Canonizer
from zennit.core import Hook

from lucidag.explain.relevance.functions import RULES, SHAPED, Call, NoRuleError, Rule
from lucidag.explain.relevance.fused import FUSED
from lucidag.explain.relevance.passing import without_rule

RuleOf = Callable[[nn.Module, int], Hook | None]
KINDS: dict[str, type[nn.Module]] = {
    "linear": nn.Linear,
    "conv1d": nn.Conv1d,
    "conv2d": nn.Conv2d,
    "conv3d": nn.Conv3d,
    "conv_transpose1d": nn.ConvTranspose1d,
    "conv_transpose2d": nn.ConvTranspose2d,
    "conv_transpose3d": nn.ConvTranspose3d,
}
HIDDEN = "by code that torch does not show (compiled, or with a gradient of its own)"
GIVES_TENSORS = frozenset({"T", "mT", "H", "mH", "data", "real"})  # attributes of a tensor


class LinearCall(NamedTuple):
    """One call of a convolution or linear layer on what depends on the image.

    Attributes
    ----------
    module
        The module of torch that it is all of; None where other code calls the function.
    kind
        The class of such modules.
    input
        What it was given.
    first
        Whether no other such layer ran on the way to it from the image.
    """

    module: str | None
    kind: type[nn.Module]
    input: torch.Tensor
    first: bool


class ByFunction(Canonizer):
    """Gives every function that a network calls its rule, by `lucidag.explain.relevance.functions`.

    That is so in calls of the network itself while the canonizer is applied, and where gradients are on. Parameters
    are constants meanwhile: what needs a gradient depends on the image.

    Parameters
    ----------
    layers
        Linear layers and convolutions whose rule hooks on the module; functions inside of them are left alone.
    rule_of
        Gives the hook for another call of such a layer, from a module of torch's class and the number of linear
        layers that ran before; None: all are left alone.
    rules
        The rules, by name of function, see `lucidag.explain.relevance.attention`.
    """

    def __init__(
        self, layers: Collection[str] = (), rule_of: RuleOf | None = None, rules: dict[str, Rule] = RULES
    ) -> None:
        self.layers, self.rule_of, self.rules = layers, rule_of, rules
        self.running: Pass | None = None

    def apply(self, root_module: nn.Module) -> list[Canonizer]:
        """Change one network."""
        instance = self.copy()
        instance.register(root_module)
        return [instance]

    def register(self, model: nn.Module) -> None:
        """Hold a network's parameters constant, and its functions to their rules in each of its calls."""
        self.model = model
        self.learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
        self.before = {"forward": vars(model)["forward"]} if "forward" in vars(model) else {}
        for parameter in self.learning:
            parameter.requires_grad_(False)
        forward = model.forward

        @wraps(forward)
        def by_rules(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 (whatever the network takes and gives)
            if self.running is not None:
                return forward(*args, **kwargs)
            self.running = self.begin()
            try:
                with self.running:
                    return forward(*args, **kwargs)
            finally:
                self.running = None

        model.forward = by_rules
        modules = [model.get_submodule(name) for name in self.layers]
        self.handles = [module.register_forward_pre_hook(self._enter) for module in modules]
        self.handles += [module.register_forward_hook(self._leave) for module in modules]

    def remove(self) -> None:
        """Undo it."""
        for handle in self.handles:
            handle.remove()
        del self.model.forward
        vars(self.model).update(self.before)
        for parameter in self.learning:
            parameter.requires_grad_()

    def copy(self) -> "ByFunction":
        """Give one for another network."""
        return type(self)(self.layers, self.rule_of, self.rules)

    def begin(self) -> "Pass":
        """Begin a pass."""
        return Pass(self.rule_of, self.rules)

    def _enter(self, _: nn.Module, inputs: tuple[Any, ...]) -> None:
        if self.running is not None:
            self.running.enter(inputs)

    def _leave(self, *_: object) -> None:
        if self.running is not None:
            self.running.inside = False


class Pass(TorchFunctionMode):
    """One forward pass by the rules.

    Attributes
    ----------
    inside
        Whether a layer runs whose rule hooks on its module.
    linear
        How many linear layers have run.
    factors
        By id, the tensors that count as constants, with the name of the function that first made one of each; they
        are kept, as an id is of one tensor only for as long as that lives.
    """

    def __init__(self, rule_of: RuleOf | None, rules: dict[str, Rule]) -> None:
        super().__init__()
        self.inside, self.linear = False, 0
        self._rule_of, self._rules = rule_of, rules
        self._places = 0
        self.factors: dict[int, tuple[torch.Tensor, str]] = {}

    def enter(self, inputs: Sequence[Any]) -> None:
        """Note that a layer begins whose rule hooks on its module."""
        self.inside = True
        self.linear += _depends(inputs[0])

    def saw_linear(self, function: str, x: torch.Tensor) -> None:
        """Look at the function of a linear layer, and at what it is given."""

    def is_known(self, x: torch.Tensor) -> bool:
        """Tell whether what depends on the image is the image, or was made by a function that was seen."""
        return True

    def made(self, call: Call, output: object) -> None:
        """Look at what a function made of what depends on the image."""

    def fault(self, name: str, reason: str) -> str:
        """Write the sentence about a function without a rule."""
        return f"computes '{name}'{'' if reason.startswith(',') else ' '}{reason}"

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401 (as torch calls it)
        kwargs = kwargs or {}
        raw = _name(func)
        if raw is None or self.inside or not torch.is_grad_enabled():
            return func(*args, **kwargs)
        leaves, spec = tree_flatten((args, kwargs))
        name = raw.strip("_")
        if name in SHAPED:
            leaves[1:] = [each.detach() if isinstance(each, torch.Tensor) else each for each in leaves[1:]]
        variables = tuple(place for place, each in enumerate(leaves) if _depends(each))
        factors = tuple(place for place, each in enumerate(leaves) if id(each) in self.factors and not _depends(each))
        if not variables:
            output = func(*args, **kwargs)
            if factors:
                self._are_factors(output, self.factors[id(leaves[factors[0]])][1])
            return output
        in_place = _in_place(raw, kwargs)
        target = leaves[0] if in_place and variables[0] != 0 else None
        if isinstance(target, torch.Tensor):  # a constant that becomes a variable
            leaves[0], in_place = target.clone(), False
        call = Call(func, name, tuple(leaves), spec, variables, factors, in_place, self.linear == 0, self._run_linear)
        output = self._run(call)
        if isinstance(target, torch.Tensor) and isinstance(output, torch.Tensor):
            output = target.copy_(output)
        self.made(call, (output, leaves[0]) if in_place or output is None else output)
        return output

    def _run(self, call: Call) -> Any:  # noqa: ANN401
        """Run a function by its rule; without one, it runs and refuses relevance."""
        self._places += 1
        rule = self._rules.get(call.name)
        parts = None if call.in_place else FUSED.get(call.name)
        try:
            if not all(map(self.is_known, call.terms)):
                raise NoRuleError(f"of something made {HIDDEN}")
            if parts is not None:
                return self._run_parts(call, parts)
            if rule is None:
                raise NoRuleError
            if call.factors and not rule.takes_factors:
                origin = self.factors[id(call.leaves[call.factors[0]])][1]
                raise NoRuleError(f"with what '{origin}' gave, which has a rule as a factor only")
            output = rule.apply(call)
        except NoRuleError as error:
            reason = str(error) or ", which has no rule"
            output = self._refused(call, reason)
        else:
            if not any(map(_depends, tree_leaves(output))):
                self._are_factors(output, call.name)
        return output

    def _run_parts(self, call: Call, parts: Callable[..., Any]) -> Any:  # noqa: ANN401
        """Run what a function is made of, each part by its rule."""
        args, kwargs = call.arguments
        with self:  # torch holds a mode off while it handles a function
            return parts(*args, **kwargs)

    def _refused(self, call: Call, reason: str) -> Any:  # noqa: ANN401
        output = call.run()
        sentence = self.fault(call.name, reason)
        own = call.leaves[0]
        if call.in_place:
            return without_rule(own, sentence, self._places, True) if _depends(own) else output
        leaves, spec = tree_flatten(output)
        refused = [without_rule(each, sentence, self._places, False) if _depends(each) else each for each in leaves]
        return tree_unflatten(refused, spec)

    def _are_factors(self, output: Any, origin: str) -> None:  # noqa: ANN401
        for each in tree_leaves(output):
            if isinstance(each, torch.Tensor) and each.is_floating_point():
                self.factors[id(each)] = (each, origin)

    def _run_linear(self, call: Call) -> torch.Tensor:
        x = call.terms[0]
        module = _module_of(call)
        template = None if self._rule_of is None else self._rule_of(module, self.linear)
        self.saw_linear(call.name, x)
        self.linear += 1
        if template is None:
            plain: torch.Tensor = call.run()
            return plain
        template.copy().register(module)
        by_rule: torch.Tensor = module(x)
        return by_rule


def _module_of(call: Call) -> nn.Module:
    """Give a module of torch's class for a call of its function: zennit's rules change a module's parameters."""
    kind = KINDS[call.name]
    module = kind.__new__(kind)
    nn.Module.__init__(module)
    for place, name in ((1, "weight"), (2, "bias")):
        value = call.argument(place, name)
        value = None if value is None else nn.Parameter(value.detach(), requires_grad=False)
        module.register_parameter(name, value)
    args, kwargs = call.arguments
    others = {key: each for key, each in kwargs.items() if key not in ("input", "weight", "bias")}
    module.forward = lambda x: call.function(x, module.weight, module.bias, *args[3:], **others)
    return module


def _name(function: Callable[..., Any]) -> str | None:
    """Return a function's name; None for what gives no numbers."""
    name = getattr(function, "__name__", str(function)).split(".")[0]
    if name != "__get__":
        return None if name in ("__set__", "__delete__") else name
    attribute = getattr(getattr(function, "__self__", None), "__name__", "")
    return attribute if attribute in GIVES_TENSORS else None


def _in_place(raw: str, kwargs: dict[str, Any]) -> bool:
    augmented = raw in ("__iadd__", "__isub__", "__imul__", "__idiv__", "__itruediv__", "__imatmul__", "__ipow__")
    return augmented or (raw.endswith("_") and not raw.startswith("_")) or kwargs.get("inplace") is True


def _depends(x: object) -> bool:
    return isinstance(x, torch.Tensor) and x.requires_grad
