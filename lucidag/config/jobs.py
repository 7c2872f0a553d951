"""Which part of the configuration a job depends on: what is picked here decides what reruns when a value changes.

A section says itself which of its fields a stage uses, by the name of the stage::

    class Rof(Section):
        jobs = {"turning_points": ("ranking", "confidence", "role_metric", "points"), ...}

A property may stand there too, where a stage uses what follows from fields. The settings of a job are what all
sections that it sees name for its stage: of each analysis, and of the data set, model, study and CLIP in the names of
its files (`sections_of`; of a model also its data set). Only what relates sections to each other, as the images of a
model do, is a function in `related` below, which takes the plan and the wildcards. A stage that depends on no value
stands in `Config.jobs`.
"""

from collections.abc import Callable, Iterator
from typing import Any

from lucidag.config.arms import arms, studied_models
from lucidag.config.claimed import claim_settings
from lucidag.config.compared import compared_models
from lucidag.config.dossier import absent
from lucidag.config.methods import (
    compared_methods,
    discovering_families,
    explain_of,
    family,
    measured_families,
    planted_families,
    studied_families,
)
from lucidag.config.page import atlas_settings
from lucidag.config.plan import Plan, Wildcards
from lucidag.config.repaired import repair_arms
from lucidag.config.schema import Config
from lucidag.data.roles import SPLITS
from lucidag.explain.lime.settings import LimeSettings
from lucidag.explain.methods.registry import name_of
from lucidag.ground.section import Section
from lucidag.models.settings import LOOKED_INTO, NETWORK
from lucidag.units.clip.settings import Embedding
from lucidag.units.settings import Describing

Settings = dict[str, Any]


def job_settings(plan: Plan, stage: str, wildcards: Wildcards) -> Settings:
    """Return the settings of one job, as builtin types.

    Parameters
    ----------
    plan
        Of the checked configuration.
    stage
        What sections and `related` call it.
    wildcards
        What the job's file names say: the ``dataset``, ``model``, ``study`` and so on.
    """
    sections = list(sections_of(plan, wildcards))
    more = related().get(stage)
    if more is None and not any(stage in section.jobs for section in sections):
        raise KeyError(f"no section of the configuration says what the stage '{stage}' uses")
    found: Settings = {}
    for section in sections:
        found |= section.pick(*section.jobs.get(stage, ()))
    return found | (more(plan, wildcards) if more else {})


def sections_of(plan: Plan, wildcards: Wildcards) -> Iterator[Section]:
    """Give the sections that a job sees."""
    config = plan.config
    yield config
    analyses = [found for name in Config.model_fields if isinstance(found := getattr(config, name), Section)]
    parts: list[Section | None] = []
    explain = config.explain
    parts += [explain.lime, explain.agreement, explain.localisation] if explain else []
    parts += [config.relevance.atlas] if config.relevance else []
    parts += [config.dissect.clip_dissect] if config.dissect else []
    yield from filter(None, (*analyses, *parts))
    if "model" in wildcards:
        yield config.models[wildcards["model"]]
        repaired_by = config.models[wildcards["model"]].repaired_by
        yield from [] if repaired_by is None else [config.repair[repaired_by]]
        yield config.datasets[config.models[wildcards["model"]].dataset]
    elif "dataset" in wildcards:
        yield config.datasets[wildcards["dataset"]]
    if "study" in wildcards:
        studies = config.shortcuts if wildcards["study"] in config.shortcuts else config.generalisation
        yield studies[wildcards["study"]]
    if "repair" in wildcards:
        yield config.repair[wildcards["repair"]]
    if "clip" in wildcards:
        clip = config.clips[wildcards["clip"]]
        yield from filter(None, (clip, clip.train))


