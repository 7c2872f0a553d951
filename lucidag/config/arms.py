"""The models that a name stands for, and those of the arms of a study."""

from lucidag.artefacts.study_settings import WITH, WITHOUT
from lucidag.config.schema import Config


def family(config: Config, name: str) -> list[str]:
    """Return the models that a name stands for: itself, or the repetitions of a family over seeds."""
    if name in config.models:
        return [name]
    return [
        model
        for model, settings in config.models.items()
        if settings.seeds is not None and model in {f"{name}-s{seed}" for seed in settings.seeds}
    ]


def arms(config: Config, study: str) -> dict[str, list[str]]:
    """Return the models of a study of a shortcut: those trained ``with`` it, and ``without``."""
    settings = config.shortcuts[study]
    return {WITH: family(config, settings.trained_with), WITHOUT: family(config, settings.trained_without)}


def studied_models(config: Config, study: str) -> list[str]:
    """Return the models of all arms of a study of a shortcut."""
    return [name for names in arms(config, study).values() for name in names]
