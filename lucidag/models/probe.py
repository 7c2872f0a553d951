"""Look at networks, for the check of a configuration: ``python -m lucidag.models.probe``.

Reads a JSON list of what `look` takes from standard input and writes a JSON list of what it gives. It is a process of
its own because building a network imports torch, which whoever asks should not have to.
"""

import json
import sys
from collections.abc import Mapping
from typing import Any

from lucidag.ground.errors import InputError
from lucidag.models.build import build
from lucidag.models.network import open_network
from lucidag.models.published import recipe_of_network, recipe_of_weights
from lucidag.models.settings import Input


def look(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Build one network, run it once, and say what it is.

    Parameters
    ----------
    asked
        ``architecture``, ``options``; ``classes``, how many; ``published``, the name of weights of
        torchvision's or None; ``input``, what the configuration says of it.

    Returns
    -------
    dict
        ``modules`` (their names), ``head`` (the last linear layer or None), ``recipe`` (how published weights want
        their images, or None) and ``of`` (whose it is). Or ``error``: a sentence that says why it cannot be used.
    """
    try:
        model = build(asked["architecture"], asked["classes"], asked["options"], 0)
        recipe, whose = recipe_of_network(model), "the network's own configuration"
        if asked["published"] is not None:
            recipe = recipe_of_weights(model, asked["published"], asked["architecture"])
            whose = f"the weights {asked['published']}"
        inputs = Input(**asked["input"]).filled(recipe or {}).model_dump(mode="json")
        head = open_network({**asked, "input": inputs, "head": None}, asked["classes"]).head
    except InputError as error:
        return {"error": str(error)}
    modules = [name for name, _ in model.named_modules() if name]
    return {"modules": modules, "head": head, "recipe": recipe, "of": whose if recipe else None}


if __name__ == "__main__":
    json.dump([look(network) for network in json.load(sys.stdin)], sys.stdout)
