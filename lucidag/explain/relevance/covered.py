"""Whether layer-wise relevance propagation has a rule for every step of a network."""

from collections import Counter

import torch
from torch import fx, nn
from torch.nn import functional
from torchvision.ops import StochasticDepth
from zennit.canonizers import MergeBatchNorm
from zennit.layer import Sum
from zennit.types import AvgPool, BatchNorm, Linear

from lucidag.explain.relevance.canonizers import Gate, canonized, canonizers
from lucidag.explain.relevance.computes import computes_as_its_class
from lucidag.ground.errors import InputError, first_line
from lucidag.models.head import evaluating

# Of zennit's activations only those through which relevance can pass unchanged: 0 stays 0, and no sign changes.
ACTIVATIONS = (nn.ReLU, nn.ReLU6, nn.LeakyReLU)
POOLINGS = (nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d, nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool2d, nn.AdaptiveMaxPool3d)
# In eval mode these change no number.
IDENTITIES = (nn.Identity, nn.Flatten, nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, StochasticDepth)
SHARING = (Linear, AvgPool, Sum)  # rules that keep the input of one call
KNOWN = (Linear, AvgPool, BatchNorm, *ACTIVATIONS, *POOLINGS, *IDENTITIES)
# What moves numbers and changes none, and ReLU, whose gradient is zero only where relevance is.
FUNCTIONS = (torch.flatten, torch.reshape, torch.relu, functional.relu, torch.cat)
METHODS = ("flatten", "reshape", "view", "contiguous", "relu", "relu_")
SHAPES = ("size", "dim")

ADVICE = (
    "explain a network of convolutions with BatchNorm after them, linear layers, ReLU, pooling modules and the "
    "residual blocks of torchvision (such as 'resnet50' or 'lucidag.models.efficientnet:efficientnet_b0_relu'), "
    "write a sum of two branches as `zennit.layer.Sum()(torch.stack([x, y], dim=-1))`, a module of the network, "
    "or leave this one out of the analyses of relevance"
)


def check_covered(model: nn.Module) -> list[str]:
    """Make sure that every step from the input to the logits has a rule.

    torch.fx writes the network down in canonical form, and the steps are followed back from the logits; what computes
    the factors of a gate is not followed, as they are constants to relevance. A network whose code torch.fx cannot
    follow is refused, since nothing is known then of sums and products outside its modules: those double or lose
    relevance without a word.

    Returns
    -------
    The names of the modules that relevance goes back through, in the order in which they are called.

    Raises
    ------
    InputError
        If a module or an operation has no rule; it is named.
    """
    with evaluating(model), canonized(model, canonizers()) as applied:
        tracer = _Tracer()
        try:
            # torch.fx runs the network's own code on stand-ins, and that can raise anything.
            graph = tracer.trace(model)
        except Exception as error:
            raise InputError(_not_followed(model, error)) from error
        merged = {each.batch_norm: tuple(each.linears) for each in applied if isinstance(each, MergeBatchNorm)}
        modules = dict(model.named_modules())
        path = _path_of_relevance(graph, modules)
        calls = Counter(modules[str(node.target)] for node in path if node.op == "call_module")
        for node in path:
            fault = _fault(node, modules, merged, calls)
            if fault:
                raise InputError(f"network '{type(model).__name__}': {fault}: {ADVICE}")
    return [str(node.target) for node in path if node.op == "call_module"]


