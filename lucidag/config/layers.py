"""The layers of networks: those that a configuration names, and those of networks of which it names none."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lucidag.config.arms import studied_models
from lucidag.config.faults import Faults
from lucidag.config.methods import studied_methods
from lucidag.config.plan import Plan
from lucidag.explain.cam.layers import explained_layer
from lucidag.explain.methods.registry import CAM, families
from lucidag.explain.relevance.takes import TAKES as RELEVANCE
from lucidag.ground.errors import InputError
from lucidag.ground.section import Section
from lucidag.ground.spelling import unknown
from lucidag.models.layers import Layers, Takes, find_layer
from lucidag.models.penultimate import penultimate_layers
from lucidag.units.takes import INSIDE
from lucidag.units.takes import TAKES as DISSECTION

TABLES = ("effects", "sets", "images", "search")  # of all units of a model, beside the dossiers of its layers


def faults_of_layers(plan: Plan, name: str, found: Mapping[str, Any]) -> Iterator[str]:
    """Say what is wrong with the layers of a network that its stages look at, each by the stage's own check.

    Parameters
    ----------
    plan
        Of the configuration.
    name
        The model.
    found
        What `lucidag.models.probe.look` says of it.

    Yields
    ------
    A sentence that starts with the key.
    """
    layers = Layers.from_json(found["seen"])
    yield from _faults_of_modules(plan, name, found)
    for key, layer, cure in _explained(plan, name):
        try:
            explained_layer(layers, layer)
        except InputError as error:
            yield f"{key}: model '{name}': {error}: {cure}" if layer is None else f"{key}: {error}"
    for key, layer, takes in _named(plan, name):
        try:
            find_layer(layers, layer, takes)
        except InputError as error:
            yield f"{key}: {error}"


def _faults_of_modules(plan: Plan, name: str, found: Mapping[str, Any]) -> Iterator[str]:
    """Say what is wrong with the modules that are named for other ends than to look at what they give."""
    model, modules = plan.config.models[name], list(found["seen"]["modules"])
    key, head = f"models.{name}.head", found["head"]
    if model.head is not None and model.head not in modules:
        yield f"{key}: {unknown('layer', model.head, _outline(modules, model.head))}"
    elif model.head is not None and model.head != head:
        yield f"{key}: layer '{model.head}' does not give the network's output; {head or 'no linear layer'} does"
    yield from _faults_of_grid(plan, name, found)
    if model.train is None:
        return
    key, trainable = f"models.{name}.train.trainable", model.train.trainable
    if trainable == "head" and head is None:
        ends = "the network ends neither in a linear layer nor in a 1 x 1 convolution"
        yield f"{key}: {ends}: name the modules to be trained, or take 'all'"
    named = trainable if isinstance(trainable, list) else []
    unheard = [module for module in named if module not in modules]
    for module in unheard:
        yield f"{key}: {unknown('layer', module, _outline(modules, module))}"
    if named and not unheard and not set(named) & set(found["weighted"]):
        yield f"{key}: none of {', '.join(named)} holds weights"


def _faults_of_grid(plan: Plan, name: str, found: Mapping[str, Any]) -> Iterator[str]:
    """Say that no layer gives as many tokens as are named."""
    named = plan.config.models[name].named_grid
    layers = Layers.from_json(found["seen"])
    placed = [layer for layer in layers.steps if layer.grid is not None]
    if named is None or any(list(layer.extent) == named[:2] for layer in placed):
        return
    rows, columns, front = named
    counts = sorted({layer.shape[1 - layer.images] for layer in layers.steps if layer.gives_tokens()})
    given = f"they give {', '.join(map(str, counts))}" if counts else "none gives N x T x D"
    yield f"models.{name}.token_grid: no layer gives {front} + {rows} * {columns} tokens; {given}"


def _explained(plan: Plan, name: str) -> Iterator[tuple[str, str | None, str]]:
    """List where a model has class activation maps: the key, the layer or None, and what to do where there is none."""
    config = plan.config
    if config.explain is not None and name in plan.explained_models:
        methods, layer = plan.families(name).get(CAM, []), config.explain.cam.layers.get(name)
        if layer is not None:
            yield f"explain.cam.layers.{name}", layer, ""
        elif methods:
            cure = f"leave these methods out for it, with `explain.without: {{{name}: [{', '.join(methods)}]}}`"
            yield f"explain.methods ({', '.join(methods)})", None, cure
    for key, study in config.shortcuts.items():
        if name not in studied_models(config, key):
            continue
        methods = families(studied_methods(config, key)).get(CAM, [])
        if study.layer is not None:
            yield f"shortcuts.{key}.layer", study.layer, ""
        elif methods:
            yield f"shortcuts.{key}.methods ({', '.join(methods)})", None, "name methods that are none of these"


def _named(plan: Plan, name: str) -> Iterator[tuple[str, str, Takes]]:
    """List the layers that a model's units are looked at in: the key, the layer, and what its stage takes."""
    atlas = plan.atlas_layer(name)
    if plan.atlas.get(name) and atlas is not None:
        yield f"relevance.atlas.layers.{name}", atlas, RELEVANCE
    for layer in plan.layers.get(name, []):
        yield f"dissect.layers.{name}", layer, DISSECTION
    units = plan.config.units
    by_model = units is not None and isinstance(units.layers, dict)
    for layer in plan.inner.get(name, []):
        yield f"units.layers.{name}" if by_model else f"units.layers: model '{name}'", layer, INSIDE


