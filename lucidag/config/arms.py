"""The models that a name stands for, and those of the arms of a study."""

from lucidag.artefacts.study_settings import WITH, WITHOUT
from lucidag.config.schema import Config
from lucidag.config.select import members_of


def family(config: Config, name: str) -> list[str]:
    """Return the models that a name stands for: itself, those of a family, or those that differ in their seed alone."""
    return [name] if name in config.models else members_of(name, config.members)


def arms(config: Config, study: str) -> dict[str, list[str]]:
    """Return the models of a study of a shortcut: those trained ``with`` it, and ``without``."""
    settings = config.shortcuts[study]
    return {WITH: models_of(config, settings.trained_with), WITHOUT: models_of(config, settings.trained_without)}


def models_of(config: Config, names: str | list[str] | None) -> list[str]:
    """Return the models that a name, or each of several, stands for."""
    return [model for name in listed(names) for model in family(config, name)]


def listed(names: str | list[str] | None) -> list[str]:
    """Return one name, several or none as a list."""
    return [names] if isinstance(names, str) else names or []


def studied_models(config: Config, study: str) -> list[str]:
    """Return the models of all arms of a study of a shortcut."""
    return [name for names in arms(config, study).values() for name in names]
