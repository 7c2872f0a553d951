"""Names whose results would be one file: of a model beside another, of a layer, of an image."""

from collections.abc import Iterator

from lucidag.config.plan import Plan
from lucidag.ground.errors import InputError

# What stands behind the name of a model in files beside those of models, by the section that makes them.
ENDINGS = {
    "explain": ("spearman", "summary"),
    "discover": ("images", "units"),
    "faithfulness": ("curves", "floors", "pairs", "ranking"),
}
# Files beside those of layers, and what stands behind the name of a layer.
BESIDE_LAYERS = {
    "dissect": (("concept_roles", "unit_roles", "role_tests", "summary"), ("ranking", "untrained")),
    "units": (("effects", "images", "search", "sets"), ()),
}
REFERENCES = "references"  # relevance: the file beside those of images


def check_collisions(plan: Plan, source: str) -> None:
    """Stop at names whose results would be one file.

    Parameters
    ----------
    plan
        Of the whole configuration, with its layers and images.
    source
        The configuration file.

    Raises
    ------
    InputError
        A line for each: the file, the key, the names.
    """
    found = dict.fromkeys([*_models(plan), *_pairs(plan), *_layers(plan), *_images(plan)])
    if found:
        raise InputError(*(f"{source}: {line}" for line in found))


def _models(plan: Plan) -> Iterator[str]:
    names = plan.config.models
    for section, endings in ENDINGS.items():
        for name in names if getattr(plan.config, section) is not None else ():
            for other in (f"{name}-{ending}" for ending in endings):
                if other in names:
                    yield f"models.{other}: results of '{name}' in `{section}` have this name; call one otherwise"


def _pairs(plan: Plan) -> Iterator[str]:
    for pair, (one, two) in plan.pairs.items():
        if pair in plan.config.models:
            yield f"models.{pair}: the comparison of '{one}' and '{two}' has this name; call the model otherwise"


def _layers(plan: Plan) -> Iterator[str]:
    asked = {"dissect": plan.layers, "units": plan.dossiers}
    for section, (files, endings) in BESIDE_LAYERS.items():
        for model, layers in asked[section].items():
            for layer in layers:
                taken = [f"{layer}-{ending}" for ending in endings]
                if layer in files or any(name in layers for name in taken):
                    yield (
                        f"{section}: layer '{layer}' of model '{model}' would share a file with other results; leave "
                        "it out of `layers`, or call the module otherwise"
                    )


def _images(plan: Plan) -> Iterator[str]:
    if plan.config.relevance is None:
        return
    for model in plan.relevance_models:
        if REFERENCES in plan.explained.get(model, ()):
            dataset = plan.config.models[model].dataset
            yield f"explain.images.{dataset}: '{REFERENCES}' is the name of a file of `relevance`; leave that image out"
