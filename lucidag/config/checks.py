"""Checks across the sections of a configuration: names that are looked up, and sections that need each other."""

from collections.abc import Iterable

from lucidag.config.methods import compared_methods
from lucidag.config.plan import Plan
from lucidag.config.schema import Config
from lucidag.data.registry import sources_with
from lucidag.explain.methods.registry import LIME, name_of
from lucidag.ground.errors import InputError
from lucidag.ground.spelling import unknown
from lucidag.units.labels.concepts import read_concepts
from lucidag.units.settings import ClipDissect, Dissect


def check_names(words: Config, plan: Plan) -> None:
    """Stop where a section names what does not exist, or needs a section that is absent.

    Parameters
    ----------
    words
        The configuration before its families of models were written out.
    plan
        Of the configuration with them written out.

    Raises
    ------
    InputError
        One line: the key path, what was found, what is allowed.
    """
    _check_datasets(plan)
    _check_models(words, plan)
    _check_studies(plan)
    _check_explain(plan)
    _check_relevance(plan)
    _check_dissect(plan)


def _known(key: str, kind: str, names: Iterable[str], known: Iterable[str]) -> None:
    allowed = list(known)
    for name in names:
        if name not in allowed:
            raise InputError(f"{key}: {unknown(kind, name, allowed)}")


def _check_datasets(plan: Plan) -> None:
    config = plan.config
    named = {f"models.{name}.dataset": model.dataset for name, model in config.models.items()}
    learnt_from = {name: clip.train.dataset for name, clip in config.clips.items() if clip.train is not None}
    probe = [config.dissect.probe] if config.dissect is not None and config.dissect.probe is not None else []
    _known("artefacts.datasets", "data set", plan.audited, config.datasets)
    for key, dataset in named.items():
        _known(key, "data set", [dataset], config.datasets)
    _known("dissect.probe", "data set", probe, config.datasets)
    for name, dataset in learnt_from.items():
        key = f"clips.{name}.train.dataset"
        _known(key, "data set", [dataset], config.datasets)
        source = config.datasets[dataset]
        if not source.captions:
            known = sources_with("captions")
            raise InputError(f"{key}: captions are written for the source {known}, and this is '{source.source}'")
    unused = set(config.datasets).difference(named.values(), learnt_from.values(), probe, plan.audited)
    if unused:
        raise InputError(f"datasets.{sorted(unused)[0]}: no model uses this data set")


def _check_models(words: Config, plan: Plan) -> None:
    known = sorted({*words.models, *plan.config.models})
    for key in ("rof", "explain", "dissect", "relevance", "faithfulness"):
        section = getattr(words, key)
        _known(f"{key}.models", "model", (section.models or ()) if section is not None else (), known)
    for key, shortcut in words.shortcuts.items():
        for role in ("trained_with", "trained_without"):
            _known(f"shortcuts.{key}.{role}", "model", [getattr(shortcut, role)], known)
    for key, study in words.generalisation.items():
        _known(f"generalisation.{key}.models", "model", study.models, known)
    if words.generalisation and words.rof is None:
        raise InputError("generalisation: needs a `rof:` section, as it compares the roles of units")


def _check_studies(plan: Plan) -> None:
    for key in plan.config.generalisation:
        models = plan.studied(key)
        for model in models:
            if models.count(model) > 1:
                raise InputError(
                    f"generalisation.{key}.models: '{model}' is listed twice, by itself or by its family; it would "
                    "count as two"
                )


