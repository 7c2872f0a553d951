"""Which part of the configuration each stage depends on: no more than it uses, as builtin types.

What stands here decides what reruns when a value of the configuration changes.
"""

from collections.abc import Callable, Mapping
from typing import Any

from lucidag.config.dissected import clip_of, concept_methods, joined_with_roles, layers_of, pairs
from lucidag.config.explain import Agreement, Cam, Explain, Lime
from lucidag.config.faithfulness import MEASURING, Faithfulness
from lucidag.config.images import (
    atlas_images,
    cam_batches,
    explained_images,
    image_rows,
    lime_batches,
    measured_shards,
    relevance_batches,
)
from lucidag.config.load import (
    audited_datasets,
    dissected_models,
    explained_models,
    family_members,
    measured_models,
    relevance_models,
    rof_models,
)
from lucidag.config.relevance import DEFAULT_LAYER, Atlas, Relevance
from lucidag.config.schema import Config, Dataset, Folder, Model, Rof
from lucidag.config.sources import class_names
from lucidag.ground.errors import InputError
from lucidag.units.settings import ClipDissect, Describing, Dissect

Settings = dict[str, Any]
Wildcards = Mapping[str, str]


def stage_settings(config: Config, stage: str, wildcards: Wildcards) -> Settings:
    """Return the settings of one job.

    Parameters
    ----------
    config
        The checked configuration.
    stage
        A key of `stages()`.
    wildcards
        What the job's file names say: the ``dataset``, ``model`` or ``study``.
    """
    return stages()[stage](config, wildcards)


def stages() -> dict[str, Callable[[Config, Wildcards], Settings]]:
    """Return, for each stage, the function that picks its settings."""
    return {
        "data": _data,
        "train": _train,
        "import": _import,
        "features": _features,
        "evaluate": lambda config, wildcards: {"min_group": _dataset_of(config, wildcards).min_group},
        "rank": lambda config, wildcards: {**_rof(config, "methods"), "random_seeds": _random_seeds(config)},
        "sweep": _sweep,
        "turning_points": lambda config, wildcards: _rof(config, "ranking", "confidence", "role_metric", "points"),
        "generalisation": _generalisation,
        "cam_maps": _cam_maps,
        "lime_fits": _lime_fits,
        "lime_tune": _lime_tune,
        "cam_images": lambda config, wildcards: {},
        "lime_images": lambda config, wildcards: {},
        "agreement": lambda config, wildcards: _agreement(
            config, "thresholds", "area", "resamples", "confidence", "seed"
        ),
        "clip_train": _clip_train,
        "clip_embed": _clip_embed,
        "dissect_passes": _dissect_passes,
        "dissect_labels": _dissect_labels,
        "dissect_summary": lambda config, wildcards: _dissect(config, "dissect_summary"),
        "dissect_compare": lambda config, wildcards: _dissect(config, "dissect_compare"),
        "dissect_roles": lambda config, wildcards: {
            **_dissect(config, "dissect_roles"),
            **_rof(config, "role_metric"),
        },
        "dissect_units": _dissect_units,
        "relevance_maps": _relevance_maps,
        "relevance_references": _relevance_references,
        "relevance_atlas": _relevance_atlas,
        "faithfulness": lambda config, wildcards: _faithfulness(
            config, wildcards, explained_images(config, wildcards["model"])
        ),
        "faithfulness_shard": lambda config, wildcards: _faithfulness(
            config, wildcards, measured_shards(config, wildcards["model"])[wildcards["shard"]]
        ),
        "faithfulness_figures": lambda config, wildcards: {"confidence": _measures(config).confidence},
        "shortcut": _shortcut,
        "shortcut_figures": lambda config, wildcards: {"confidence": config.shortcuts[wildcards["study"]].confidence},
        "artefact_audit": lambda config, wildcards: _artefacts(config, "artefact_audit"),
        "artefact_figures": lambda config, wildcards: _artefacts(config, "artefact_figures"),
        "concept_figures": lambda config, wildcards: _dissect(config, "concept_figures"),
        "concept_roles_figures": lambda config, wildcards: _dissect(config, "concept_roles_figures"),
        "figures": lambda config, wildcards: {},
        "data_figures": lambda config, wildcards: {"seed": config.datasets[wildcards["dataset"]].seed},
        "rof_figures": lambda config, wildcards: _rof(config, "ranking", "select_metric", "role_metric", "confidence"),
        "generalisation_figures": _generalisation_figures,
        "agreement_figures": lambda config, wildcards: _agreement(config, "area", "confidence"),
        "notebook": _notebook,
    }