def faults_of_units(plan: Plan, name: str, found: Mapping[str, Any]) -> Iterator[str]:
    """Say what is asked of units that the network does not have, and which layer that none has named will not do.

    Parameters
    ----------
    plan
        Of the configuration with the layers of `with_layers`.
    name, found
        As for `faults_of_layers`.

    Yields
    ------
    A sentence that starts with the key.
    """
    for layer in [layer for layer in plan.dossiers.get(name, ()) if layer in TABLES]:
        yield (
            f"units: model '{name}' has a layer called '{layer}', as a table of `units/{name}` is: leave the layer or "
            "the model out"
        )
    dissect, layers = plan.config.dissect, Layers.from_json(found["seen"])
    block = plan.atlas_layer(name)
    if plan.atlas.get(name) and block is not None:
        try:
            find_layer(layers, block, RELEVANCE)
        except InputError as error:
            yield f"relevance.atlas.layers.{name}: {error}: name one, or leave it out of `relevance.models`"
    if dissect is None or not plan.layers.get(name):
        return
    units = {layer: find_layer(layers, layer, DISSECTION).units for layer in plan.layers[name]}
    shown = dissect.sheet.units if isinstance(dissect.sheet.units, dict) else {}
    for layer, asked in shown.items():
        for unit in [unit for unit in asked if unit >= units.get(layer, unit + 1)]:
            yield (
                f"dissect.sheet.units.{layer}: model '{name}' has no unit {unit} there; it has 0 to {units[layer] - 1}"
            )
    if name in plan.joined:
        yield from _faults_of_joining(plan, name, layers, found["head"])


def _faults_of_joining(plan: Plan, name: str, layers: Layers, head: str | None) -> Iterator[str]:
    """Say that roles and labels cannot be joined, where no dissected layer gives the units in front of the last one."""
    given = penultimate_layers(layers, head)
    dissected = [find_layer(layers, layer, DISSECTION) for layer in plan.layers[name]]
    if head is None or {layer.place for layer in given} & {layer.place for layer in dissected}:
        return
    such = next((f", such as '{layer.name}'" for layer in given if DISSECTION.will_do(layer)), "")
    yield (
        f"dissect.layers.{name}: none of {', '.join(plan.layers[name])} gives the units in front of the last layer, so "
        f"roles and labels cannot be joined: name one that does{such}, or leave the model out of `rof.models` or "
        "`dissect.models`"
    )


def _outline(modules: Sequence[str], layer: str) -> list[str]:
    """Return the modules as deep as the one asked for: all names of a large network help nobody."""
    return [module for module in modules if module.count(".") <= layer.count(".")]


def with_layers(plan: Plan, looked: Mapping[str, Any], source: str, faults: Faults) -> dict[str, Section]:
    """Return the sections with the layers of networks of which they name none.

    Parameters
    ----------
    plan
        Of the configuration.
    looked
        By model what `lucidag.models.probe.look` says of it; a model that cannot be used is not there.
    source
        The configuration file.
    faults
        Gets a line for each network without such layers, and for layers of `dissect.sheet` that are not dissected.
    """
    config, sections = plan.config, dict[str, Section]()
    if config.dissect is not None:
        layers = {name: plan.layers[name] or looked[name]["layers"] for name in plan.layers if name in looked}
        for name in [name for name, found in layers.items() if not found]:
            faults.lines.append(
                f"{source}: dissect.layers.{name}: no layer is found in the network: name some, or leave it out of "
                "`dissect.models`"
            )
        shown = config.dissect.sheet.units if isinstance(config.dissect.sheet.units, dict) else {}
        known = list(dict.fromkeys(layer for found in layers.values() for layer in found))
        if len(layers) == len(plan.layers):  # else the layers of some are not known
            for layer in [layer for layer in shown if layer not in known]:
                faults.lines.append(f"{source}: dissect.sheet.units: {unknown('dissected layer', layer, known)}")
        sections["dissect"] = config.dissect.model_copy(update={"layers": layers})
    if config.relevance is not None and config.relevance.atlas is not None:
        atlas = config.relevance.atlas
        blocks = {name: plan.atlas_layer(name) or looked[name]["block"] for name in plan.atlas if name in looked}
        for name in [name for name, block in blocks.items() if block is None]:
            faults.lines.append(
                f"{source}: relevance.atlas.layers.{name}: no layer with maps is found in the network: name one, or "
                "leave it out of `relevance.models`"
            )
        named = {name: block for name, block in blocks.items() if block is not None}
        updated = {"atlas": atlas.model_copy(update={"layers": {**atlas.layers, **named}})}
        sections["relevance"] = config.relevance.model_copy(update=updated)
    return sections


def penultimate_name(plan: Plan, name: str, found: Mapping[str, Any]) -> str | None:
    """Name the layer of the units in front of the last one: as a stage names it that looks at it, else the first.

    Parameters
    ----------
    plan
        Of the configuration with the layers of `with_layers`; all of the model's are sound.
    name, found
        As for `faults_of_layers`.

    Returns
    -------
    None where the last layer takes the output of no layer as it is, or averaged.
    """
    layers = Layers.from_json(found["seen"])
    given = penultimate_layers(layers, found["head"])
    places = {layer.place for layer in given}
    named = [*plan.layers.get(name, ()), *plan.inner.get(name, ())]
    own = [layer for layer in named if find_layer(layers, layer, DISSECTION).place in places]
    return next(iter([*own, *(layer.name for layer in given)]), None)
