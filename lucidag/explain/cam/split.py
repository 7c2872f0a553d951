"""A network cut at a layer: one forward pass up to there, and what is downstream of it as a function of its output."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import torch
from torch import fx, nn
from torch.nn import functional
from torch.nn.modules.dropout import _DropoutNd

from lucidag.ground.errors import InputError, first_line
from lucidag.models.engine import TOLERANCE, engine_of
from lucidag.models.fast import accelerate
from lucidag.models.layers import Layer
from lucidag.models.steps import watching_steps

Tail = Callable[[torch.Tensor], torch.Tensor]

# Global average pooling: its output sizes, and the axes of a mean.
ONE = (1, (1, 1), [1, 1])
SPACE = ({2, 3}, {-2, -1}, {2, -1}, {-2, 3})


@dataclass(frozen=True)
class Point:
    """One image's forward pass, cut at the layer.

    Attributes
    ----------
    activations
        What the layer gives, 1 x K x H x W, before anything after it has changed it in place. (pytorch-grad-cam keeps
        no copy of its own on a CPU: a BatchNorm in front of an in-place ReLU then shows what the ReLU made of it.)
    tail
        From activations (B x K x H x W, on the same device) to logits (B x C); whatever else the rest of the network
        takes from before the layer is that of this image. Differentiable; its argument is left as it is.
    """

    activations: torch.Tensor
    tail: Tail


@dataclass(frozen=True)
class Split:
    """A network cut at a layer.

    Attributes
    ----------
    layer
        Its name.
    at
        From one image (1 x C x S x S) to its `Point`; no gradients flow into the part before the layer.
    head
        The linear layer, where nothing but global average pooling and it are downstream of the cut; else None.
    traced
        Whether the tail runs only what is downstream of the layer; if not, it runs the whole network.
    """

    layer: str
    at: Callable[[torch.Tensor], Point]
    head: nn.Linear | None
    traced: bool


def split(model: nn.Module, example: torch.Tensor, layer: Layer) -> Split:
    """Cut a network at a layer that gives maps: the output of a module, or of a function that its code calls.

    torch.fx writes the network down as a graph; the tail is the part of it that depends on the layer's output. Values
    that it takes from before the layer (the skip connection around an inner layer) are kept from the one forward pass.
    The tail is compared with the whole network whose layer has its output replaced by a hook; where torch.fx cannot
    follow the network's code or the two differ, that slower way is taken, and one line on standard error says so.

    Parameters
    ----------
    model
        The network as `lucidag.models.fast.frozen` gives it. It is part of what is returned.
    example
        A batch that it takes, on its device.
    layer
        What `lucidag.explain.cam.layers` found.

    Raises
    ------
    InputError
        If the network gives no N x C logits.
    """
    found = _split(model, example[:1], layer)
    return found if layer.kind == "maps" else _units_first(found, layer)


def _units_first(found: Split, layer: Layer) -> Split:
    """Show the units of a layer that gives N x H x W x K or tokens in axis 1; tokens beside the image's stay."""

    def at(x: torch.Tensor) -> Point:
        point = found.at(x)
        given = point.activations
        return Point(layer.units_first(given), lambda batch: point.tail(layer.as_given(batch, given)))

    return replace(found, at=at, head=None)


def _split(model: nn.Module, image: torch.Tensor, layer: Layer) -> Split:
    whole = Split(layer.name, _hooked(model, layer), head=None, traced=False)
    point = whole.at(image)
    pair = torch.cat([point.activations, 0.5 * point.activations], layer.images)
    with torch.no_grad():
        truth = point.tail(pair)
    if not isinstance(truth, torch.Tensor) or truth.ndim != 2:
        raise InputError(f"network '{type(model).__name__}' must give N x classes logits to be explained")
    if layer.images:  # what is kept of a pass is made a batch of along its first axis
        return whole
    try:
        # torch.fx runs the network's own code on stand-ins, and that can raise anything.
        found = _traced(model, layer.name, image, pair, truth)
    except Exception as error:
        name, why = type(model).__name__, first_line(error)
        print(f"network '{name}' cannot be cut at '{layer.name}' ({why}): all of it runs", file=sys.stderr, flush=True)
        return whole
    return found


def _traced(model: nn.Module, layer: str, image: torch.Tensor, pair: torch.Tensor, truth: torch.Tensor) -> Split:
    """Cut by torch.fx; `truth` are the logits of the activations `pair` on this image."""
    parts = _cut(model, *_graph(model, layer))
    # forward(): calling a graph that fails prints the whole traceback before it raises.
    with torch.no_grad():
        _, *kept = parts.stem.forward(image)
        apart = (parts.tail.forward(pair.clone(), *parts.batch(kept, len(pair))) - truth).abs().max()
        if apart > TOLERANCE * truth.abs().max():
            raise ValueError(f"its parts together miss its logits by {float(apart):.1g}")
        fast = accelerate(parts.tail, pair, *parts.batch(kept, len(pair)), engine=engine_of(model))

    def at(x: torch.Tensor) -> Point:
        with torch.no_grad():
            activations, *kept = parts.stem(x)
        return Point(activations, lambda batch: fast(batch.clone(), *parts.batch(kept, len(batch))))

    return Split(layer, at, _linear_after_pooling(parts.tail), traced=True)


