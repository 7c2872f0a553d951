"""Artefacts and shortcuts: what goes with the class, and who decides by it."""

from collections.abc import Iterator

from lucidag.atlas.contents import Contents
from lucidag.atlas.findings.base import Evidence, Finding, number, to, within
from lucidag.atlas.results import Results

ORDER = 50
ANALYSIS = "Shortcuts"
FEW = 20


def find(results: Results, contents: Contents) -> Iterator[Finding]:
    """Tell what pasting each artefact does in both arms, and the audit's own sentences; doubt weak finders, few images."""
    for dataset in contents.audited:
        file = f"artefacts/{dataset}.json"
        audit, link = results.json(file), to("data")
        for place, sentence in enumerate(audit["sentences"]):
            if "go with the class" in sentence or "tell the label" in sentence:
                yield Finding(f"audit-{dataset}-{place}", ANALYSIS, "result", f"{dataset}: {sentence}", link, (Evidence(file),))
        for name, finder in audit["finders"].items():
            if not finder.get("validated") or finder.get("weak"):
                why = "was checked against no flags" if not finder.get("validated") else "misses too much of what is flagged"
                doubt = f"{dataset}: the finder of {name} {why}; what goes with it may be something else."
                yield Finding(f"finder-{dataset}-{name}", ANALYSIS, "doubt", doubt, link, (Evidence(file, name),))
    for study in contents.studies:
        yield from _study(results, study)


def _study(results: Results, study: str) -> Iterator[Finding]:
    file = f"shortcuts/{study}/summary.json"
    changes = results.json(file)["changes"]
    for artefact, found in changes["with"].items():
        ours, beside = found["artefact"]["change"], changes["without"][artefact]["artefact"]["change"]
        sentence = (
            f"{study}: pasting {artefact} moves networks trained with the shortcut by {number(ours['value'])}"
            f"{within(ours['low'], ours['high'])} in probability, and those trained without it by "
            f"{number(beside['value'])}{within(beside['low'], beside['high'])}."
        )
        yield Finding(f"study-{study}-{artefact}", ANALYSIS, "result", sentence, to("compare"), (Evidence(file, f"changes, {artefact}"),))
        if ours["n"] < FEW:
            doubt = f"{study}: what pasting {artefact} does rests on {ours['n']} images."
            yield Finding(f"few-{study}-{artefact}", ANALYSIS, "doubt", doubt, to("compare"), (Evidence(file),))
