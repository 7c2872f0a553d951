"""The layers that class activation maps take, and which one is taken where none is named."""

from lucidag.ground.errors import InputError
from lucidag.models.layers import NO_GRID, Layer, Layers, Takes
from lucidag.models.layers import find_layer as find
from lucidag.models.needs import Needs

TAKES = Takes(kinds=("maps", "channels last", "tokens"), functions=True, leads=True)

NEEDS = Needs("class activation maps", "explain.methods", "any", TAKES)


def explained_layer(layers: Layers, name: str | None) -> Layer:
    """Give the layer of a name, or `default_layer` where none is named; raises as `find_layer` and that."""
    return default_layer(layers) if name is None else find_layer(layers, name)


def find_layer(layers: Layers, name: str) -> Layer:
    """Find a layer that can be explained; raises as `lucidag.models.layers.find_layer`."""
    return find(layers, name, TAKES)


def default_layer(layers: Layers) -> Layer:
    """Give the last layer of a network that says where.

    That is the last step, other than a pooling, that gives maps of more than one pixel and that every path from the
    image to the logits goes through: a step inside of a branch shows a part of the evidence only. It is named after
    the outermost module that gives this very tensor, or as `lucidag.models.steps.Step` says: ``layer4`` of a ResNet,
    ``features`` of a MobileNet, the ReLU before the last pooling of a VGG, the function ``relu`` of a DenseNet. Tokens
    are maps, as long as those of the image lead to the logits: of a transformer that reads its class token it is the
    last block but one, as behind the last attention nothing of the other tokens counts.

    Raises
    ------
    InputError
        If no layer gives such maps, or the network goes on after the last that does with tokens (N x T x D) that lie
        nobody knows where on the image.
    """
    network = f"network '{layers.network}'"
    if layers.fault is not None:
        raise InputError(layers.fault)
    found = [layer for layer in layers.trunk if TAKES.will_do(layer) and not _picked(layer)]
    if not found:
        cure = f": {NO_GRID}" if any(layer.gives_tokens() and layer.grid is None for layer in layers.trunk) else ""
        raise InputError(f"{network}: no layer gives maps ({TAKES.words}), so it has no class activation maps{cure}")
    later = [layer for layer in layers.trunk if layer.place > found[-1].place and not _picked(layer)]
    behind = [layer for layer in later if layer.gives_tokens()]
    unplaced = any(layer.grid is None for layer in behind)
    if unplaced or (behind and not found[-1].gives_tokens()):
        why = f"{NO_GRID}; or" if unplaced else "those of the image lead to no logit:"
        raise InputError(
            f"{network} goes on with tokens (N x T x D) after '{found[-1].name}', its last layer with maps, and {why} "
            "name the layer to be explained yourself, if one will do"
        )
    return found[-1]


def _picked(layer: Layer) -> bool:
    """Tell whether it only picks out tokens of the layer before it, whose module is the better name."""
    return layer.gives_tokens() and layer.function == "getitem"
