"""What gives the class away in a data set, and which finders of that are not to be trusted."""

from collections.abc import Iterator, Mapping
from typing import Any

from lucidag.atlas.findings.finding import Analysis, Evidence, Finding
from lucidag.atlas.findings.words import interval, number, percent, plain

FAR = 0.2  # Cramer's V below which an association is not told
LEVEL = 0.05


def findings(evidence: Evidence) -> Iterator[Finding]:
    """Say of each audited data set which column goes with the class most, and which finders are weak."""
    for name in evidence.results.named("artefacts/{}.json"):
        file = f"artefacts/{name}.json"
        known = evidence.results.json(file)
        yield from association(name, file, known.get("associations") or [])
        for finder, own in (known.get("finders") or {}).items():
            if not own.get("validated") or own.get("weak"):
                sentence = f"{name}: {own['sentence']}"
                where = {"finders": finder}
                yield Finding("artefacts", f"{name}-{finder}", sentence, level="doubt", evidence=((file, where),))


def association(name: str, file: str, tested: list[Mapping[str, Any]]) -> Iterator[Finding]:
    """Say which column of a data set tells the class most."""
    told = [own for own in tested if (own.get("p_holm") or 0) < LEVEL and (own.get("cramers_v") or 0) >= FAR]
    own = max(told, key=lambda each: each["cramers_v"], default=None)
    if own is None:
        if tested:
            sentence = f"No column of {name} that was looked at goes with the class by more than {FAR} (Cramér's V)."
            yield Finding("artefacts", f"{name}-none", sentence, evidence=((file, {}),))
        return
    rule = own.get("rule") or {}
    ends = interval(plain(rule.get("share_low")), plain(rule.get("share_high")), percent)
    more = (
        f": of {rule['images']} images with {own['column']} = {rule['value']}, {percent(rule['share'])} {ends} are "
        f"{rule['class']}"
        if rule
        else ""
    )
    yield Finding(
        "artefacts",
        f"{name}-association",
        f"{own['column']} goes with the class of {name} (Cramér's V {number(own['cramers_v'])}){more}. A network may "
        "learn it instead of the subject.",
        value=plain(rule.get("share")) if rule else plain(own["cramers_v"]),
        low=plain(rule.get("share_low")),
        high=plain(rule.get("share_high")),
        control=f"p = {own['p_holm']:.1g} after Holm",
        evidence=((file, {"associations": own["column"]}),),
    )


ANALYSIS = Analysis(
    "artefacts",
    "Artefacts",
    "Which marks in the images of a data set go with its classes.",
    "artefacts/{}.json",
    findings,
    of_models=False,
)
