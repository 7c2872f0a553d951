"""A network that a check of the configuration asks about, opened in the process that looks at it."""

from collections.abc import Mapping
from typing import Any

from lucidag.ground.errors import InputError
from lucidag.models.network import Network, open_network


def network_asked(asked: Mapping[str, Any]) -> Network | None:
    """Open a network in eval mode; None where it cannot be used, which `lucidag.models.probe` tells of.

    Parameters
    ----------
    asked
        ``architecture``, ``options``, ``classes``, ``input``, all of it, and ``named_grid``.
    """
    try:
        network = open_network({**asked, "head": None}, asked["classes"])
    except InputError:
        return None
    network.model.eval()
    return network
