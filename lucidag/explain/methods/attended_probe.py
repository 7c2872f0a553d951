"""Look whether networks have the attention that methods need: ``python -m lucidag.explain.methods.attended_probe``.

Reads a JSON list of what `look` takes from standard input and writes a JSON list of ``{}`` or ``{"error": sentence}``.
It is a process of its own because building a network imports torch, which whoever asks should not have to.
"""

import json
import sys
from collections.abc import Mapping
from typing import Any

from lucidag.explain.methods.registry import load
from lucidag.ground.errors import InputError
from lucidag.models.asked import network_asked


def look(asked: Mapping[str, Any]) -> dict[str, str]:
    """Build a network and say why one of some methods cannot explain it; one without any attention has no map.

    Parameters
    ----------
    asked
        ``architecture``, ``options``, ``classes``, ``input``; ``methods``, their names.
    """
    network = network_asked(asked)
    if network is None:
        return {}
    try:
        for method in asked["methods"]:
            load(method).takes(network)
    except InputError as error:
        return {"error": f"{method}: {error}"}
    return {}


if __name__ == "__main__":
    json.dump([look(network) for network in json.load(sys.stdin)], sys.stdout)