class _Tracer(fx.Tracer):
    """Looks into every module that has parts, except torch's own."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        whole = not list(m.children()) and not isinstance(m, nn.Sequential)
        return whole or bool(super().is_leaf_module(m, module_qualified_name))


def _path_of_relevance(graph: fx.Graph, modules: dict[str, nn.Module]) -> list[fx.Node]:
    """Give the steps that relevance goes back through, in forward order."""
    waiting = [node for node in graph.nodes if node.op == "output"]
    found = set(waiting)
    while waiting:
        node = waiting.pop()
        gate = node.op == "call_module" and isinstance(modules[str(node.target)], Gate)
        sources = [each for each in node.args[:1] if isinstance(each, fx.Node)] if gate else node.all_input_nodes
        fresh = {source for source in sources if source not in found and not _is_shape(source)}
        found |= fresh
        waiting += fresh
    return [node for node in graph.nodes if node in found and node.op not in ("placeholder", "output")]


def _is_shape(node: fx.Node) -> bool:
    """Tell whether a step gives sizes and no tensor."""
    if node.op == "call_method":
        return node.target in SHAPES
    if node.op == "call_function" and node.target is getattr:
        return bool(node.args[1] == "shape")
    sources = node.all_input_nodes
    return node.op == "call_function" and len(sources) > 0 and all(_is_shape(source) for source in sources)


def _fault(
    node: fx.Node,
    modules: dict[str, nn.Module],
    merged: dict[nn.Module, tuple[nn.Module, ...]],
    calls: Counter[nn.Module],
) -> str | None:
    """Say what is wrong with a step, or None."""
    if node.op != "call_module":
        operation = node.target if isinstance(node.target, str) else getattr(node.target, "__name__", str(node.target))
        return None if _harmless(node, modules) else f"{_place(node)} computes '{operation}', which has no rule"
    name, module = str(node.target), modules[str(node.target)]
    what = f"module '{name}' ({type(module).__name__})"
    if isinstance(module, KNOWN) and not computes_as_its_class(module, KNOWN):
        return f"{what} has a forward function or a weight of its own, which the rule of its class does not fit"
    if isinstance(module, SHARING):
        # zennit's rule keeps the input of the last call only, and would use it for all.
        return f"{what} is called {calls[module]} times, and its rule works for one call" if calls[module] > 1 else None
    if isinstance(module, BatchNorm):
        if _follows(node, modules, merged.get(module, ())):
            return None
        return f"{what} does not follow a linear layer or convolution of its own, so it cannot be merged into one"
    if isinstance(module, (*ACTIVATIONS, *POOLINGS, *IDENTITIES, Gate)):
        return None
    return f"{what} has no rule for relevance"


def _harmless(node: fx.Node, modules: dict[str, nn.Module]) -> bool:
    if node.op == "call_method":
        return node.target in METHODS
    if node.op != "call_function":
        return False
    if node.target is torch.stack:
        # As the canonizers write a sum.
        return all(user.op == "call_module" and isinstance(modules[str(user.target)], Sum) for user in node.users)
    return node.target in FUNCTIONS


def _follows(node: fx.Node, modules: dict[str, nn.Module], linears: tuple[nn.Module, ...]) -> bool:
    """Tell whether the BatchNorm of a step gets the output of the layer that it was merged into, and alone."""
    source = node.all_input_nodes[0]
    return source.op == "call_module" and modules[str(source.target)] in linears and len(source.users) == 1


def _place(node: fx.Node) -> str:
    stack = list((node.meta.get("nn_module_stack") or {}).values())
    inner = [f"module '{name}' ({kind.__name__})" for name, kind in stack if name]
    return inner[-1] if inner else "its forward function"


def _not_followed(model: nn.Module, error: Exception) -> str:
    """Say why a network is refused whose code cannot be followed: a module without a rule where there is one."""
    known = (*SHARING, BatchNorm, *ACTIVATIONS, *POOLINGS, *IDENTITIES, Gate)
    network = f"network '{type(model).__name__}'"
    for name, module in model.named_modules():
        own = type(module).__module__.startswith("torch.nn")
        leaf = own and not isinstance(module, nn.Sequential | nn.ModuleList | nn.ModuleDict)
        if leaf and name and not isinstance(module, known):
            return f"{network}: module '{name}' ({type(module).__name__}) has no rule for relevance: {ADVICE}"
    why = first_line(error)
    return f"{network} has code that torch.fx cannot follow ({why}), so its rules for relevance are unknown: {ADVICE}"