def _data(config: Config, wildcards: Wildcards) -> Settings:
    dataset = config.datasets[wildcards["dataset"]]
    settings = dataset.model_dump(mode="json", exclude={"source", "min_group", "groups", "track"})
    if isinstance(dataset, Folder):
        # Groups are combined from columns later; only a CSV has to be asked for them, in any order.
        settings["groups"] = sorted({*dataset.groups} - {"label"})
        settings["columns"] = dataset.columns.named()
        settings |= {"classes": class_names(dataset), "more_classes": isinstance(dataset.classes, str)}
    return settings


def _train(config: Config, wildcards: Wildcards) -> Settings:
    model = config.models[wildcards["model"]]
    if model.train is None:
        raise InputError(f"models.{wildcards['model']} has no `train:` section")
    new_head = True if model.new_head is None else model.new_head
    return {
        **_network(model),
        "weights": model.weights,
        "new_head": new_head,
        "train": model.train.model_dump(mode="json"),
    }


def _import(config: Config, wildcards: Wildcards) -> Settings:
    model = config.models[wildcards["model"]]
    return {
        **_network(model),
        "weights": model.weights,
        "new_head": bool(model.new_head),
        "classes": class_names(config.datasets[model.dataset]),
    }


def _features(config: Config, wildcards: Wildcards) -> Settings:
    name = wildcards["model"]
    model = config.models[name]
    return {
        **_network(model),
        "groups": config.datasets[model.dataset].groups,
        "batch_size": model.batch_size,
        "needs_head": name in rof_models(config),
    }


def _network(model: Model) -> Settings:
    return model.model_dump(mode="json", include={"architecture", "options", "input", "head"})


def _sweep(config: Config, wildcards: Wildcards) -> Settings:
    return {
        **_rof(config, "ranking", "methods", "resamples", "confidence", "class_columns", "seed"),
        "random_seeds": _random_seeds(config),
        "min_group": _dataset_of(config, wildcards).min_group,
    }


def _random_seeds(config: Config) -> list[int]:
    section = config.rof if config.rof is not None else Rof()
    return list(range(section.seed, section.seed + section.random_orders))


def _dataset_of(config: Config, wildcards: Wildcards) -> Dataset:
    return config.datasets[config.models[wildcards["model"]].dataset]


def _rof(config: Config, *keys: str) -> Settings:
    section = config.rof if config.rof is not None else Rof()
    return section.model_dump(mode="json", include=set(keys))


def _generalisation(config: Config, wildcards: Wildcards) -> Settings:
    study = config.generalisation[wildcards["study"]]
    families = {model: name for name in study.models for model in family_members(config, name)}
    seeds = {model: train.seed if (train := config.models[model].train) else 0 for model in families}
    return {
        **study.model_dump(mode="json", exclude={"models"}),
        **_rof(config, "ranking"),
        "families": families,
        "model_seeds": seeds,
    }


def _generalisation_figures(config: Config, wildcards: Wildcards) -> Settings:
    return {**_rof(config, "role_metric"), "confidence": config.generalisation[wildcards["study"]].confidence}


def _dissect(config: Config, stage: str) -> Settings:
    section = config.dissect if config.dissect is not None else Dissect()
    return section.pick(*section.jobs[stage])


def _relevance(config: Config) -> Relevance:
    if config.relevance is None:
        raise InputError("there is no `relevance:` section")
    return config.relevance


def _relevance_maps(config: Config, wildcards: Wildcards) -> Settings:
    name = wildcards["model"]
    return {
        **_network(config.models[name]),
        "composites": list(_relevance(config).composites),
        "images": _images(config, name, relevance_batches(config, name)[wildcards["batch"]]),
    }


