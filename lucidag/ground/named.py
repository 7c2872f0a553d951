"""A class that a configuration names as ``package.module:Class``: the project's, or one of the user's own."""

from typing import TypeVar

from lucidag.ground.errors import InputError
from lucidag.ground.spelling import nearest
from lucidag.ground.user_code import user_module

Kind = TypeVar("Kind")


def named(name: str, kind: type[Kind]) -> type[Kind]:
    """Import the class that ``package.module:Class`` names; modules of the user's own lie in the working directory.

    Raises
    ------
    InputError
        If the module cannot be imported, has no such class, or the class is not derived from `kind`.
    """
    module_name, _, class_name = name.partition(":")
    module = user_module(module_name)
    found = getattr(module, class_name, None)
    if not isinstance(found, type):
        own = [key for key, value in vars(module).items() if getattr(value, "__module__", None) == module.__name__]
        raise InputError(f"module '{module_name}' has no class '{class_name}'{nearest(class_name, own)}")
    if not issubclass(found, kind):
        raise InputError(f"class '{name}' must be derived from {kind.__module__}.{kind.__name__}")
    return found
