"""What each unit of an image classifier does, and why the classifier decided what it did."""

import importlib
from typing import Any

__version__ = "0.1.0"
__all__ = ["__version__", "explain_image", "find_units", "label_units", "network", "sweep"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 (functions of different types)
    """Import what a notebook calls when it is first asked for.

    Each job imports this package, and its fingerprint follows import statements: none here leads to the library.
    """
    if name not in __all__:
        raise AttributeError(f"module 'lucidag' has no attribute '{name}'")
    return getattr(importlib.import_module("lucidag.library"), name)


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)
