"""Name the modules of networks, for the check of a configuration: ``python -m lucidag.models.probe``.

Reads a JSON list of ``{"architecture": …, "options": …}`` from standard input and writes a JSON list of
``{"modules": [names]}`` or ``{"error": sentence}``. It is a process of its own because building a network
imports torch, which whoever asks should not have to.
"""

import json
import sys
from collections.abc import Mapping
from typing import Any

from lucidag.ground.errors import InputError
from lucidag.models.build import build


def modules_of(network: Mapping[str, Any]) -> dict[str, Any]:
    """Build one network and return the names of its modules, or the sentence that says why it cannot be built."""
    try:
        model = build(network["architecture"], 10, network["options"], 0)
    except InputError as error:
        return {"error": str(error)}
    return {"modules": [name for name, _ in model.named_modules() if name]}


if __name__ == "__main__":
    json.dump([modules_of(network) for network in json.load(sys.stdin)], sys.stdout)