def related() -> dict[str, Callable[[Plan, Wildcards], Settings]]:
    """Return, for each stage whose settings relate sections to each other, the function that gives these."""
    return {
        "data": lambda plan, job: plan.config.datasets[job["dataset"]].settings(),
        # A network of a family that diverges must not end the others.
        "train": lambda plan, job: {
            "outlive_divergence": job["model"] in plan.config.members,
            "groups": _sampled(plan, job),
        },
        "import": lambda plan, job: {
            "classes": plan.config.datasets[plan.config.models[job["model"]].dataset].named_classes()
        },
        "features": lambda plan, job: {"needs_head": job["model"] in plan.needing_units},
        **dict.fromkeys(("turning_points", "rof_figures"), _on_a_grid),
        "generalisation": _generalisation,
        "explanations": _explanations,
        "explanation_checks": _explanation_checks,
        "explanation_images": lambda plan, job: {
            "methods": plan.methods(job["model"]),
            "images": plan.drawing_jobs(job["model"])[job["batch"]],
        },
        "explanation_figures": lambda plan, job: {"families": list(plan.families(job["model"]))},
        "lime_tune": _lime_tune,
        "agreement": lambda plan, job: _compared(plan, "agreement", job["model"]),
        "agreement_figures": lambda plan, job: _methods(plan, "agreement", job["model"]),
        "localisation": lambda plan, job: _compared(plan, "localisation", job["model"]),
        "relevance_references": lambda plan, job: {"layer": plan.atlas_layer(job["model"])},
        "relevance_atlas": lambda plan, job: {
            "layer": plan.atlas_layer(job["model"]),
            "images": _images(plan, job["model"], [job["image"]]),
        },
        "faithfulness": lambda plan, job: {
            **_faithfulness(plan, job["model"], plan.explained[job["model"]]),
            **_compared(plan, "faithfulness", job["model"]),
        },
        "faithfulness_figures": lambda plan, job: {"hand_picked": plan.hand_picked(job["model"])},
        "faithfulness_shard": lambda plan, job: _faithfulness(
            plan, job["model"], plan.measured[job["model"]][job["shard"]]
        ),
        "shortcut": _shortcut,
        "shortcut_proposals": lambda plan, job: {
            **_shortcut(plan, job),
            "families": discovering_families(plan.config),
            "proposers": plan.tested[job["study"]],
        },
        "repair_report": _repair_report,
        "discover": lambda plan, job: {"families": discovering_families(plan.config)},
        "clip_embed": _embedded,
        "dissect_passes": _shown_to,
        "dissect_labels": _dissect_labels,
        "dissect_units": _shown_to,
        "unit_regions": _shown_to,
        "unit_search": lambda plan, job: plan.config.clips[plan.clip or ""].pick(*Embedding.model_fields),
        "unit_dossier": lambda plan, job: {"absent": absent(plan, job["model"], job["layer"])},
        "compare_models": lambda plan, job: compared_models(plan),
        "compare_factors": lambda plan, job: {"families": plan.families_of_models},
        "experiment_figures": lambda plan, job: {"models": plan.families_of_models[job["grid"]]},
        "planted_truth": lambda plan, job: {
            "families": planted_families(plan.config),
            "splits": plan.probe_splits(job["model"]),
        },
        "atlas": lambda plan, job: atlas_settings(plan),
        "claims": lambda plan, job: claim_settings(plan),
        "notebook": lambda plan, job: notebook(plan),
    }


def _sampled(plan: Plan, job: Wildcards) -> list[str]:
    """Return the columns of the groups that an epoch of training shows equally often; none where it does not."""
    model = plan.config.models[job["model"]]
    balanced = model.train is not None and model.train.balance == "group"
    return list(plan.config.datasets[model.dataset].groups) if balanced else []


def _on_a_grid(plan: Plan, job: Wildcards) -> Settings:
    return {"on_a_grid": True} if job["model"] in plan.gridded else {}


def _generalisation(plan: Plan, job: Wildcards) -> Settings:
    study = plan.config.generalisation[job["study"]]
    members = plan.config.members  # trainings that differ in their seed alone are alike
    families = {
        model: members[model].block if model in members else model
        for name in study.models
        for model in plan.family(name)
    }
    seeds = {model: train.seed if (train := plan.config.models[model].train) else 0 for model in families}
    return {"families": families, "model_seeds": seeds}


def _images(plan: Plan, model: str, images: list[str]) -> list[Settings]:
    rows = plan.config.datasets[plan.config.models[model].dataset].image_rows(images)
    chosen = plan.chosen(model)
    return [{**row, "target": chosen[row["image"]].target} for row in rows]


def _explanations(plan: Plan, job: Wildcards) -> Settings:
    model, name = job["model"], job["family"]
    images = plan.batches(model, name)[job["batch"]]
    return {
        "family": family(plan.config, model, plan.families(model)[name], images),
        "images": _images(plan, model, images),
    }


def _explanation_checks(plan: Plan, job: Wildcards) -> Settings:
    model = job["model"]
    images = plan.checked[model]
    return {
        "families": [family(plan.config, model, methods, images) for methods in plan.families(model).values()],
        "images": _images(plan, model, images),
    }


def _methods(plan: Plan, analysis: str, model: str) -> Settings:
    return {"methods": [name_of(method) for method in compared_methods(plan.config, analysis, model)]}


def _compared(plan: Plan, analysis: str, model: str) -> Settings:
    return {**_methods(plan, analysis, model), "hand_picked": plan.hand_picked(model)}


