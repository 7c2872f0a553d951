"""From the words of a configuration file to a checked `Config`, or to lines that say what is wrong."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from lucidag.config.checks import check_names
from lucidag.config.command_line import typed
from lucidag.config.faults import Faults, explain, unexpanded
from lucidag.config.plan import Plan
from lucidag.config.schema import Config, config_with
from lucidag.data.registry import source_class
from lucidag.data.source import DataSource
from lucidag.ground.errors import InputError
from lucidag.models.settings import Model


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
        With one entry in ``models`` for each seed of a model that has ``seeds``.

    Raises
    ------
    InputError
        One line for each mistake: the file, the key path, what was found, what is allowed, the nearest spelling.
        Names are looked up only in a configuration that is well formed.
    """
    try:
        return _checked(words, given or {})
    except InputError as error:
        raise InputError("\n".join(f"{source}: {line}" for line in str(error).splitlines())) from error


def _checked(words: Mapping[str, Any], given: Mapping[str, Any]) -> Config:
    faults = Faults()
    faults.lines += unexpanded(words)
    own = _own_sources(words, faults)
    kind = config_with(own.values()) if own else Config
    with faults.gathered():
        words = typed(words, given, kind)
    try:
        config = kind.model_validate(words)
    except ValidationError as error:
        told = {line.partition(": ")[0] for line in faults.lines}
        faults.lines += [line for line in explain(error, words, kind) if line.partition(": ")[0] not in told]
        raise InputError("\n".join(faults.lines)) from error
    with faults.gathered():
        whole = _written_out(config)
        check_names(config, Plan(whole), faults)
    faults.stop()
    return whole


def _written_out(config: Config) -> Config:
    """Return the configuration with the repetitions of each model over seeds in the place of their family."""
    whole = config.model_copy(update={"models": _repeat_seeds(config.models)})
    if config.explain is None or not config.explain.without:
        return whole
    family = Plan(whole).family
    without = {model: methods for name, methods in config.explain.without.items() for model in family(name) or (name,)}
    return whole.model_copy(update={"explain": config.explain.model_copy(update={"without": without})})


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


def _repeat_seeds(models: Mapping[str, Model]) -> dict[str, Model]:
    expanded: dict[str, Model] = {}
    for name, model in models.items():
        if model.seeds is None or model.train is None:
            copies = {name: model}
        else:
            copies = {
                f"{name}-s{seed}": model.model_copy(update={"train": model.train.model_copy(update={"seed": seed})})
                for seed in model.seeds
            }
        for copy in copies:
            if copy in expanded:
                raise InputError(f"models.{name}: two models would be called '{copy}'")
        expanded.update(copies)
    return expanded