def _atlas(config: Config, model: str, *keys: str) -> Settings:
    atlas = _relevance(config).atlas or Atlas()
    return {
        **_network(config.models[model]),
        **atlas.model_dump(mode="json", include={"composite", "splits", *keys}),
        "layer": atlas.layers.get(model, DEFAULT_LAYER),
    }


def _relevance_references(config: Config, wildcards: Wildcards) -> Settings:
    found = _atlas(config, wildcards["model"], "targets", "top")
    return {**found, "batch_size": _relevance(config).batch_size}


def _relevance_atlas(config: Config, wildcards: Wildcards) -> Settings:
    name = wildcards["model"]
    return {
        **_atlas(config, name, "units", "examples"),
        "images": _images(config, name, [wildcards["image"]]),
    }


def _measures(config: Config) -> Faithfulness:
    if config.faithfulness is None:
        raise InputError("there is no `faithfulness:` section")
    return config.faithfulness


def _faithfulness(config: Config, wildcards: Wildcards, images: list[str]) -> Settings:
    name, section = wildcards["model"], _measures(config)
    layers = config.explain.cam.layers if config.explain is not None and config.explain.cam is not None else {}
    return {
        **_network(config.models[name]),
        **section.model_dump(mode="json", include={"cam", "composites", "confidence", "resamples"}),
        "measuring": section.model_dump(mode="json", include=set(MEASURING)),
        "layer": layers.get(name),
        "images": _images(config, name, images),
        **(_lime_again(config, name, images) if section.lime_sensitivity else {}),
    }


def _lime_again(config: Config, model: str, images: list[str]) -> Settings:
    own = _lime_by_image(config, model)
    return {
        "lime_settings": {image: own[image] for image in images},
        "lime_batch_size": (_explain(config).lime or Lime()).batch_size,
    }


def _shortcut(config: Config, wildcards: Wildcards) -> Settings:
    study = config.shortcuts[wildcards["study"]]
    names = {"with": study.trained_with, "without": study.trained_without}
    return {
        **study.model_dump(mode="json", exclude={"trained_with", "trained_without"}),
        "names": names,
        "networks": {name: _network(config.models[name]) for name in names.values()},
    }


def _artefacts(config: Config, stage: str) -> Settings:
    if config.artefacts is None:
        raise InputError("there is no `artefacts:` section")
    return config.artefacts.pick(*config.artefacts.jobs[stage])


def _clip_train(config: Config, wildcards: Wildcards) -> Settings:
    train = config.clips[wildcards["clip"]].train
    if train is None:
        raise InputError(f"clips.{wildcards['clip']} has no `train:` section")
    return train.pick(*train.jobs["clip_train"])


def _clip_embed(config: Config, wildcards: Wildcards) -> Settings:
    clip = config.clips[wildcards["clip"]]
    section = config.dissect.clip_dissect if config.dissect is not None else None
    asked = section or ClipDissect()
    return {
        **clip.pick(*clip.jobs["clip_embed"]),
        **asked.pick(*asked.jobs["clip_embed"]),
        **_dissect(config, "clip_embed"),
    }


def _dissect_passes(config: Config, wildcards: Wildcards) -> Settings:
    name = wildcards["model"]
    return {
        **_network(config.models[name]),
        **_dissect(config, "dissect_passes"),
        "layers": layers_of(config, name),
    }


def _dissect_labels(config: Config, wildcards: Wildcards) -> Settings:
    section = config.dissect.clip_dissect if config.dissect is not None else None
    asked = None if section is None else section.pick(*Describing.model_fields)
    return {"clip_dissect": asked, **_dissect(config, "dissect_labels")}


def _dissect_units(config: Config, wildcards: Wildcards) -> Settings:
    return {
        **_network(config.models[wildcards["model"]]),
        **_dissect(config, "dissect_units"),
        "layers": layers_of(config, wildcards["model"]),
    }


def _explain(config: Config) -> Explain:
    if config.explain is None:
        raise InputError("there is no `explain:` section")
    return config.explain


def _cam_maps(config: Config, wildcards: Wildcards) -> Settings:
    name = wildcards["model"]
    cam = _explain(config).cam or Cam()
    return {
        **_network(config.models[name]),
        "layer": cam.layers.get(name),
        "methods": list(cam.methods),
        "batch_size": cam.batch_size,
        "images": _images(config, name, cam_batches(config, name)[wildcards["batch"]]),
    }


