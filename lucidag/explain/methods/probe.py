"""Look at methods, for the check of a configuration: ``python -m lucidag.explain.methods.probe``.

Reads a JSON list of ``{"method": …, "options": …}`` from standard input and writes a JSON list of ``{}`` or
``{"error": sentence}``. It is a process of its own because methods import torch, which whoever asks should not have to.
"""

import json
import sys
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from lucidag.explain.methods.registry import load
from lucidag.ground.errors import InputError
from lucidag.ground.spelling import unknown


def look(asked: Mapping[str, Any]) -> dict[str, str]:
    """Import a method and check its settings; return the sentence that says what is wrong with them, if anything."""
    method, options = asked["method"], asked["options"]
    try:
        settings = load(method).Settings
        settings.model_validate(options)
    except InputError as error:
        return {"error": str(error)}
    except ValidationError as error:
        fault = error.errors()[0]
        key = ".".join(map(str, fault["loc"]))
        if fault["type"] == "extra_forbidden":
            return {"error": f"method '{method}': {unknown('option', key, settings.model_fields)}"}
        if not key:  # a sentence about several options
            return {"error": f"method '{method}': {fault['msg'].removeprefix('Value error, ')}"}
        return {"error": f"method '{method}': option '{key}': found {fault['input']!r}; {fault['msg']}"}
    return {}


if __name__ == "__main__":
    json.dump([look(asked) for asked in json.load(sys.stdin)], sys.stdout)
