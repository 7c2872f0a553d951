"""A class that a configuration names as ``package.module:Class``: the project's, or one of the user's own."""

import importlib
import sys
from pathlib import Path
from typing import TypeVar

from lucidag.ground.errors import InputError
from lucidag.ground.spelling import nearest

Kind = TypeVar("Kind")


def named(name: str, kind: type[Kind]) -> type[Kind]:
    """Import the class that ``package.module:Class`` names; modules of the user's own lie in the working directory.

    Raises
    ------
    InputError
        If the module cannot be imported, has no such class, or the class is not derived from `kind`.
    """
    module_name, _, class_name = name.partition(":")
    if str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))
    try:
        module = importlib.import_module(module_name)
    except Exception as error:  # whatever the user's own lines raise
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise InputError(f"module '{module_name}' cannot be imported: {reason}") from error
    found = getattr(module, class_name, None)
    if not isinstance(found, type):
        own = [key for key, value in vars(module).items() if getattr(value, "__module__", None) == module_name]
        raise InputError(f"module '{module_name}' has no class '{class_name}'{nearest(class_name, own)}")
    if not issubclass(found, kind):
        raise InputError(f"class '{name}' must be derived from {kind.__module__}.{kind.__name__}")
    return found
