"""From the words of a configuration file to a checked `Config`, or to lines that say what is wrong."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from lucidag.config.checks import check_names
from lucidag.config.command_line import typed
from lucidag.config.faults import Faults, explain, unexpanded
from lucidag.config.grid import write_out
from lucidag.config.plain import unplain
from lucidag.config.plan import Plan
from lucidag.config.repaired import with_repaired, with_repaired_members
from lucidag.config.schema import Config, config_with
from lucidag.config.select import choose
from lucidag.data.registry import source_class
from lucidag.data.source import DataSource
from lucidag.ground.errors import InputError


def load_config(words: Mapping[str, Any], source: str, given: Mapping[str, Any] | None = None) -> Config:
    """Check a configuration and write out its repeated models.

    Parameters
    ----------
    words
        The configuration as read from YAML.
    source
        The file (or files) it was read from, for messages.
    given
        What of it the command line gave: see `lucidag.config.command_line.typed`.

    Returns
    -------
    Config
        With one entry in ``datasets`` and ``models`` for each combination of a `grid`, and each of ``seeds``.

    Raises
    ------
    InputError
        One line for each mistake: the file, the key path, what was found, what is allowed, the nearest spelling.
        Names are looked up only in a configuration that is well formed.
    """
    try:
        return _checked(words, given or {})
    except InputError as error:
        raise InputError(*(f"{source}: {line}" for line in error.lines)) from error


def _checked(words: Mapping[str, Any], given: Mapping[str, Any]) -> Config:
    faults = Faults()
    faults.lines += unplain(words)
    faults.stop()  # nothing else can be looked at
    faults.lines += unexpanded(words)
    own = _own_sources(words, faults)
    kind = config_with(own.values()) if own else Config
    with faults.gathered():
        words = typed(words, given, kind)
    try:
        grids = with_repaired_members(write_out(words))
        grids = replace(grids, words=choose(grids))
    except InputError as error:  # nothing else can be looked at
        raise InputError(*faults.lines, *error.lines) from error
    try:
        config = with_repaired(kind.model_validate(grids.words).of(grids.models), faults)
    except ValidationError as error:
        told = {line.partition(": ")[0] for line in faults.lines}
        faults.lines += [line for line in explain(error, grids, kind) if line.partition(": ")[0] not in told]
        raise InputError(*faults.lines) from error
    with faults.gathered():
        check_names(Plan(config), faults)
    faults.stop()
    return config


def _own_sources(words: Mapping[str, Any], faults: Faults) -> dict[str, type[DataSource]]:
    """Import the sources of the user's own: those that are named as ``package.module:Class``."""
    found = {}
    datasets = words.get("datasets")
    for name, section in datasets.items() if isinstance(datasets, Mapping) else ():
        kind = section.get("source") if isinstance(section, Mapping) else None
        if isinstance(kind, str) and ":" in kind and kind not in found:
            with faults.gathered(f"datasets.{name}.source: "):
                found[kind] = source_class(kind)
    return found
