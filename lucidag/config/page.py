"""What the atlas shows of a configuration's results."""

from dataclasses import asdict
from typing import Any

from lucidag.atlas.contents import Contents
from lucidag.config.plan import Plan


def atlas_contents(plan: Plan) -> Contents:
    """Return what the configuration asks for, as the atlas names it."""
    config, results = plan.config, f"{plan.config.results}/"
    models = {name: model.dataset for name, model in config.models.items()}
    own = {name: [file.removeprefix(results) for file in plan.data_files(name)] for name in config.datasets}
    maps = {model: plan.maps(model, plan.families(model)) for model in plan.explained_models}
    return Contents(
        datasets=own,
        models=models,
        architectures={name: model.architecture for name, model in config.models.items()},
        examined=plan.examined,
        dossiers=plan.dossiers,
        unit_models=plan.unit_models,
        penultimate={name: plan.penultimate(name) for name in plan.unit_models},
        probes={name: plan.probe(name) for name in plan.layers},
        explained={model: [file.removeprefix(results) for file in files] for model, files in maps.items()},
        measured=list(plan.measured),
        audited=plan.audited,
        studies=list(config.shortcuts),
        discovered=plan.discovered,
        repairs=list(config.repair),
        generalisation=list(config.generalisation),
        compared=bool(config.members),
    )


def atlas_settings(plan: Plan) -> dict[str, Any]:
    """Return the settings of the job that writes the page."""
    config = plan.config
    assert config.report.atlas is not None
    seeds = {name: None if model.train is None else model.train.seed for name, model in config.models.items()}
    return {"contents": asdict(atlas_contents(plan)), "size": config.report.atlas.model_dump(), "seeds": seeds}
