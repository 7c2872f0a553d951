"""A network with the weights of a checkpoint."""

from collections.abc import Mapping
from typing import Any

from lucidag.models.network import Network, open_network
from lucidag.models.weights import load_checkpoint, read_classes


def open_trained(settings: Mapping[str, Any], checkpoint: str, needs_head: bool = False) -> tuple[Network, list[str]]:
    """Open a network with its weights.

    Parameters
    ----------
    settings, needs_head
        See `lucidag.models.network.open_network`.
    checkpoint
        The weights, as lucidag writes them.

    Returns
    -------
    network, classes
        The network, and the names of its classes, which the checkpoint says.

    Raises
    ------
    InputError
        If the network cannot be built, or the checkpoint is of another one.
    """
    classes = read_classes(checkpoint)
    network = open_network(settings, len(classes), needs_head=needs_head)
    load_checkpoint(checkpoint, network.model)
    return network, classes
