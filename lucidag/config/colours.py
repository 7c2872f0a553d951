"""Colours that hide superpixels: they need a network that sees colours."""

from collections.abc import Iterator

from lucidag.config.arms import studied_models
from lucidag.config.methods import studied_methods
from lucidag.config.plan import Plan
from lucidag.explain.lime.settings import LimeSettings
from lucidag.explain.methods.registry import LIME


def faults_of_colours(plan: Plan, name: str) -> Iterator[str]:
    """Say where LIME hides what a model with grey images sees by a colour; a sentence starts with the key."""
    model = plan.config.models[name]
    if model.input.channels != 1:
        return
    for key, settings in _settings(plan, name):
        if isinstance(settings.hide_color, list):
            yield (
                f"{key}.hide_color: model '{name}' sees images of one channel, and {settings.hide_color} is a colour: "
                "name one grey value, or leave it out for each superpixel's own mean"
            )


def _settings(plan: Plan, name: str) -> Iterator[tuple[str, LimeSettings]]:
    """List the settings of LIME that a model's images have, each with its key."""
    config = plan.config
    if config.explain is not None and name in plan.explained_models and LIME in plan.families(name):
        images = plan.chosen(name)
        if not images or any("hide_color" not in image.lime.model_fields_set for image in images.values()):
            yield "explain.lime", config.explain.lime
        for image, own in images.items():
            if "hide_color" in own.lime.model_fields_set:
                yield f"explain.images.{config.models[name].dataset}.{image}.lime", own.lime
    for key, study in config.shortcuts.items():
        asked = name in studied_models(config, key) and LIME in studied_methods(config, key)
        if asked and study.lime is not None:
            yield f"shortcuts.{key}.lime", study.lime
        elif asked and config.explain is not None:
            yield "explain.lime", config.explain.lime
