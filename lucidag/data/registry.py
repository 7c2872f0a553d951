"""The data sources by name. Only the workflow's start reads this list: a new line makes no data set stale."""

from typing import Any, Literal

from pydantic import create_model

from lucidag.data.source import DataSource
from lucidag.ground.errors import InputError
from lucidag.ground.named import named

SOURCES = {
    "digits": "lucidag.data.sources.digits:Digits",
    "lesions": "lucidag.data.sources.lesions:Lesions",
    "scenes": "lucidag.data.sources.scenes:Scenes",
    "mnist": "lucidag.data.sources.mnist:Mnist",
    "folder": "lucidag.data.sources.folder:Folder",
    "polygons": "lucidag.data.sources.polygons:Polygons",
}
OWN_SOURCE = "package.module:Class"  # how one of the user's own is named


def source_class(name: str) -> type[DataSource]:
    """Return the section of a source, whose key ``source`` is fixed to `name`.

    Parameters
    ----------
    name
        A key of `SOURCES`, or ``package.module:Class``.

    Raises
    ------
    InputError
        If there is no such class (see `lucidag.ground.named.named`), or it is no source.
    """
    found = named(SOURCES.get(name, name), DataSource)
    if found.load is DataSource.load:
        raise InputError(f"class '{name}' does not define the method 'load'")
    only: Any = Literal[name]
    return create_model(
        found.__name__,
        __base__=found,
        __module__=found.__module__,
        __doc__=found.__doc__,
        source=(only, found.model_fields["source"]),
    )


def sources_with(what: str) -> str:
    """Return in words the sources of which an attribute, such as ``label_maps``, is true."""
    return " and ".join(f"'{name}'" for name in SOURCES if getattr(source_class(name), what))
