"""Which methods explain what: the jobs of each family, and the settings that it has there."""

from collections.abc import Sequence
from typing import Any

from lucidag.config.arms import studied_models
from lucidag.config.schema import Config
from lucidag.explain.cam.settings import Cam
from lucidag.explain.lime.settings import Lime, LimeSettings
from lucidag.explain.methods.registry import (
    CAM,
    DEFAULT,
    LIME,
    LRP,
    SLOW,
    families,
    family_of,
    module_of,
)
from lucidag.explain.relevance.settings import Lrp
from lucidag.explain.settings import Explain
from lucidag.ground.errors import InputError
from lucidag.planted.names import LAYER

Family = dict[str, Any]


def explain_of(config: Config) -> Explain:
    """Return the section on explanations; raises InputError where there is none."""
    if config.explain is None:
        raise InputError("there is no `explain:` section")
    return config.explain


def compared_methods(config: Config, analysis: str, model: str) -> list[str]:
    """Return the methods of ``agreement``, ``localisation`` or ``faithfulness`` of a model."""
    explain = explain_of(config)
    section = config.faithfulness if analysis == "faithfulness" else getattr(explain, analysis)
    return explain.taken(model, section.methods if section is not None else None)


def studied_methods(config: Config, study: str) -> list[str]:
    """Return the methods that a study of a shortcut asks: those that it names, else all that explain each model."""
    shortcut, explain = config.shortcuts[study], config.explain
    if shortcut.methods is not None:
        return shortcut.methods
    if explain is None:
        return list(DEFAULT)
    first, *others = (explain.taken(model) for model in studied_models(config, study))
    return [method for method in first if all(method in other for other in others)]


def modules_of(methods: Sequence[str]) -> list[str]:
    """Return the modules of methods, whose code a job runs without importing it by name."""
    return [module_of(method) for method in methods]


def family(config: Config, model: str, methods: Sequence[str], images: Sequence[str], study: bool = False) -> Family:
    """Return the methods of one family and their settings for images of a model; `study`: asked about several at once.

    See `lucidag.explain.stage.open_group`.
    """
    explain, name = explain_of(config), family_of(methods[0])
    options: dict[str, Any] = {}
    if name == CAM:
        options = _cam(explain.cam, explain.cam.layers.get(model))
    elif name == LRP:
        options = explain.lrp.model_dump(mode="json") if study else {}
    elif name == LIME:
        options = {"batch_size": explain.lime.batch_size, "own": lime_by_image(config, model, images)}
    else:
        options = explain.options.get(name, {})
    return {"methods": list(methods), "options": options}


def measured_families(config: Config, model: str, images: Sequence[str]) -> list[Family]:
    """Return the families that are asked for faithfulness; slow methods only where their sensitivity is wanted."""
    again = config.faithfulness is not None and config.faithfulness.lime_sensitivity
    found = families(compared_methods(config, "faithfulness", model))
    return [
        family(config, model, methods, images, study=True)
        for name, methods in found.items()
        if again or name not in SLOW
    ]


def studied_families(config: Config, study: str) -> list[Family]:
    """Return the families that a study of a shortcut asks, with the study's own settings."""
    shortcut = config.shortcuts[study]
    return _asked_alone(config, studied_methods(config, study), shortcut.layer, shortcut.lime)


def discovering_families(config: Config) -> list[Family]:
    """Return the family of the method whose maps a discovery compares."""
    assert config.discover is not None
    return _asked_alone(config, config.discover.methods, None, None)


def _asked_alone(
    config: Config, methods: Sequence[str], layer: str | None, own_lime: LimeSettings | None
) -> list[Family]:
    """Return families that are asked for other images than those of `explain`, whose settings they have."""
    explain = config.explain
    lime = explain.lime if explain is not None else Lime()
    options: dict[str, dict[str, Any]] = {
        CAM: _cam(explain.cam if explain is not None else Cam(), layer),
        LRP: (explain.lrp if explain is not None else Lrp()).model_dump(mode="json"),
        LIME: {"batch_size": lime.batch_size, "settings": (own_lime or lime).to_json()},
    }
    own = explain.options if explain is not None else {}
    return [
        {"methods": found, "options": options.get(name, own.get(name, {}))} for name, found in families(methods).items()
    ]


def planted_families(config: Config) -> list[Family]:
    """Return the families that are asked about planted units, with the settings of `explain:` where it is there."""
    explain, planted = config.explain, config.planted
    lime = explain.lime if explain is not None else Lime()
    options: dict[str, dict[str, Any]] = {
        CAM: _cam(explain.cam if explain is not None else Cam(), LAYER),
        LRP: (explain.lrp if explain is not None else Lrp()).model_dump(mode="json"),
        LIME: {"batch_size": lime.batch_size, "settings": lime.to_json()},
    }
    own = explain.options if explain is not None else {}
    return [
        {"methods": methods, "options": options.get(name, own.get(name, {}))}
        for name, methods in families(planted.methods if planted is not None else []).items()
    ]


def lime_by_image(config: Config, model: str, images: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return the settings of LIME of each of some images of a model."""
    explain = explain_of(config)
    chosen = explain.chosen(config.models[model].dataset)
    return {image: explain.lime.for_image(chosen[image].lime).model_dump(mode="json") for image in images}


def _cam(cam: Cam, layer: str | None) -> dict[str, Any]:
    return {"layer": layer, **cam.model_dump(mode="json", exclude={"layers"})}
