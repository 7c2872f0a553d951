"""Check what a configuration names before anything runs: networks and their layers, methods of one's own."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from lucidag.config.arms import models_of, studied_models
from lucidag.config.colours import faults_of_colours
from lucidag.config.faults import Faults
from lucidag.config.layers import faults_of_layers, faults_of_units, penultimate_name, with_layers
from lucidag.config.methods import modules_of, studied_methods
from lucidag.config.plan import Plan
from lucidag.config.schema import Config
from lucidag.data.source import DataSource
from lucidag.explain.methods.registry import ATTENDED, LRP, family_of, name_of
from lucidag.explain.relevance.settings import Atlas
from lucidag.ground.apart import run_apart
from lucidag.ground.errors import InputError
from lucidag.ground.files import is_file
from lucidag.ground.kept import keep, kept_in, read_kept
from lucidag.ground.provenance import CodeIndex
from lucidag.models.settings import Model, is_weight_file
from lucidag.rof.settings import FORWARD_UNITS


def check_networks(plan: Plan, source: str, code: CodeIndex) -> Config:
    """Return the configuration with what networks bring of their own; stop at those that cannot be used as it says.

    Networks are built and run once: of those of published weights, the configuration's `input` is filled with what
    these want. Building a network takes seconds of imports, so what was found is kept in the results folder, under a
    key of everything it depends on: a second look at the same configuration costs nothing.

    Raises
    ------
    InputError
        A line for each: the configuration file, the key path, what was found, what is allowed.
    """
    faults, config = Faults(), plan.config
    networks = {name: _asked(model, config.datasets[model.dataset]) for name, model in config.models.items()}
    parts = {name: model.factory_modules() for name, model in config.models.items()}
    known = _looked_at(networks, parts, "networks", "lucidag.models.probe", config, code)
    models = dict(config.models)
    looked: dict[str, Any] = {}
    sound: list[str] = []  # their layers are there, so that more can be said of these
    for name, model in config.models.items():
        found = known[name]
        if "error" in found:
            faults.lines.append(f"{source}: models.{name}: {found['error']}")
            continue
        sentences = list(faults_of_layers(plan, name, found))
        faults.lines += [f"{source}: {sentence}" for sentence in sentences]
        sound += [] if sentences else [name]
        if name in plan.examined and found["head"] is None:
            faults.lines.append(
                f"{source}: models.{name}: the network ends neither in a linear layer nor in a 1 x 1 convolution whose "
                "maps are averaged, so it has no penultimate units: choose an architecture that does (such as "
                "'resnet18'), or leave it out of `rof.models`"
            )
        sentences = [*_faults_of_removal(plan, name, found), *_faults_of_points(plan, name, found)]
        faults.lines += [f"{source}: {sentence}" for sentence in sentences]
        models[name] = model.looked_at(found["recipe"] or {}, found["linear"])
        looked[name] = found
    layered = with_layers(plan, looked, source, faults)
    whole = config.model_copy(update={"models": models, **layered})
    for name in sound:
        models[name] = models[name].with_penultimate(penultimate_name(Plan(whole), name, looked[name]) or "penultimate")
    whole = config.model_copy(update={"models": models, **layered})
    for name in sound:
        sentences = [*faults_of_units(Plan(whole), name, looked[name]), *faults_of_colours(Plan(whole), name)]
        faults.lines += [f"{source}: {sentence}" for sentence in dict.fromkeys(sentences)]
    faults.stop()
    return whole


def _faults_of_removal(plan: Plan, name: str, found: Mapping[str, Any]) -> Iterator[str]:
    """Say which analyses a network does not take that add up what each unit in front of a last layer adds to logits."""
    linear = found["head"] is not None and found["linear"]
    if name in plan.unit_models and not linear:
        yield (
            f"models.{name}: its logits are not linear in units in front of a last layer, so what is lost without "
            "each cannot be told exactly: leave it out of `units.models`"
        )
    for key, repair in plan.config.repair.items():
        if name in models_of(plan.config, repair.model) and not linear:
            yield (
                f"repair.{key}: the logits of model '{name}' are not linear in units in front of a last layer, so "
                "these cannot be taken out exactly, nor can the layer be trained again"
            )
    if name in plan.examined and plan.config.rof is not None and "forward" in plan.config.rof.methods:
        many = (found["features"] or 0) > FORWARD_UNITS
        if found["head"] is not None and (many or not linear):
            why = f"it has {found['features']} units" if linear else "its logits are not linear in its units"
            yield (
                f"models.{name}: {why}, and `forward` takes at most {FORWARD_UNITS}, in which logits are linear: leave "
                "it out of `rof.methods`, or the model out of `rof.models`"
            )


def _faults_of_points(plan: Plan, name: str, found: Mapping[str, Any]) -> Iterator[str]:
    """Say which numbers of units are asked for that a network does not have."""
    rof, units = plan.config.rof, found["features"]
    if rof is None or name not in plan.examined or found["head"] is None or units is None:
        return
    for k in [k for k in rof.points if k > units][:1]:
        yield f"rof.points: found {k}; the penultimate layer of model '{name}' has {units} units"


def brought(before: Config, after: Config) -> Iterator[str]:
    """Say, in a sentence for each model, what `check_networks` has filled in."""
    for name in after.models:
        given, used = (each.models[name].input.model_dump(mode="json") for each in (before, after))
        new = [f"{key}: {value}" for key, value in used.items() if value != given[key]]
        if after.models[name].train is None and after.models[name].fresh_head:
            yield f"models.{name}: new_head is true and there is no `train:`, so its last layer stays untrained"
        if new:
            yield f"models.{name}.input: {', '.join(new)}, as its published weights want; keys set there count more"


def check_methods(plan: Plan, source: str, code: CodeIndex) -> None:
    """Stop at methods of the user's own that are none, and at settings that a method does not take.

    What was found is kept as `check_networks` does; a configuration without such methods and settings asks nobody.

    Raises
    ------
    InputError
        A line for each: the configuration file, the key, what was found, what is allowed.
    """
    faults, config = Faults(), plan.config
    options = config.explain.options if config.explain is not None else {}
    asked = [("explain.methods", method) for method in (config.explain.methods if config.explain is not None else ())]
    asked += [
        (f"shortcuts.{name}.methods", method)
        for name, study in config.shortcuts.items()
        for method in study.methods or ()
    ]
    asked += [("discover.methods", method) for method in (config.discover.methods if config.discover else ())]
    keys = {method: key for key, method in asked if ":" in method or options.get(name_of(method))}
    words = {method: {"method": method, "options": options.get(name_of(method), {})} for method in keys}
    parts = {method: modules_of([method]) for method in keys}
    known = _looked_at(words, parts, "methods", "lucidag.explain.methods.probe", config, code)
    for method, key in keys.items():
        if "error" in known[method]:
            faults.lines.append(f"{source}: {key}: {known[method]['error']}")
    faults.stop()


def check_relevance(plan: Plan, source: str, code: CodeIndex) -> None:
    """Stop at networks with a step that relevance has no rule for, where the configuration asks for their relevance.

    What was found is kept as `check_networks` does. Of lucidag's own networks nobody is asked: all have rules.

    Raises
    ------
    InputError
        A line for each: the configuration file, the keys, the model, the step.
    """
    asked = _methods_asked(plan, lambda method: family_of(method) == LRP)
    keys = {name: [f"{key} ({', '.join(each)})" for key, each in found.items()] for name, found in asked.items()}
    composites = {name: set(chain.from_iterable(found.values())) for name, found in asked.items()}  # named alike
    relevance = plan.config.relevance
    atlas = (relevance.atlas if relevance is not None else None) or Atlas()
    for name in plan.relevance_models:
        keys.setdefault(name, []).append("relevance")
        composites.setdefault(name, set()).add(atlas.composite)
    methods = {name: sorted(each) for name, each in composites.items()}
    _check_apart(plan, source, code, keys, methods, "relevance", "lucidag.explain.relevance.probe")


def check_attention(plan: Plan, source: str, code: CodeIndex) -> None:
    """Stop at networks whose attention cannot be followed to the image, where methods are asked that need this.

    What was found is kept as `check_networks` does. lucidag's own networks have no attention of this kind.

    Parameters
    ----------
    plan
        Of the configuration that `check_networks` has filled.

    Raises
    ------
    InputError
        A line for each: the configuration file, the keys, the model, the layer.
    """
    asked = _methods_asked(plan, lambda method: method in ATTENDED)
    methods = {name: list(dict.fromkeys(chain.from_iterable(keys.values()))) for name, keys in asked.items()}
    _check_apart(plan, source, code, asked, methods, "attention", "lucidag.explain.methods.attended_probe")


def _methods_asked(plan: Plan, wanted: Callable[[str], bool]) -> dict[str, dict[str, list[str]]]:
    """Return, by model and by key of the configuration, those of the methods asked there that are wanted."""
    config, found = plan.config, dict[str, dict[str, list[str]]]()
    asked = [
        ("explain.methods", config.explain.taken(name), [name]) for name in plan.explained_models if config.explain
    ]
    for name in config.shortcuts:
        methods = studied_methods(config, name)
        asked.append((f"shortcuts.{name}.methods", methods, studied_models(config, name)))
    if config.discover is not None:
        asked.append(("discover.methods", config.discover.methods, plan.discovered))
    for key, methods, models in asked:
        chosen = [method for method in methods if wanted(method)]
        for model in models if chosen else ():
            found.setdefault(model, {})[key] = chosen
    return found


def _check_apart(
    plan: Plan,
    source: str,
    code: CodeIndex,
    keys: Mapping[str, Iterable[str]],
    methods: Mapping[str, Sequence[str]],
    cache: str,
    module: str,
) -> None:
    """Stop at networks of which a process of its own says what is wrong; of lucidag's own nobody is asked.

    Parameters
    ----------
    plan, source, code
        As for the checks.
    keys
        By model, where the configuration asks for what is checked.
    methods
        By model, the methods that it is asked for, if that matters.
    cache, module
        See `_looked_at`.
    """
    faults, config = Faults(), plan.config
    models = {name: config.models[name] for name in keys if not config.models[name].architecture.startswith("lucidag.")}
    networks, parts = dict[str, dict[str, Any]](), dict[str, list[str]]()
    for name, model in models.items():
        known, asked = _asked(model, config.datasets[model.dataset]), list(methods.get(name, ()))
        networks[name] = {key: known[key] for key in ("architecture", "options", "classes", "named_grid")}
        networks[name]["input"] = model.input.filled({}).model_dump(mode="json")
        networks[name] |= {"methods": asked} if asked else {}
        parts[name] = [*model.factory_modules(), *modules_of(asked)]
    known = _looked_at(networks, parts, cache, module, config, code)
    for name in models:
        if "error" in known[name]:
            faults.lines.append(f"{source}: {', '.join(keys[name])}: model '{name}': {known[name]['error']}")
    faults.stop()


def _asked(model: Model, dataset: DataSource) -> dict[str, Any]:
    """Return what `lucidag.models.probe.look` has to know of a model."""
    own = any(not module.startswith("lucidag.") for module in model.factory_modules())
    # Others give as many outputs as they are asked for; to know the classes may cost a start of the workflow seconds.
    asked = own or model.weights is not None
    classes = dataset.named_classes() if asked else None
    if asked and classes is None and getattr(dataset, "track", "images") == "images":
        classes = dataset.known_classes()
    named = model.weights is not None and not is_weight_file(model.weights)
    # A file that is missing is told elsewhere.
    file = model.weights if model.weights is not None and not named and is_file(model.weights) else None
    return {
        **model.model_dump(mode="json", include={"architecture", "options"}),
        "input": model.input.model_dump(mode="json", include=model.input.model_fields_set),
        "published": model.weights if named else None,
        "classes": len(classes) if classes else 10,
        "known": bool(classes),
        "file": file,
        "stamp": _stamp(file),
        "part": model.weights_part,
        "new_head": model.fresh_head,
        "named_grid": model.named_grid,
    }


def _stamp(file: str | None) -> list[int] | None:
    """Return what changes when a file does, without reading it."""
    if file is None:
        return None
    about = Path(file).stat()
    return [about.st_size, about.st_mtime_ns]


def _looked_at(
    asked: Mapping[str, Mapping[str, Any]],
    modules: Mapping[str, Sequence[str]],
    cache: str,
    module: str,
    config: Config,
    code: CodeIndex,
) -> dict[str, Any]:
    """Return what a process of its own says of each, or has said before.

    What it says is kept under a key of all that it depends on: what is asked, and the code of `module` and of the
    `modules` of the user's own that the answer rests on.
    """
    script, file = f"{module.replace('.', '/')}.py", kept_in(config.results) / f"{cache}.json"
    keys = {
        name: json.dumps([words, code.fingerprint(script, modules[name])], sort_keys=True)
        for name, words in asked.items()
    }
    known = read_kept(file)
    missing = {key: asked[name] for name, key in keys.items() if key not in known}
    if missing:
        answer = run_apart(module, list(missing.values()))
        if answer.returncode:
            raise InputError(f"{module} could not look at what is named: {answer.stderr.strip().splitlines()[-1]}")
        known |= dict(zip(missing, json.loads(answer.stdout), strict=True))
        keep(file, {key: value for key, value in known.items() if "error" not in value})
    return {name: known[key] for name, key in keys.items()}
