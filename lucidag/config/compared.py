"""What the table of experiments is made of: files by kind, and what the configuration says of each model."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lucidag.config.grid import SEED
from lucidag.config.grid_names import meaning
from lucidag.config.origins import code_digest
from lucidag.config.plan import Plan

Settings = dict[str, Any]
TOLD = 5  # names in a sentence


def compared_files(plan: Plan) -> dict[str, dict[str, str]]:
    """Return the files that rows are read from: by kind, and by model (see `lucidag.experiments.read.read_row`)."""
    config = plan.config

    def of(models: Any, *path: str) -> dict[str, str]:  # noqa: ANN401 (any names)
        return {model: plan.at(*(part.format(model) for part in path)) for model in models}

    return {
        "evaluation": of(config.models, "models", "{}", "evaluation.json"),
        "history": of(plan.trained, "models", "{}", "history.csv"),
        "manifest": {name: plan.at("data", model.dataset, "manifest.csv") for name, model in config.models.items()},
        "points": of(plan.examined, "rof", "{}", "turning_points.json"),
        "sweep": of(plan.examined, "rof", "{}", "sweep.csv"),
        "layers": {
            f"{model}/{layer}": plan.at("dissect", model, f"{layer}.csv")
            for model, layers in plan.layers.items()
            for layer in layers
        },
        "localisation": of(plan.explained, "localisation", "{}-summary.csv"),
        "agreement": of(plan.explained, "agreement", "{}-summary.csv"),
        "faithfulness": of(plan.measured, "faithfulness", "{}-ranking.csv"),
        "artefacts": {study: plan.at("shortcuts", study, "probabilities.csv") for study in config.shortcuts},
    }


def compared_models(plan: Plan) -> Settings:
    """Return what is told of each model, its family and the analyses."""
    config, families = plan.config, plan.families_of_models
    dumps = {name: data.settings() for name, data in config.datasets.items()}
    models = {}
    for name, model in config.models.items():
        family, block = plan.kinship(name)
        models[name] = {
            "family": family,
            "block": block,
            "seed": model.train.seed if model.train is not None else None,
            "changed": _changed(plan, name, families.get(family, [])),
            "settings": {**model.model_dump(mode="json", exclude={"seeds"}), "data": dumps[model.dataset]},
        }
    found: Settings = {"models": models, "absent": _absent(plan)}
    found |= config.rof.pick("ranking", "role_metric") if config.rof is not None else {}
    return found | {"resamples": max((study.resamples for study in config.shortcuts.values()), default=0)}


def _changed(plan: Plan, name: str, family: list[str]) -> Settings:
    """Return the settings of a model that differ within its family, but for the seed."""
    if name not in plan.config.members:
        return {}
    own, members = plan.config.members[name].values, [plan.config.members[each].values for each in family]
    return {
        path: value
        for path, value in own.items()
        if path != SEED and len({meaning(values.get(path)) for values in members}) > 1
    }


def _absent(plan: Plan) -> dict[str, str]:
    sections = ("rof", "dissect", "explain", "faithfulness", "shortcuts")
    return {name: f"the configuration has no `{name}`" for name in sections if not getattr(plan.config, name)}


def digests_of_code(plan: Plan, code_of: Callable[[str], Callable[[Mapping[str, str]], Any]]) -> dict[str, str]:
    """Return the first digits of the digest of the code that trained or imported each model."""
    found = {}
    for model in plan.config.models:
        code = code_of("train" if model in plan.trained else "import_model")({"model": model})
        found[model] = code_digest(code)
    return found


def no_longer_asked(results: str | Path, plan: Plan) -> list[str]:
    """Return the models that lie in a folder of results, and that the configuration does not name any more."""
    folder = Path(results) / "models"
    there = sorted(file.parent.name for file in folder.glob("*/checkpoint.safetensors"))
    return [name for name in there if name not in plan.config.models]


def left_note(results: str | Path, plan: Plan) -> list[str]:
    """Return a sentence that names the models `no_longer_asked`, where grids or seeds make models; else nothing."""
    left = no_longer_asked(results, plan) if plan.config.members else []
    more = f" and {len(left) - TOLD} more" if len(left) > TOLD else ""
    return [f"no longer asked for, and left as they are: {', '.join(left[:TOLD])}{more}"] if left else []
