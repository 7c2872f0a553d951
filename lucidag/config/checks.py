"""Checks across the sections of a configuration: names that are looked up, and sections that need each other."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

from lucidag.config.arms import listed, models_of, studied_models
from lucidag.config.faults import Faults
from lucidag.config.methods import compared_methods
from lucidag.config.plan import Plan
from lucidag.config.planted import check_planted
from lucidag.config.schema import Config
from lucidag.config.select import members_of
from lucidag.config.trainings import check_trainings
from lucidag.data.registry import sources_with
from lucidag.explain.methods.registry import LIME, name_of
from lucidag.ground.errors import InputError
from lucidag.ground.spelling import unknown
from lucidag.units.labels.concepts import read_concepts
from lucidag.units.settings import ClipDissect, Dissect

T = TypeVar("T")


def check_names(plan: Plan, faults: Faults) -> None:
    """Find the names in sections that do not exist, and sections that need one which is absent.

    Parameters
    ----------
    plan
        Of the configuration, with its grids written out.
    faults
        Gets a line for each: the key path, what was found, what is allowed.
    """
    found = (
        _check_datasets(plan),
        _check_models(plan),
        check_trainings(plan.config),
        _check_studies(plan),
        _check_explain(plan, faults),
        _check_relevance(plan, faults),
        _check_dissect(plan),
        _check_units(plan),
        check_planted(plan, faults),
    )
    for lines in found:
        with faults.gathered():
            for line in lines:
                faults.lines += [line] if line not in faults.lines else []


def _known(key: str, kind: str, names: Iterable[str], known: Iterable[str]) -> Iterator[str]:
    allowed = list(known)
    for name in names:
        if name not in allowed:
            yield f"{key}: {unknown(kind, name, allowed)}"


def _check_datasets(plan: Plan) -> Iterator[str]:
    config = plan.config
    named = {f"models.{name}.dataset": model.dataset for name, model in config.models.items()}
    learnt_from = {name: clip.train.dataset for name, clip in config.clips.items() if clip.train is not None}
    probe = [config.dissect.probe] if config.dissect is not None and config.dissect.probe is not None else []
    yield from _known("artefacts.datasets", "data set", plan.audited, config.datasets)
    for key, dataset in named.items():
        yield from _known(key, "data set", [dataset], config.datasets)
    yield from _known("dissect.probe", "data set", probe, config.datasets)
    for name, dataset in learnt_from.items():
        key = f"clips.{name}.train.dataset"
        yield from _known(key, "data set", [dataset], config.datasets)
        source = config.datasets.get(dataset)
        if source is not None and not source.captions:
            known = sources_with("captions")
            yield f"{key}: captions are written for the source {known}, and this is '{source.source}'"
    used = {*named.values(), *learnt_from.values(), *probe, *plan.audited}
    if used.issubset(config.datasets):  # else the one that seems to be unused may only be misspelt
        for name in sorted(set(config.datasets) - used):
            yield f"datasets.{name}: no model uses this data set"


def _check_models(plan: Plan) -> Iterator[str]:
    config = plan.config
    members = config.members.values()
    known = sorted({*config.models, *(each.family for each in members), *(each.block for each in members)})
    for key in ("rof", "explain", "dissect", "units", "planted", "relevance", "faithfulness", "discover"):
        section = getattr(config, key)
        yield from _known(f"{key}.models", "model", (section.models or ()) if section is not None else (), known)
    for key, shortcut in config.shortcuts.items():
        for role in ("trained_with", "trained_without"):
            names = getattr(shortcut, role)
            yield from _known(f"shortcuts.{key}.{role}", "model", listed(names), known)
    originals = sorted({*(name for name in config.models if config.models[name].repairs is None), *known})
    for key, repair in config.repair.items():
        yield from _known(f"repair.{key}.model", "model", listed(repair.model), set(originals) - set(config.repair))
        yield from _known(f"repair.{key}.without", "model", listed(repair.without), known)
    for key, study in config.generalisation.items():
        yield from _known(f"generalisation.{key}.models", "model", study.models, known)
    if config.generalisation and config.rof is None:
        yield "generalisation: needs a `rof:` section, as it compares the roles of units"


def _check_studies(plan: Plan) -> Iterator[str]:
    for key, repair in plan.config.repair.items():
        originals = models_of(plan.config, repair.model)
        for model in sorted(set(originals) & set(models_of(plan.config, repair.without))):
            yield f"repair.{key}: '{model}' is repaired, and is to be a network `without` the shortcut too"
    for key in plan.config.shortcuts:
        models = studied_models(plan.config, key)
        for model in dict.fromkeys(models):
            if models.count(model) > 1:
                yield f"shortcuts.{key}: '{model}' is in both arms, by itself or by its family"
        yield from _check_proposals(plan, key)
    for key in plan.config.generalisation:
        models = plan.studied(key)
        for model in dict.fromkeys(models):
            if models.count(model) > 1:
                yield (
                    f"generalisation.{key}.models: '{model}' is listed twice, by itself or by its family; it would "
                    "count as two"
                )


def _check_proposals(plan: Plan, key: str) -> Iterator[str]:
    """Find a study that tests proposals where none are made; a name that does not exist is told elsewhere."""
    discover, study = plan.config.discover, plan.config.shortcuts[key]
    if not study.proposals or plan.tested[key]:
        return
    if discover is None:
        yield f"shortcuts.{key}.proposals: needs a `discover:` section, which proposes something"
    elif models_of(plan.config, study.trained_with) and all(map(plan.family, discover.models or ())):
        yield f"shortcuts.{key}.proposals: `discover.models` names no model of `trained_with`, so nothing is proposed"


def _check_explain(plan: Plan, before: Faults) -> Iterator[str]:
    explain = plan.config.explain
    if explain is None:
        return
    yield from _known("explain.images", "data set", explain.images, plan.config.datasets)
    used = {plan.config.models[model].dataset: model for model in reversed(plan.explained_models)}
    spelt = all(dataset in plan.config.datasets for dataset in (*explain.images, *used))
    for dataset, model in reversed(used.items()) if spelt else ():  # else it may be told above
        if not explain.images.get(dataset):
            yield f"explain.images: no images of data set '{dataset}', which model '{model}' needs"
    spelt = spelt and not any(line.startswith("explain.models:") for line in before.lines)
    for dataset in explain.images if spelt else ():
        if dataset not in used:
            yield f"explain.images.{dataset}: no explained model uses this data set"
    yield from _known_by_model(plan, "explain.cam.layers", "explained model", explain.cam.layers, plan.explained_models)
    tuned = explain.lime.tuning
    for name in (tuned.models or ()) if tuned is not None else ():
        if not plan.family(name) or not set(plan.family(name)) <= set(plan.explained_models):
            yield from _known("explain.lime.tuning.models", "explained model", [name], plan.explained_models)
    names = [name_of(method) for method in explain.methods]
    asked = {"explain.agreement": explain.agreement, "explain.localisation": explain.localisation}
    chosen = {
        key: section.methods if section is not None else None
        for key, section in {**asked, "faithfulness": plan.config.faithfulness}.items()
    }
    for key, methods in chosen.items():
        yield from _known(f"{key}.methods", "method of explain.methods", map(name_of, methods or ()), names)
    for name, left_out in _by_family(plan.config, explain.without).items():
        models = [model for model in plan.family(name) if model in plan.explained_models]
        if not models:
            yield from _known("explain.without", "explained model", [name], plan.explained_models)
            continue
        yield from _known(f"explain.without.{name}", "method of explain.methods", map(name_of, left_out), names)
        if not plan.methods(models[0]):
            yield f"explain.without.{name}: no method is left; leave the model out of `explain.models` instead"
            continue
        for key, methods in chosen.items():
            if not explain.taken(models[0], methods):
                yield f"{key}.methods: none of them explains model '{name}', as `explain.without` leaves them out"


def _known_by_model(plan: Plan, key: str, kind: str, said: Mapping[str, T], known: Iterable[str]) -> Iterator[str]:
    """Check the keys of a section by model; of a family that is told the same, one model that is known is enough."""
    known = list(known)
    for name in _by_family(plan.config, said):
        if not set(plan.family(name)) & set(known):
            yield from _known(key, kind, [name], known)


def _by_family(config: Config, by_model: Mapping[str, T]) -> dict[str, T]:
    """Return what is said of models under the names of their families, where it is the same for all of one."""
    found: dict[str, T] = {}
    for model, said in by_model.items():
        member = config.members.get(model)
        family = members_of(member.family, config.members) if member else [model]
        alike = member is not None and all(by_model.get(other) == said for other in family)
        found[member.family if member and alike else model] = said
    return found


def _check_relevance(plan: Plan, before: Faults) -> Iterator[str]:
    config, explained = plan.config, plan.explained_models
    asked = [key for key in ("relevance", "faithfulness") if getattr(config, key) is not None]
    if asked and config.explain is None:
        yield f"{asked[0]}: needs an `explain:` section, which names the images"
        return
    for key, models in (("relevance", plan.relevance_models), ("faithfulness", plan.measured_models)):
        yield from _known(f"{key}.models", "explained model", models, explained)
    again = config.faithfulness is not None and config.faithfulness.lime_sensitivity
    measured = [compared_methods(config, "faithfulness", model) for model in plan.measured_models]
    if again and measured and not any(LIME in methods for methods in measured):
        yield "faithfulness: `lime_sensitivity` is true and needs `lime` among the methods"
    atlas = config.relevance.atlas if config.relevance is not None else None
    spelt = not any(line.startswith("relevance.models:") for line in before.lines)
    layers = atlas.layers if atlas is not None and spelt else {}
    yield from _known_by_model(plan, "relevance.atlas.layers", "model", layers, plan.relevance_models)


def _check_units(plan: Plan) -> Iterator[str]:
    units = plan.config.units
    if units is not None and isinstance(units.layers, dict):
        yield from _known_by_model(plan, "units.layers", "model of `units`", units.layers, plan.unit_models)


def _check_dissect(plan: Plan) -> Iterator[str]:
    dissect, clips = plan.config.dissect, plan.config.clips
    if dissect is None:
        for name in clips:
            yield f"clips.{name}: there is no `dissect:` section that uses it"
        return
    yield from _known_by_model(plan, "dissect.layers", "dissected model", dissect.layers, plan.layers)
    for place, pair in enumerate(dissect.compare):
        yield from _known(f"dissect.compare[{place}]", "dissected model", pair, plan.layers)
        if pair[0] == pair[1]:
            yield f"dissect.compare[{place}]: '{pair[0]}' is compared with itself"
    yield from _check_probes(plan, dissect)
    yield from _check_clip_dissect(plan, dissect.clip_dissect)


def _check_probes(plan: Plan, dissect: Dissect) -> Iterator[str]:
    section = dissect.clip_dissect
    for name in dict.fromkeys(map(plan.probe, plan.layers)):
        dataset = plan.config.datasets[name]
        if dataset.label_maps:
            continue
        found = f"data set '{name}' (source '{dataset.source}') has no label maps"
        if dissect.netdissect is not None:
            yield (
                f"dissect.netdissect: {found}, so there is no IoU; set it to null, or name a `probe` with "
                f"label maps (the sources {sources_with('label_maps')})"
            )
            continue  # another probe mends what is below too
        if section is not None and section.evidence == "clip" and section.concepts == "annotations":
            yield f"dissect.clip_dissect.concepts: {found}, so there are no annotations"


def _check_clip_dissect(plan: Plan, section: ClipDissect | None) -> Iterator[str]:
    key, clips = "dissect.clip_dissect", plan.config.clips
    if section is not None and section.evidence == "clip":
        if not clips:
            yield (
                f"{key}.clip: there is no CLIP; name one under `clips:` (a published one, or `train:` for a small "
                "one), or set `evidence: annotations`, or `clip_dissect: null`"
            )
            return
        if section.clip is None and len(clips) > 1:
            yield f"{key}.clip: missing; there are: {', '.join(clips)}"
            return
        yield from _known(f"{key}.clip", "clip", [section.clip] if section.clip is not None else [], clips)
        for file in plan.concept_files:
            try:
                read_concepts(file)
            except InputError as error:
                yield f"{key}.{error}"
    for name in clips if plan.clip is None or plan.clip in clips else ():  # a misspelt one is told above
        if name != plan.clip:
            yield f"clips.{name}: `dissect.clip_dissect` does not use it"