@dataclass(frozen=True)
class _Parts:
    """A graph in two: `stem` gives the layer's output and what is kept of the pass; `tail` takes these.

    `by_image` says of each kept value whether it depends on the image or on parameters only.
    """

    stem: fx.GraphModule
    tail: fx.GraphModule
    by_image: tuple[bool, ...]

    def batch(self, kept: Sequence[Any], count: int) -> list[Any]:
        """Give what was kept of one image for a batch: in copies, as the network may change them in place."""
        return [
            torch.cat([value] * count) if varies and isinstance(value, torch.Tensor) and value.ndim else value
            for value, varies in zip(kept, self.by_image, strict=True)
        ]


def _graph(model: nn.Module, layer: str) -> tuple[fx.Graph, list[fx.Node]]:
    """Write a network down as a graph, and give the nodes in it that are the layer."""
    module = dict(model.named_modules()).get(layer)
    if module is None:
        from torchvision.models.feature_extraction import NodePathTracer  # here, as it takes seconds

        named = NodePathTracer()
        graph = named.trace(model)
        return graph, [node for node in graph.nodes if named.node_to_qualname.get(node) == layer]
    graph = _Tracer(module).trace(model)
    calls = [node for node in graph.nodes if node.op == "call_module"]
    return graph, [node for node in calls if model.get_submodule(str(node.target)) is module]


def _cut(model: nn.Module, graph: fx.Graph, cuts: list[fx.Node]) -> _Parts:
    if len(cuts) != 1:
        raise ValueError(f"its graph has the layer {len(cuts)} times")
    behind = _depending(graph, cuts)
    if all(node.op != "output" for node in behind):
        raise ValueError("its graph has no way from the layer to the logits")
    of_image = _depending(graph, [node for node in graph.nodes if node.op == "placeholder"], themselves=True)
    before = [node for node in graph.nodes if node not in behind and node.op != "output"]
    kept = [node for node in before if node is not cuts[0] and behind.keys() & node.users.keys()]
    stem, tail = fx.Graph(), fx.Graph()
    known = _copy(before, stem, {})
    stem.output((known[cuts[0]], *(known[node] for node in kept)))
    inputs = {node: tail.placeholder(f"input_{place}") for place, node in enumerate([cuts[0], *kept])}
    _copy(list(behind), tail, inputs)
    return _Parts(fx.GraphModule(model, stem), fx.GraphModule(model, tail), tuple(node in of_image for node in kept))


def _depending(graph: fx.Graph, sources: Sequence[fx.Node], themselves: bool = False) -> dict[fx.Node, None]:
    """Give the nodes that depend on one of `sources`, in order."""
    found = dict.fromkeys(sources)
    for node in graph.nodes:
        if any(source in found for source in node.all_input_nodes):
            found[node] = None
    return found if themselves else {node: None for node in found if node not in sources}


def _copy(nodes: list[fx.Node], into: fx.Graph, known: dict[fx.Node, fx.Node]) -> dict[fx.Node, fx.Node]:
    known = dict(known)
    for node in nodes:
        known[node] = into.node_copy(node, known.__getitem__)
    return known


class _Tracer(fx.Tracer):
    """Takes the layer as one piece, and looks into every module that holds it."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self._layer = layer

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        if any(part is self._layer for part in m.modules()):
            return m is self._layer
        return super().is_leaf_module(m, module_qualified_name)


def _hooked(model: nn.Module, layer: Layer) -> Callable[[torch.Tensor], Point]:
    def at(x: torch.Tensor) -> Point:
        seen: dict[int, torch.Tensor] = {}

        def keep(at: int, output: torch.Tensor) -> None:
            if at == layer.place:
                seen[at] = output.clone()

        with torch.no_grad(), watching_steps(model, x, keep):
            model(x)

        def tail(batch: torch.Tensor) -> torch.Tensor:
            images = torch.cat([x] * batch.shape[layer.images])
            with watching_steps(model, images, lambda at, _: batch.clone() if at == layer.place else None):
                logits: torch.Tensor = model(images)
            return logits

        return Point(seen[layer.place], tail)

    return at


def _linear_after_pooling(tail: fx.GraphModule) -> nn.Linear | None:
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
    if node.target in (torch.mean, "mean"):
        axes = _argument(node, 1, "dim")
        return "p" if isinstance(axes, list | tuple) and len(axes) == 2 and set(axes) in SPACE else "?"
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


def _argument(node: fx.Node, place: int, name: str) -> Any:  # noqa: ANN401 (as torch.fx has it)
    return node.args[place] if len(node.args) > place else node.kwargs.get(name)
