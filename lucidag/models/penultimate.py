"""The layers whose units are those in front of the last layer, as the description of a network shows them."""

from math import prod

from lucidag.models.layers import IMAGE, Layer, Layers

PASSING = ("flatten", "dropout", "reshape", "view", "squeeze", "getitem", "contiguous", "clone", "permute")
AVERAGES = ("mean", "avg_pool2d")


def penultimate_layers(layers: Layers, head: str | None) -> list[Layer]:
    """List the layers whose output, averaged over its places, is what the last layer takes; the first to run first.

    Parameters
    ----------
    layers
        The layers of the network.
    head
        The last linear layer, or the convolution of 1 x 1 that classifies; None: there is none.
    """
    last = None if head is None else layers.of_module(head)
    if last is None:
        return []
    found: list[Layer] = []
    place = last.sources[0]
    while place != IMAGE:
        layer = layers.steps[place]
        if layer.axis is None or (found and (layer.units != found[-1].units or not _all_places(layer))):
            break
        found.append(layer)
        if len(layer.sources) != 1 or not layer.function.endswith((*PASSING, *AVERAGES)):
            break
        place = layer.sources[0]
        if place == IMAGE:
            return []  # the last layer takes the image itself
        if layer.function.endswith(PASSING) and prod(layer.shape) != prod(layers.steps[place].shape):
            break  # it picks out one of several places, or counts each as a unit
    return found[::-1]


def _all_places(layer: Layer) -> bool:
    """Tell whether an average over its output is one over the places of its maps: a class token is at none."""
    return not layer.gives_tokens() or (layer.grid is not None and layer.grid.whole)
