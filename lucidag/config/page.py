"""What the atlas shows of a configuration's results, and the files that it reads."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lucidag.atlas.contents import Contents
from lucidag.config.claimed import claims_of
from lucidag.config.plan import Plan
from lucidag.ground.digest import DIGITS, digest_of
from lucidag.ground.plain import seeds_in

Settings = dict[str, Any]
REPAIRED = ("effects.csv", "accuracy.csv", "probabilities.csv", "summary.json")
PARTS = Path(__file__).parents[1] / "atlas/page"


def _contents(plan: Plan) -> Contents:
    return Contents(
        datasets=list(plan.config.datasets),
        examined=plan.examined,
        dossiers=plan.dossiers,
        last={name: plan.penultimate(name) for name in plan.dossiers},
        probes={name: plan.probe(name) for name in plan.layers},
        explained={model: _maps(plan, model) for model in plan.explained_models},
        studies=list(plan.config.shortcuts),
        generalisation=list(plan.config.generalisation),
        compared=bool(plan.config.members),
    )


def _maps(plan: Plan, model: str) -> list[str]:
    return _inside(plan, plan.maps(model, plan.families(model)))


def _inside(plan: Plan, files: Iterable[str]) -> list[str]:
    """Return files relative to the folder of results."""
    return [file.removeprefix(f"{plan.config.results}/") for file in files]


def atlas_settings(plan: Plan) -> Settings:
    """Return the settings of the job that writes the page."""
    config = plan.config
    assert config.report.atlas is not None
    return {
        "contents": asdict(_contents(plan)),
        "files": atlas_files(plan),
        "size": config.report.atlas.model_dump(),
        "about": _about(plan),
        # Script, style and template are no modules, which the fingerprint of the code would see.
        "parts": digest_of({}, {}, sorted(PARTS.iterdir()))[:DIGITS],
    }


def atlas_files(plan: Plan) -> list[str]:
    """Return what the page is made of, relative to the folder of results."""
    parts = (_data(plan), _models(plan), _function(plan), _explained(plan), _units(plan), _artefacts(plan))
    return list(dict.fromkeys(file for part in parts for file in part))


def _data(plan: Plan) -> Iterator[str]:
    for name in plan.config.datasets:
        yield from _inside(plan, plan.data_files(name))
    for name in plan.audited:
        yield from (f"artefacts/{name}.csv", f"artefacts/{name}.json")


def _models(plan: Plan) -> Iterator[str]:
    yield from (f"models/{name}/evaluation.json" for name in plan.config.models)
    yield from (f"models/{name}/history.csv" for name in plan.trained)
    if plan.config.members:
        yield from ("experiments.csv", "experiments.json", "experiments/factors.csv", "experiments/factors.json")
    if claims_of(plan):
        yield from ("claims.csv", "claims.json")


def _function(plan: Plan) -> Iterator[str]:
    for model in plan.examined:
        yield from (f"rof/{model}/{name}" for name in ("sweep.csv", "bands.csv", "turning_points.json", "roles.csv"))
        if model not in plan.gridded:
            yield f"rof/{model}/confusion.csv"
    for study in plan.config.generalisation:
        yield from (f"generalisation/{study}/{name}" for name in ("roles.csv", "correlation.json"))


def _explained(plan: Plan) -> Iterator[str]:
    for model in plan.explained_models:
        yield from _maps(plan, model)
        for analysis in ("agreement", "localisation"):
            yield from (f"{analysis}/{model}.csv", f"{analysis}/{model}-summary.csv")
        yield from (f"features/{model}/{split}.safetensors" for split in ("val", "test"))
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
        yield from _inside(plan, plan.unit_regions(model))
        yield from (f"units/{model}/inner/{layer}.csv" for layer in plan.inner.get(model, ()))
        yield from (f"units/{model}/{layer}{end}" for layer in plan.dossiers[model] for end in (".csv", ".json"))
    yield from (f"planted/{model}/scores.csv" for model in plan.planted)
    if plan.planted:
        yield "planted/summary.csv"


def _artefacts(plan: Plan) -> Iterator[str]:
    for study in plan.config.shortcuts:
        yield from (f"shortcuts/{study}/{name}" for name in ("summary.json", "probabilities.csv", "removal.csv"))
    yield from (f"shortcuts/{study}/proposals.json" for study in plan.tested)
    yield from (f"discovery/{model}.json" for model in plan.discovered)
    for name in plan.config.repair:
        yield from (f"repair/{name}/{file}" for file in REPAIRED)


def _about(plan: Plan) -> Settings:
    """Return what the page is told of the configuration (see `lucidag.atlas.about.About`)."""
    config = plan.config
    seeds = dict(seeds_in(config.model_dump(mode="json", exclude={"results", "report"})))
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
        "seeds": {path: seed for path, seed in seeds.items() if isinstance(seed, int)},
    }
