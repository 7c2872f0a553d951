"""Whether nothing but global average pooling and one linear layer are downstream of a cut: then weights are known."""

from itertools import pairwise
from typing import Any

import torch
from torch import fx, nn
from torch.nn import functional
from torch.nn.modules.dropout import _DropoutNd

ONE = (1, (1, 1), [1, 1])
SPACE = ({2, 3}, {-2, -1}, {2, -1}, {-2, 3})


def linear_after_pooling(tail: fx.GraphModule) -> nn.Linear | None:
    """Give the linear layer of a tail that is global average pooling, flattening and this layer, in this order.

    Identity, and dropout in eval mode, may stand anywhere between. What each node does is read from the graph, never
    judged by numbers: a network that is written in another way gives None.
    """
    chain = _chain(tail)
    kinds = "".join(_kind(node, tail) for node in chain).replace("-", "")
    if kinds not in ("pl", "pfl"):
        return None
    linear = next(node for node in chain if _kind(node, tail) == "l")
    module = tail.get_submodule(str(linear.target))
    return module if isinstance(module, nn.Linear) else None


def _chain(tail: fx.GraphModule) -> list[fx.Node]:
    """Give the nodes between input and output where each takes just the one before it; else none."""
    nodes = list(tail.graph.nodes)
    return nodes[1:-1] if all(after.all_input_nodes == [before] for before, after in pairwise(nodes)) else []


def _kind(node: fx.Node, tail: fx.GraphModule) -> str:
    """Give p for global average pooling, f for flattening, l for a linear layer, - for nothing, ? for the rest."""
    if node.op == "call_module":
        return _module_kind(tail.get_submodule(str(node.target)))
    if node.target is functional.adaptive_avg_pool2d and _argument(node, 1, "output_size") in ONE:
        return "p"
    if node.target in (torch.mean, "mean") and _is_space(_argument(node, 1, "dim")):
        return "p"
    if node.target in (torch.flatten, "flatten") and _argument(node, 1, "start_dim") == 1:
        return "f" if _argument(node, 2, "end_dim") in (None, -1) else "?"
    if node.target is functional.dropout and _argument(node, 2, "training") is False:
        return "-"
    return "?"


def _module_kind(module: nn.Module) -> str:
    if type(module) is nn.AdaptiveAvgPool2d and module.output_size in ONE:
        return "p"
    if type(module) is nn.Flatten and (module.start_dim, module.end_dim) == (1, -1):
        return "f"
    if type(module) is nn.Linear:
        return "l"
    idle = type(module) is nn.Identity or (isinstance(module, _DropoutNd) and not module.training)
    return "-" if idle else "?"


def _is_space(axes: object) -> bool:
    return isinstance(axes, list | tuple) and len(axes) == 2 and set(axes) in SPACE


def _argument(node: fx.Node, place: int, name: str) -> Any:  # noqa: ANN401 (as torch.fx has it)
    return node.args[place] if len(node.args) > place else node.kwargs.get(name)
