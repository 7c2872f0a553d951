"""Whether networks take a shortcut: what pasting and removing an artefact does to them."""

from collections.abc import Iterator, Mapping
from typing import Any

from lucidag.atlas.findings.finding import Analysis, Evidence, Finding
from lucidag.atlas.findings.words import interval, number, plain

ARM, CLEAN = "with", "without"


def findings(evidence: Evidence) -> Iterator[Finding]:
    """Say of each study and artefact how far pasting moves the probability, beyond a control patch."""
    for study in evidence.results.named("shortcuts/{}/summary.json"):
        file = f"shortcuts/{study}/summary.json"
        known = evidence.results.json(file)
        changes = known.get("changes") or {}
        models = tuple(known.get("models", {}).get(ARM, []))
        for artefact, own in (changes.get(ARM) or {}).items():
            clean = ((changes.get(CLEAN) or {}).get(artefact) or {}).get("beyond") or {}
            yield from pasted(study, file, models, artefact, own, clean)
        for place, note in enumerate(known.get("notes", [])):
            yield Finding(
                "shortcuts", f"{study}-note-{place}", f"{study}: {note}.", level="doubt", evidence=((file, {}),)
            )


def pasted(
    study: str, file: str, models: tuple[str, ...], artefact: str, own: Mapping[str, Any], clean: Mapping[str, Any]
) -> Iterator[Finding]:
    """Say what pasting an artefact does; networks that never saw it go with the class are the control."""
    beyond = own.get("beyond") or {}
    value, low, high = (plain(beyond.get(key)) for key in ("value", "low", "high"))
    where = {"changes": ARM, "artefact": artefact}
    if value is None:
        sentence = f"{study}: nothing is known of pasting {artefact}, as {beyond.get('reason')}."
        yield Finding("shortcuts", f"{study}-{artefact}", sentence, models, level="doubt", evidence=((file, where),))
        return
    control = ""
    if plain(clean.get("value")) is not None:
        ends = interval(plain(clean.get("low")), plain(clean.get("high")))
        control = f"networks trained without the shortcut: {number(clean['value'])} {ends}"
    told = low is not None and high is not None and (low > 0 or high < 0)
    said = (
        f"{study}: pasting {artefact} changes the probability of its class by {number(value)} {interval(low, high)} "
        f"beyond a control patch"
    )
    said += f"; {control}" if control else ""
    yield Finding(
        "shortcuts",
        f"{study}-{artefact}",
        f"{said}." if told else f"{said}; that is not told from 0.",
        models,
        value,
        low,
        high,
        control,
        level="result" if told else "doubt",
        evidence=((file, where),),
    )


ANALYSIS = Analysis(
    "shortcuts",
    "Shortcuts",
    "Whether networks decide by a mark that goes with the class.",
    "shortcuts/{}/summary.json",
    findings,
    of_models=False,
)
