"""Look whether networks have rules for relevance: ``python -m lucidag.explain.relevance.probe``.

Reads a JSON list of what `look` takes from standard input and writes a JSON list of ``{}`` or ``{"error": sentence}``.
It is a process of its own because building a network imports torch, which whoever asks should not have to.
"""

import json
import sys
from collections.abc import Mapping
from typing import Any

from lucidag.explain.relevance.attention import VARIANTS
from lucidag.explain.relevance.composites import COMPOSITES
from lucidag.explain.relevance.covered import check_covered
from lucidag.ground.errors import InputError
from lucidag.models.asked import network_asked


def look(asked: Mapping[str, Any]) -> dict[str, str]:
    """Build a network and name a step that a composite has no rule for.

    Parameters
    ----------
    asked
        ``architecture``, ``options``, ``classes``, ``input``; ``methods``, the names of composites.
    """
    network = network_asked(asked)
    if network is None:
        return {}
    try:
        for variant in dict.fromkeys(COMPOSITES[name].attention for name in asked["methods"]):
            check_covered(network.model, network.inputs.example(1), VARIANTS[variant])
    except InputError as error:
        return {"error": str(error)}
    return {}


if __name__ == "__main__":
    json.dump([look(network) for network in json.load(sys.stdin)], sys.stdout)
