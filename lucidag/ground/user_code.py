"""Modules of the user's own, which lie in the working directory and may be called whatever they like."""

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from lucidag.ground.errors import InputError


def user_module(name: str) -> ModuleType:
    """Import a module by its dotted name, the user's own in the working directory first.

    A file there may have the name of anything else that can be imported (``random.py``, ``train.py``, a folder
    ``torch``). Then it is loaded by its place, under a name of its own, and hides nothing: all others still get what
    they mean. Its neighbours can be imported by it, unless their names belong to Python or to an installed package.

    Raises
    ------
    InputError
        If there is no such module, or its own lines fail.
    """
    folder = Path.cwd()
    _add_to_path(folder)
    top, _, rest = name.partition(".")
    try:
        if _is_at(folder, top) and _means_another(top, folder):
            alias = _load_by_place(folder, top)
            return importlib.import_module(f"{alias}.{rest}" if rest else alias)
        return importlib.import_module(name)
    except Exception as error:  # whatever the user's own lines raise
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise InputError(f"module '{name}' cannot be imported: {reason}") from error


def _add_to_path(folder: Path) -> None:
    """Put the folder behind all that is installed, and before the scripts of jobs, whose names are everyday words."""
    if str(folder) not in sys.path:
        scripts = [place for place, path in enumerate(sys.path) if Path(path).parts[-2:] == ("workflow", "scripts")]
        sys.path.insert(min(scripts, default=len(sys.path)), str(folder))


def _is_at(folder: Path, top: str) -> bool:
    return (folder / f"{top}.py").is_file() or (folder / top / "__init__.py").is_file()


def _means_another(top: str, folder: Path) -> bool:
    """Return whether an import of the name gives something that lies elsewhere."""
    if top in sys.stdlib_module_names:
        return True
    try:
        spec = importlib.util.find_spec(top)
    except ValueError:  # a module that was made by hand
        return True
    return spec is not None and spec.origin is not None and folder not in Path(spec.origin).parents


def _load_by_place(folder: Path, top: str) -> str:
    package = folder / top
    is_package = (package / "__init__.py").is_file()
    file = package / "__init__.py" if is_package else folder / f"{top}.py"
    alias = f"_user_{top}"
    if getattr(sys.modules.get(alias), "__file__", None) != str(file):
        inside = [str(package)] if is_package else None
        spec = importlib.util.spec_from_file_location(alias, file, submodule_search_locations=inside)
        if spec is None or spec.loader is None:
            raise ImportError(f"{file} cannot be loaded")
        module = importlib.util.module_from_spec(spec)
        sys.modules[alias] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[alias]
            raise
    return alias
