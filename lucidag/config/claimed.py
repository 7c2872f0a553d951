"""What the ledger of claims is made of: the claims, the files that measure them here, and why others are not."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from lucidag.claims.found import KINDS, PUBLISHED, Need
from lucidag.claims.measure import Subject
from lucidag.claims.read import read_claims
from lucidag.claims.settings import Claim
from lucidag.config.methods import compared_methods
from lucidag.config.plan import Plan
from lucidag.ground.digest import digest_of

ROOT = Path(__file__).parents[2]
Settings = dict[str, Any]
# Kinds that are one file of each of these models, data sets, studies.
ASKED: Mapping[str, Callable[[Plan], Any]] = {
    "evaluation": lambda plan: plan.config.models,
    "dataset": lambda plan: plan.config.datasets,
    "sweep": lambda plan: plan.examined,
    "points": lambda plan: plan.examined,
    "correlation": lambda plan: plan.config.generalisation,
    "summary": lambda plan: plan.layers,
    "units": lambda plan: plan.layers,
    "order": lambda plan: plan.layers,
    "agreement": lambda plan: plan.explained,
    "agreement_means": lambda plan: plan.explained,
    "localisation": lambda plan: plan.explained,
    "localisation_means": lambda plan: plan.explained,
    "faithfulness": lambda plan: plan.measured,
    "records": lambda plan: plan.explained,
    "audit": lambda plan: plan.audited,
    "study": lambda plan: plan.config.shortcuts,
}
# What a sentence calls that, and where a configuration names it.
SECTIONS: Mapping[str, str] = {
    **dict.fromkeys(("sweep", "points"), "rof"),
    **dict.fromkeys(("summary", "units", "order"), "dissect"),
    **dict.fromkeys(("agreement", "agreement_means", "localisation", "localisation_means", "records"), "explain"),
    "faithfulness": "faithfulness",
    "audit": "artefacts",
}
NAMED: Mapping[Subject, tuple[str, Callable[[Plan], Any]]] = {
    "model": ("model", lambda plan: plan.config.models),
    "dataset": ("data set", lambda plan: plan.config.datasets),
    "study": ("study of a shortcut", lambda plan: plan.config.shortcuts),
    "generalisation": ("study of generalisation", lambda plan: plan.config.generalisation),
}


@lru_cache(maxsize=1)
def claims_of(plan: Plan) -> tuple[Claim, ...]:
    """Return the claims that the configuration is asked about: of the file that it names, else of the project's own.

    The project's own is taken where Snakemake runs in the project itself, and not where that is a module of another
    workflow; and of it only a configuration that measures some claim by its own results makes a ledger.

    Raises
    ------
    InputError
        If the file is missing or wrong.
    """
    config = plan.config
    if config.claims is None:
        return ()
    if "claims" in config.model_fields_set:
        return tuple(read_claims(config.claims))
    own = Path(config.claims)
    if Path.cwd() != ROOT or not own.is_file():
        return ()
    claims = tuple(read_claims(own))
    return claims if any(_files_of(plan, claim) for claim in claims) else ()


def claim_files(plan: Plan) -> dict[str, list[str]]:
    """Return the files of this configuration that measure claims, by `Need.key`."""
    return {key: files for claim in claims_of(plan) for key, files in _files_of(plan, claim).items()}


def claim_settings(plan: Plan) -> Settings:
    """Return what the job has to know: claims with what they are asked of, and why others are not measured here.

    Of tables that others published, their digests stand here too.
    """
    claims = claims_of(plan)
    return {
        "claims": [_here(plan, claim).model_dump(mode="json") for claim in claims],
        "absent": {claim.id: why for claim in claims if (why := _absent(plan, claim))},
        "published": {name: digest_of({}, {}, [name]) for name in published_files(plan)},
    }


def published_files(plan: Plan) -> list[str]:
    """Return the tables that others published and that claims are about; those that are there, as none has to be."""
    needs = [need for claim in claims_of(plan) for need in _needs(_here(plan, claim))]
    return [
        name for name in dict.fromkeys(need.name for need in needs if need.kind == PUBLISHED) if Path(name).is_file()
    ]


def _expanded(plan: Plan, claim: Claim) -> list[str]:
    """Return the names that a claim is asked of, families of models written out; only what the configuration has."""
    subject = claim.measure.subject
    if subject not in NAMED:
        return list(claim.measure.of)
    known = NAMED[subject][1](plan)
    named = [own for name in claim.measure.of for own in (plan.family(name) if subject == "model" else [name])]
    return [name for name in dict.fromkeys(named) if name in known]


def _here(plan: Plan, claim: Claim) -> Claim:
    """Return a claim that is asked only of what the configuration has and examines; as it is where it has nothing."""
    names = [name for name in _expanded(plan, claim) if not _lacks(plan, claim, name)]
    return claim.model_copy(update={"measure": claim.measure.model_copy(update={"of": names})}) if names else claim


def _absent(plan: Plan, claim: Claim) -> str:
    """Say why a configuration measures nothing of a claim; "" where it does."""
    names = _expanded(plan, claim)
    nearest = f" ({claim.configuration} measures it)" if claim.configuration else ""
    if not names:
        what = NAMED[claim.measure.subject][0]
        return f"the configuration has no {what} '{claim.measure.of[0]}'{nearest}"
    lacks = [_lacks(plan, claim, name) for name in names]
    return lacks[0] + nearest if all(lacks) else ""


def _lacks(plan: Plan, claim: Claim, name: str) -> str:
    """Say what a measure needs of a name and the configuration does not make; "" where all is there."""
    for need in claim.measure.needs(name):
        if need.kind == PUBLISHED:
            if not Path(need.name).is_file():
                return f"{need.name} is not there"
        elif not _paths(plan, need):
            section = SECTIONS.get(need.kind, need.kind)
            part = f", '{need.part}'" if need.part else ""
            return f"`{section}` does not ask for it of '{need.name}'{part}"
    methods = {getattr(claim.measure, key, None) for key in ("method", "against")} - {None, "centre", "random"}
    methods |= set(getattr(claim.measure, "methods", ()))
    return _lacks_methods(plan, claim, name, methods)


def _lacks_methods(plan: Plan, claim: Claim, name: str, methods: set[Any]) -> str:
    """Say which method of explanation is not compared, of a measure that reads grades of methods."""
    kinds = {need.kind for need in claim.measure.needs(name)}
    for kind in ("agreement", "localisation", "faithfulness"):
        if kind in kinds or f"{kind}_means" in kinds:
            made = [str(each) for each in compared_methods(plan.config, kind, name)]
            lacking = sorted(str(each) for each in methods if each not in made)
            if lacking:
                return f"`{SECTIONS[kind]}` of '{name}' has no method '{lacking[0]}'"
    return ""


def _needs(claim: Claim) -> list[Need]:
    return [need for name in claim.measure.of for need in claim.measure.needs(name)]


def _files_of(plan: Plan, claim: Claim) -> dict[str, list[str]]:
    """Return the files of the configuration that a claim is measured by; none where it is not measured here."""
    if _absent(plan, claim):
        return {}
    return {need.key: _paths(plan, need) for need in _needs(_here(plan, claim)) if need.kind != PUBLISHED}


def _paths(plan: Plan, need: Need) -> list[str]:
    """Return the files that the configuration makes of a kind; none where it makes none."""
    if need.name not in ASKED[need.kind](plan):
        return []
    path = plan.at(KINDS[need.kind].format(name=need.name, part=need.part))
    if need.kind == "records":
        made = need.part in plan.methods(need.name)
        return [f"{path}{image}.json" for image in plan.explained[need.name]] if made else []
    if need.kind in ("units", "order") and need.part not in plan.layers[need.name]:
        return []
    return [path]
