"""What the atlas shows of a configuration's results, and the files that it reads."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lucidag.atlas.contents import Contents
from lucidag.config.claimed import claims_of
from lucidag.config.plan import Plan
from lucidag.ground.digest import DIGITS, digest_of

Settings = dict[str, Any]
PARTS = Path(__file__).parents[1] / "atlas/page"


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
        claims=bool(claims_of(plan)),
    )


def atlas_settings(plan: Plan) -> dict[str, Any]:
    """Return the settings of the job that writes the page."""
    config = plan.config
    assert config.report.atlas is not None
    contents = asdict(atlas_contents(plan))
    return {
        "contents": contents,
        "files": atlas_files(plan),
        "size": config.report.atlas.model_dump(),
        "about": _about(plan),
        # Script, style and template are no modules, which the fingerprint of the code would see.
        "parts": digest_of({}, {}, sorted(PARTS.iterdir()))[:DIGITS],
    }


def atlas_files(plan: Plan) -> list[str]:
    """Return what the page is made of, relative to the folder of results."""
    contents = atlas_contents(plan).files()
    parts = (_data(plan), _models(plan), _function(plan), _explained(plan), _units(plan), _artefacts(plan))
    return list(dict.fromkeys([*contents, *(file for part in parts for file in part)]))


def _data(plan: Plan) -> Iterator[str]:
    for name in plan.config.datasets:
        yield from (f"data/{name}/{file}" for file in ("manifest.csv", "dataset.json"))
        if "images" in plan.data_outputs(name, name):
            yield f"data/{name}/images.safetensors"
    for name in plan.audited:
        yield from (f"artefacts/{name}.csv", f"artefacts/{name}.json")


def _models(plan: Plan) -> Iterator[str]:
    yield from (f"models/{name}/evaluation.json" for name in plan.config.models)
    yield from (f"models/{name}/history.csv" for name in plan.trained)
    if plan.config.members:
        yield from ("experiments.csv", "experiments.json", "experiments/factors.csv", "experiments/factors.json")


def _function(plan: Plan) -> Iterator[str]:
    for model in plan.examined:
        yield from (f"rof/{model}/{name}" for name in ("sweep.csv", "bands.csv", "turning_points.json", "roles.csv"))
        if model not in plan.gridded:
            yield f"rof/{model}/confusion.csv"
    for study in plan.config.generalisation:
        yield from (f"generalisation/{study}/{name}" for name in ("roles.csv", "correlation.json"))


def _explained(plan: Plan) -> Iterator[str]:
    for model in plan.explained_models:
        yield from (file.removeprefix(f"{plan.config.results}/") for file in plan.maps(model, plan.families(model)))
        for analysis in ("agreement", "localisation"):
            yield from (f"{analysis}/{model}.csv", f"{analysis}/{model}-summary.csv")
    yield from (f"explanations/{model}/checks.csv" for model in plan.checked)
    for model, images in plan.atlas.items():
        yield f"relevance/{model}/crp/references.safetensors"
        yield from (f"relevance/{model}/crp/{image}.safetensors" for image in images)
    for model in plan.measured:
        yield from (f"faithfulness/{model}.csv", f"faithfulness/{model}-ranking.csv")


def _units(plan: Plan) -> Iterator[str]:
    for model, layers in plan.layers.items():
        yield f"dissect/{model}/summary.json"
        yield from (f"dissect/{model}/{layer}{end}" for layer in layers for end in (".csv", ".json"))
    yield from (f"dissect/{name}.json" for name in plan.pairs)
    for model in plan.unit_models:
        yield from (f"units/{model}/effects.csv", f"units/{model}/sets.csv")
        yield from (f"units/{model}/inner/{layer}.csv" for layer in plan.inner.get(model, ()))
        yield from (f"units/{model}/{layer}{end}" for layer in plan.dossiers[model] for end in (".csv", ".json"))
    yield from (f"planted/{model}/scores.csv" for model in plan.planted)
    if plan.planted:
        yield "planted/summary.csv"


def _artefacts(plan: Plan) -> Iterator[str]:
    for study in plan.config.shortcuts:
        yield from (f"shortcuts/{study}/{name}" for name in ("summary.json", "probabilities.csv", "removal.csv"))
    yield from (f"discovery/{model}.json" for model in plan.discovered)
    for name in plan.config.repair:
        yield from (f"repair/{name}/{file}" for file in ("effects.csv", "accuracy.csv", "summary.json"))


def _about(plan: Plan) -> Settings:
    """Return what the page is told of the configuration (see `lucidag.atlas.about.About`)."""
    config = plan.config
    dump = config.model_dump(mode="json", exclude={"results", "report", "atlas"})
    models = {
        name: {
            "dataset": model.dataset,
            "probe": plan.probe(name),
            "architecture": model.architecture,
            "family": plan.kinship(name)[0],
        }
        for name, model in config.models.items()
    }
    return {
        "models": models,
        "ranking": config.rof.ranking if config.rof else "l1",
        "provenance": {"seeds": dict(_seeds(dump))},
    }


def _seeds(value: Any, path: str = "") -> Iterator[tuple[str, int]]:  # noqa: ANN401 (JSON)
    """Give every seed of a configuration by its key path."""
    for key, own in value.items() if isinstance(value, dict) else ():
        here = f"{path}.{key}" if path else str(key)
        if key == "seed" and isinstance(own, int):
            yield here, own
        yield from _seeds(own, here)