def _lime_fits(config: Config, wildcards: Wildcards) -> Settings:
    name = wildcards["model"]
    rows = _images(config, name, lime_batches(config, name)[wildcards["batch"]])
    lime = _lime_by_image(config, name)
    return {
        **_network(config.models[name]),
        "batch_size": (_explain(config).lime or Lime()).batch_size,
        "images": [{**row, "lime": lime[row["image"]]} for row in rows],
    }


def _lime_by_image(config: Config, model: str) -> dict[str, Settings]:
    explain = _explain(config)
    own = explain.chosen(config.models[model].dataset)
    return {image: explain.lime_settings(pixels).model_dump(mode="json") for image, pixels in own.items()}


def _lime_tune(config: Config, wildcards: Wildcards) -> Settings:
    name = wildcards["model"]
    lime = _explain(config).lime or Lime()
    return {
        **_network(config.models[name]),
        "batch_size": lime.batch_size,
        "lime": lime.model_dump(mode="json", exclude={"batch_size", "tuning"}),
        "tuning": lime.tuning.model_dump(mode="json") if lime.tuning is not None else None,
        "images": _images(config, name, list(_explain(config).chosen(config.models[name].dataset))),
    }


def _images(config: Config, model: str, images: list[str]) -> list[Settings]:
    own = _explain(config).chosen(config.models[model].dataset)
    rows = image_rows(config.datasets[config.models[model].dataset], images)
    return [{**row, "target": own[row["image"]].target} for row in rows]


def _agreement(config: Config, *keys: str) -> Settings:
    section = config.explain.agreement if config.explain is not None else Agreement()
    return section.model_dump(mode="json", include=set(keys))


def _notebook(config: Config, wildcards: Wildcards) -> Settings:
    """Return the arguments of the sections of `lucidag.report.contents.sections`."""
    found: dict[str, Settings] = {
        "data": {"datasets": list(config.datasets)},
        "models": {
            "models": list(config.models),
            "trained": [name for name, model in config.models.items() if model.train is not None],
        },
    }
    if config.rof is not None:
        found["rof"] = {
            "models": rof_models(config),
            "ranking": config.rof.ranking,
            "points": bool(config.rof.points),
        }
    if config.generalisation:
        found["generalisation"] = {"studies": list(config.generalisation)}
    return found | _notebook_of_decisions(config) | _notebook_of_units(config) | _notebook_of_artefacts(config)


def _notebook_of_decisions(config: Config) -> dict[str, Settings]:
    found: dict[str, Settings] = {}
    if config.explain is not None:
        models = explained_models(config)
        tuned = config.explain.lime is not None and config.explain.lime.tuning is not None
        found["explain"] = {
            "models": models,
            "maps": config.explain.cam is not None and bool(config.explain.cam.methods),
            "tuned": models if tuned else [],
            "confidence": config.explain.agreement.confidence,
        }
    if config.relevance is not None:
        found["relevance"] = {"models": {name: atlas_images(config, name) for name in relevance_models(config)}}
    if config.faithfulness is not None:
        found["faithfulness"] = {
            "models": measured_models(config),
            "confidence": config.faithfulness.confidence,
        }
    return found


def _notebook_of_units(config: Config) -> dict[str, Settings]:
    if config.dissect is None:
        return {}
    clip = clip_of(config)
    return {
        "dissect": {
            "models": {name: layers_of(config, name) for name in dissected_models(config)},
            "methods": concept_methods(config),
            "pairs": list(pairs(config)),
            "joined": joined_with_roles(config),
            "clips": [clip] if clip is not None and config.clips[clip].train is not None else [],
        }
    }


def _notebook_of_artefacts(config: Config) -> dict[str, Settings]:
    found: dict[str, Settings] = {}
    if config.artefacts is not None:
        found["artefacts"] = {"datasets": audited_datasets(config), "confidence": config.artefacts.confidence}
    if config.shortcuts:
        found["shortcuts"] = {
            "studies": {
                name: {
                    "with": study.trained_with,
                    "without": study.trained_without,
                    "confidence": study.confidence,
                }
                for name, study in config.shortcuts.items()
            }
        }
    return found