def _check_explain(plan: Plan) -> None:
    explain = plan.config.explain
    if explain is None:
        return
    _known("explain.images", "data set", explain.images, plan.config.datasets)
    used = {model: plan.config.models[model].dataset for model in plan.explained_models}
    for model, dataset in used.items():
        if not explain.images.get(dataset):
            raise InputError(f"explain.images: no images of data set '{dataset}', which model '{model}' needs")
    for dataset in explain.images:
        if dataset not in used.values():
            raise InputError(f"explain.images.{dataset}: no explained model uses this data set")
    _known("explain.cam.layers", "explained model", explain.cam.layers, plan.explained_models)
    names = [name_of(method) for method in explain.methods]
    asked = {"explain.agreement": explain.agreement, "explain.localisation": explain.localisation}
    for key, section in {**asked, "faithfulness": plan.config.faithfulness}.items():
        methods = (section.methods if section is not None else None) or ()
        _known(f"{key}.methods", "method of explain.methods", map(name_of, methods), names)


def _check_relevance(plan: Plan) -> None:
    config, explained = plan.config, plan.explained_models
    for key, models in (("relevance", plan.relevance_models), ("faithfulness", plan.measured_models)):
        if getattr(config, key) is not None and config.explain is None:
            raise InputError(f"{key}: needs an `explain:` section, which names the images")
        _known(f"{key}.models", "explained model", models, explained)
    again = config.faithfulness is not None and config.faithfulness.lime_sensitivity
    if again and config.explain is not None and LIME not in compared_methods(config, "faithfulness"):
        raise InputError("faithfulness: `lime_sensitivity` is true and needs `lime` among the methods")
    atlas = config.relevance.atlas if config.relevance is not None else None
    _known("relevance.atlas.layers", "model", atlas.layers if atlas is not None else (), plan.relevance_models)


def _check_dissect(plan: Plan) -> None:
    dissect, clips = plan.config.dissect, plan.config.clips
    if dissect is None:
        if clips:
            raise InputError(f"clips.{next(iter(clips))}: there is no `dissect:` section that uses it")
        return
    _known("dissect.layers", "dissected model", dissect.layers, plan.layers)
    for place, pair in enumerate(dissect.compare):
        _known(f"dissect.compare[{place}]", "dissected model", pair, plan.layers)
        if pair[0] == pair[1]:
            raise InputError(f"dissect.compare[{place}]: '{pair[0]}' is compared with itself")
    _check_probes(plan, dissect)
    _check_clip_dissect(plan, dissect.clip_dissect)
    layers = dict.fromkeys(layer for layers in plan.layers.values() for layer in layers)
    shown = dissect.sheet.units if isinstance(dissect.sheet.units, dict) else ()
    _known("dissect.sheet.units", "dissected layer", shown, layers)


def _check_probes(plan: Plan, dissect: Dissect) -> None:
    section = dissect.clip_dissect
    for name in map(plan.probe, plan.layers):
        dataset = plan.config.datasets[name]
        if dataset.label_maps:
            continue
        found = f"data set '{name}' (source '{dataset.source}') has no label maps"
        if dissect.netdissect is not None:
            raise InputError(
                f"dissect.netdissect: {found}, so there is no IoU; set it to null, or name a `probe` with "
                f"label maps (the sources {sources_with('label_maps')})"
            )
        if section is not None and section.evidence == "clip" and section.concepts == "annotations":
            raise InputError(f"dissect.clip_dissect.concepts: {found}, so there are no annotations")


def _check_clip_dissect(plan: Plan, section: ClipDissect | None) -> None:
    key, clips = "dissect.clip_dissect", plan.config.clips
    if section is not None and section.evidence == "clip":
        if not clips:
            raise InputError(
                f"{key}.clip: there is no CLIP; name one under `clips:` (a published one, or `train:` for a small "
                "one), or set `evidence: annotations`, or `clip_dissect: null`"
            )
        if section.clip is None and len(clips) > 1:
            raise InputError(f"{key}.clip: missing; there are: {', '.join(clips)}")
        _known(f"{key}.clip", "clip", [section.clip] if section.clip is not None else [], clips)
        for file in plan.concept_files:
            try:
                read_concepts(file)
            except InputError as error:
                raise InputError(f"{key}.{error}") from error
    unused = [name for name in clips if name != plan.clip]
    if unused:
        raise InputError(f"clips.{unused[0]}: `dissect.clip_dissect` does not use it")
