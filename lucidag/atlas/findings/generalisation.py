"""Whether the roles of units foretell how well networks generalise."""

from collections.abc import Iterator

from lucidag.atlas.findings.finding import Analysis, Evidence, Finding
from lucidag.atlas.findings.words import interval, number, plain

LEVEL = 0.05


def findings(evidence: Evidence) -> Iterator[Finding]:
    """Say of each study whether the share of units for training alone goes with the gap."""
    for study in evidence.results.named("generalisation/{}/correlation.json"):
        file = f"generalisation/{study}/correlation.json"
        for own in evidence.results.json(file):
            if own["share"] != "train_only" or own["metric"] != "loss":
                continue
            scope = own["scope"].replace("_", " ")
            where = {key: own[key] for key in ("metric", "share", "scope")}
            if own.get("rho") is None:
                sentence = f"{study}: nothing is known {scope}, as {own.get('reason')}."
                yield Finding("generalisation", f"{study}-{scope}", sentence, level="doubt", evidence=((file, where),))
                continue
            told = own.get("p_holm") is not None and own["p_holm"] < LEVEL
            p = number(own.get("p_holm"))
            said = (
                f"{study}: {scope}, the share of units that serve training alone goes with the gap by "
                f"{number(own['rho'])} {interval(own.get('low'), own.get('high'))} over {own['models']} models"
            )
            yield Finding(
                "generalisation",
                f"{study}-{scope}",
                f"{said} (p = {p} after Holm)." if told else f"{said}, not told from chance (p = {p} after Holm).",
                value=own["rho"],
                low=plain(own.get("low")),
                high=plain(own.get("high")),
                control=f"permutations: p = {p} after Holm",
                level="result" if told else "doubt",
                evidence=((file, where),),
            )


ANALYSIS = Analysis(
    "generalisation",
    "Generalisation",
    "Whether the roles of units foretell the gap between training and test.",
    "generalisation/{}/correlation.json",
    findings,
    of_models=False,
)
