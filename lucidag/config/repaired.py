"""The models that the section `repair` makes: repaired copies of others, models like any other."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lucidag.artefacts.repair.settings import ORIGINAL, REPAIRED, WITHOUT
from lucidag.config.arms import models_of
from lucidag.config.faults import Faults
from lucidag.config.grid import Member, WrittenOut
from lucidag.config.schema import Config
from lucidag.config.select import members_of, selected


def with_repaired_members(grids: WrittenOut) -> WrittenOut:
    """Return what grids made with the families of repaired models, so that they can be named as any family.

    What is not as it should be is left to other checks.
    """
    section = grids.words.get("repair")
    made: dict[str, Member] = {}
    for name, entry in section.items() if isinstance(section, Mapping) else ():
        of = entry.get("model") if isinstance(entry, Mapping) else None
        for own, root in _roots(of, grids.models).items():
            if own in grids.models:
                made[renamed(own, root, str(name))] = _member(grids.models[own], root, str(name))
    return replace(grids, models={**grids.models, **made}) if made else grids


def _member(original: Member, of: str, name: str) -> Member:
    return Member(name, renamed(original.block, of, name), original.values)


def _roots(named: Any, members: Mapping[str, Member]) -> dict[str, str]:  # noqa: ANN401 (whatever YAML gives)
    """Return the models that are named, each with the part of its name that its repaired copy has another for.

    That is the name itself, or the family of models that are chosen by their values or listed: what a copy is called
    does not depend on how many are chosen.
    """
    if isinstance(named, str):
        return dict.fromkeys(members_of(named, members) or [named], named)
    if isinstance(named, Mapping):
        return {own: members[own].family for own in selected(named, members)}
    listed = [name for name in named if isinstance(name, str)] if isinstance(named, list) else []
    return {
        own: members[own].family if own in members else own
        for name in listed
        for own in ([name] if name in members else members_of(name, members) or [name])
    }


def renamed(model: str, of: str, name: str) -> str:
    """Return what the repaired copy of a model is called: as it, with the name of the repair in place of its family."""
    return f"{name}{model.removeprefix(of)}"


def with_repaired(config: Config, faults: Faults) -> Config:
    """Return the configuration with the models that `repair` makes.

    Parameters
    ----------
    config
        With its grids written out.
    faults
        Gets a line for each repaired model whose name another one has.
    """
    made: dict[str, Any] = {}
    for name, repair in config.repair.items():
        for original, root in _roots(repair.model, config.members).items():
            own = renamed(original, root, name)
            if own in config.models or own in made:
                faults.lines.append(f"repair.{name}: two models would be called '{own}'")
            elif original in config.models:
                made[own] = config.models[original].repaired(original, name)
    if not made:
        return config
    return config.model_copy(update={"models": {**config.models, **made}})


def repair_arms(config: Config, repair: str) -> dict[str, list[str]]:
    """Return the models that a repair compares: before it, in the same order after it, and those without."""
    settings = config.repair[repair]
    roots = _roots(settings.model, config.members)
    found = {ORIGINAL: list(roots), REPAIRED: [renamed(own, root, repair) for own, root in roots.items()]}
    without = models_of(config, settings.without)
    return found | ({WITHOUT: without} if without else {})
