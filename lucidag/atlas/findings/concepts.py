"""What units detect, and which labels are not to be trusted."""

from collections.abc import Iterator, Mapping
from typing import Any

from lucidag.atlas.findings.finding import Analysis, Evidence, Finding
from lucidag.atlas.findings.words import interval, percent, plain

VERDICTS = ("confirmed", "unconfirmed", "untestable")


def findings(evidence: Evidence) -> Iterator[Finding]:
    """Say of each model and method how many labels are confirmed, against those of an untrained twin."""
    for model in evidence.results.named("dissect/{}/summary.json"):
        file = f"dissect/{model}/summary.json"
        known = evidence.results.json(file)
        for method, own in known["methods"].items():
            yield from verdicts(model, file, method, own)
        for place, note in enumerate(known.get("notes", [])):
            yield Finding(
                "dissect", f"note-{place}", f"{model}: {note}.", (model,), level="doubt", evidence=((file, {}),)
            )


def verdicts(model: str, file: str, method: str, own: Mapping[str, Any]) -> Iterator[Finding]:
    """Say what testing the labels of a method came to."""
    told = (own.get("verdicts") or {}).get("overall")
    if not told:
        return
    total = sum(told.get(name, 0) for name in VERDICTS)
    where = {"methods": method}
    if not total:
        sentence = f"{method} gives no unit of {model} a label that could be tested."
        yield Finding("dissect", f"{method}-none", sentence, (model,), level="doubt", evidence=((file, where),))
        return
    twin = ((own.get("untrained") or {}).get("overall")) or {}
    control = f"units of an untrained network: {percent(plain(twin.get('value')))}" if twin.get("n") else ""
    share = told["confirmed"] / total
    labelled = ((own.get("confirmed") or {}).get("overall") or {}).get("labelled") or {}
    ends = interval(labelled.get("low"), labelled.get("high"), percent)
    low = plain(labelled.get("low"))
    above = not control or (low is not None and low > (plain(twin.get("high")) or 0.0))
    yield Finding(
        "dissect",
        f"{method}-confirmed",
        f"{told['confirmed']} of {total} labels of {method} for units of {model} are confirmed by images that did not "
        f"choose them; that is {percent(plain(labelled.get('value')))} of the units {ends}"
        + (f"; {control}" if control else "")
        + ("." if above else ": no more than an untrained network has."),
        (model,),
        plain(labelled.get("value")) if labelled else share,
        low,
        plain(labelled.get("high")),
        control,
        level="result" if above else "doubt",
        evidence=((file, where),),
    )
    yield from doubts(model, file, method, told, total)


def doubts(model: str, file: str, method: str, told: Mapping[str, int], total: int) -> Iterator[Finding]:
    """Say how many labels are unconfirmed, untestable or circular."""
    for verdict, words in (
        ("unconfirmed", "are not confirmed: take them as guesses"),
        ("untestable", "cannot be tested, as nothing can be held against them"),
        ("circular", "are judged by the CLIP that gave them: that they are confirmed says little"),
    ):
        count = told.get(verdict, 0)
        if count:
            yield Finding(
                "dissect",
                f"{method}-{verdict}",
                f"{count} of {total} labels of {method} for units of {model} {words}.",
                (model,),
                count,
                level="doubt",
                evidence=((file, {"methods": method, "verdicts": verdict}),),
            )


ANALYSIS = Analysis(
    "dissect", "Concepts", "What each unit detects, and how that was tested.", "dissect/{}/summary.json", findings
)
