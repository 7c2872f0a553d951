"""The layers of a network whose units are looked at where none are named."""

from collections.abc import Sequence
from dataclasses import replace

from lucidag.models.layers import IMAGE, Kind, Layer, Layers
from lucidag.models.penultimate import penultimate_layers

BLOCKS = 3
SAYING: tuple[Kind, ...] = ("maps", "channels last")
FOUR_AXES: tuple[Kind, ...] = (*SAYING, "points")
PASSING = ("flatten", "dropout", "reshape", "view", "squeeze")


def own_layers(layers: Layers, head: str | None, added: Sequence[str] = ()) -> tuple[list[str], str | None]:
    """Name the layers of a network whose units are looked at where none are named.

    These are its last blocks with maps: of the modules beside the last that says where (its maps have more than one
    pixel) those that are made of others, as ``layer2``, ``layer3`` and ``layer4`` of a ResNet; where there are fewer
    than two, for each size of the maps the last of the outermost modules, as the ReLUs before the last three poolings
    of a VGG. A transformer has its last blocks: modules side by side that every path goes through, each made of others,
    whose tokens lie on the image. A network without either has the last layer of N x K numbers before its head. Where
    none of these gives the units in front of the head, the layer that does comes after them, so that these units are
    labelled too: it may be a function, such as ``relu_1``.

    Parameters
    ----------
    layers
        The layers of the network.
    head
        The last layer, linear or a convolution of 1 x 1, which is the last of them; None: there is none.
    added
        The modules that a network has added to a published one (``additions``): these are none of its blocks.

    Returns
    -------
    layers, block
        At most three, the layer of the units in front of the head, and the head, in forward order; and the last of
        the three that leads to the logits by more than a class token, None if there is none.
    """
    last = layers.of_module(head) if head is not None else None
    before = layers.steps if last is None else layers.steps[: last.place]
    found = _outermost(layers, before, SAYING, added)
    if not found or any(layer.gives_tokens() for layer in layers.trunk if layer.place > found[-1].place):
        blocks = _token_blocks(layers, added) or _vectors(layers, head, added)
    else:
        blocks = _siblings(_outermost(layers, before, FOUR_AXES, added), found[-1].name, layers) or _by_size(found)
    own = [head] if head is not None else []
    read = [name for name in blocks if (layer := layers.of_module(name)) is None or layer.read]
    return blocks + _in_front(layers, head, blocks) + own, read[-1] if read else None


def _in_front(layers: Layers, head: str | None, blocks: Sequence[str]) -> list[str]:
    """Name the layer of the units in front of the head, where none of the blocks is that."""
    given = [layer for layer in penultimate_layers(layers, head) if layer.kind is not None]
    places = {layer.place for layer in given}
    known = [layer for layer in map(layers.of_module, blocks) if layer is not None]
    return [given[0].name] if given and not any(layer.place in places for layer in known) else []


def _outermost(layers: Layers, steps: Sequence[Layer], kinds: Sequence[Kind], added: Sequence[str]) -> list[Layer]:
    """List the modules that run once and give what one of some steps gives, of some kinds, in forward order.

    Those that only pool are left out. Of several that give the same tensor it is the outermost; of several of these
    the last, as a dropout that does nothing here.
    """
    last: dict[int, str] = {}
    for name, places in layers.modules.items():
        place = _made_at(layers, places[0]) if len(places) == 1 else None
        if place is not None and name.split(".")[0] not in added:
            before = last.get(place)
            if before is None or not name.startswith(f"{before}."):
                last[place] = name
    return [
        replace(layer, name=last[layer.place])
        for layer in steps
        if layer.place in last and layer.kind in kinds and not (layer.pooling and layer.step in layers.modules)
    ]


def _made_at(layers: Layers, place: int | None) -> int | None:
    """Go back through what changes no number outside of training; None where the image is what is left."""
    while place not in (None, IMAGE) and "dropout" in layers.steps[place].function:
        place = layers.steps[place].sources[0]
    return None if place == IMAGE else place


def _token_blocks(layers: Layers, added: Sequence[str]) -> list[str]:
    """Return the last blocks of a transformer: of all modules side by side they are the most.

    They are on every path; where none is, as in a network whose own code adds up what its modules give, beside it.
    """
    made = {name.rpartition(".")[0] for name in layers.modules}
    known = {name: layer for name in layers.modules if (layer := layers.of_module(name)) is not None}
    placed = [
        replace(layer, name=name)
        for name, layer in known.items()
        if name in made and name.split(".")[0] not in added and layer.grid is not None and layer.leads
    ]
    beside: dict[str, list[Layer]] = {}
    for layer in [layer for layer in placed if layer.trunk] or placed:
        beside.setdefault(layer.name.rpartition(".")[0], []).append(layer)
    groups = [sorted(group, key=lambda layer: layer.place) for group in beside.values()]
    most = max(groups, key=lambda group: (len(group), group[-1].name.count("."), group[-1].place), default=[])
    return [layer.name for layer in most][-BLOCKS:]


def _siblings(found: Sequence[Layer], last: str, layers: Layers) -> list[str]:
    """Return the last blocks beside a layer, it among them; a block of small images may have maps of one pixel."""
    outer = last.rpartition(".")[0]
    made = {name.rpartition(".")[0] for name in layers.modules}
    names = [layer.name for layer in found if layer.name.rpartition(".")[0] == outer and layer.name in made]
    return names[-BLOCKS:] if last in names and len(names) > 1 else []


def _by_size(found: Sequence[Layer]) -> list[str]:
    """Return the last of the outermost layers of each size of map, as long as maps are square as frames are."""
    square = [layer for layer in found if layer.extent[0] == layer.extent[1]] or found
    last: dict[tuple[int, int], Layer] = {}
    for layer in square:
        before = last.get(layer.extent)
        if before is None or layer.name.count(".") <= before.name.count("."):
            last[layer.extent] = layer
    return [layer.name for layer in sorted(last.values(), key=lambda layer: layer.place)][-BLOCKS:]


def _vectors(layers: Layers, head: str | None, added: Sequence[str]) -> list[str]:
    """Return the last layer of N x K numbers before the head."""
    place = layers.modules[head][0] if head is not None else None
    names = [
        layer.name
        for layer in layers.steps[:place]
        if layer.kind == "vectors"
        and layer.name in layers.modules
        and layer.name.split(".")[0] not in added
        and not layer.function.endswith(PASSING)
    ]
    return names[-1:]