def _lime_tune(plan: Plan, job: Wildcards) -> Settings:
    lime = explain_of(plan.config).lime
    return {
        "lime": lime.model_dump(mode="json", include=set(LimeSettings.model_fields)),
        # Which models are searched for changes no search.
        "tuning": lime.tuning.model_dump(mode="json", exclude={"models"}) if lime.tuning else None,
        "images": _images(plan, job["model"], plan.explained[job["model"]]),
    }


def _faithfulness(plan: Plan, model: str, images: list[str]) -> Settings:
    return {
        "families": measured_families(plan.config, model, images),
        "images": _images(plan, model, images),
    }


def _shortcut(plan: Plan, job: Wildcards) -> Settings:
    study = job["study"]
    return {
        "families": studied_families(plan.config, study),
        "arms": arms(plan.config, study),
        "networks": {name: plan.config.models[name].pick(*LOOKED_INTO) for name in studied_models(plan.config, study)},
    }


def _repair_report(plan: Plan, job: Wildcards) -> Settings:
    sets = repair_arms(plan.config, job["repair"])
    names = [name for own in sets.values() for name in own]
    return {"sets": sets, "networks": {name: plan.config.models[name].pick(*NETWORK) for name in names}}


def _embedded(plan: Plan, job: Wildcards) -> Settings:
    named = plan.config.dissect.splits if plan.config.dissect else None
    return {"splits": list(named or SPLITS)}


def _shown_to(plan: Plan, job: Wildcards) -> Settings:
    return {"layers": plan.layers[job["model"]], "splits": plan.probe_splits(job["model"])}


def _dissect_labels(plan: Plan, job: Wildcards) -> Settings:
    section = plan.config.dissect.clip_dissect if plan.config.dissect else None
    return {
        "clip_dissect": section.pick(*Describing.model_fields) if section else None,
        "splits": plan.probe_splits(job["model"]),
    }


def notebook(plan: Plan) -> dict[str, Settings]:
    """Return the arguments of the sections of `lucidag.report.contents.sections`."""
    config = plan.config
    found: dict[str, Settings] = {
        "data": {"datasets": list(config.datasets)},
        "models": {"models": list(config.models), "trained": plan.trained},
    }
    if config.report.atlas is not None:
        found["atlas"] = {}
    if config.rof is not None:
        found["rof"] = {"models": plan.examined, **config.rof.pick("ranking"), "points": bool(config.rof.points)}
        found["rof"] |= {"on_a_grid": plan.gridded} if plan.gridded else {}
    if config.members:
        found["experiments"] = {
            "families": list(plan.families_of_models),
            **config.experiments.pick("outcomes", "confidence"),
        }
    if config.generalisation:
        found["generalisation"] = {"studies": list(config.generalisation)}
    if config.explain is not None:
        found["explain"] = {
            "families": {model: list(plan.families(model)) for model in plan.explained_models},
            "tuned": plan.tuned,
            "checked": list(plan.checked),
            **config.explain.agreement.pick("confidence"),
        }
        found["localisation"] = {"models": plan.explained_models, **config.explain.localisation.pick("confidence")}
    if config.relevance is not None and config.relevance.atlas is not None:
        found["relevance"] = {"models": plan.atlas}
    if config.faithfulness is not None:
        found["faithfulness"] = {"models": list(plan.measured), **config.faithfulness.pick("confidence")}
    if config.dissect is not None:
        found["dissect"] = {
            "models": plan.layers,
            "methods": plan.concept_methods,
            "pairs": list(plan.pairs),
            "joined": plan.joined,
            "clips": [plan.clip] if plan.clip in plan.trained_clips else [],
            "untrained": plan.twins,
        }
    if config.units is not None:
        found["units"] = {"models": plan.unit_models, **config.units.pick("confidence")}
        found["units"]["layers"] = {
            name: list(dict.fromkeys([*plan.inner.get(name, ()), plan.penultimate(name)])) for name in plan.unit_models
        }
    if config.planted is not None:
        found["planted"] = {"models": plan.planted, **config.planted.pick("confidence")}
    if config.artefacts is not None:
        learnt = {
            data: [model for model in plan.discovered if config.models[model].dataset == data] for data in plan.audited
        }
        found["artefacts"] = {
            "datasets": plan.audited,
            "proposed": {data: models for data, models in learnt.items() if models},
            **config.artefacts.pick("confidence"),
        }
    if config.discover is not None:
        found["discovery"] = {"models": plan.discovered, **config.discover.pick("level", "confidence")}
    if config.repair:
        found["repair"] = {"repairs": {name: own.confidence for name, own in config.repair.items()}}
    if config.shortcuts:
        found["shortcuts"] = {
            "studies": {
                name: {**arms(config, name), **study.pick("confidence", "proposals")}
                for name, study in config.shortcuts.items()
            }
        }
    return found
