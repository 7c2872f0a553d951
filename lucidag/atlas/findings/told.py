"""Analyses that put their results into sentences themselves: the page shows these, and adds no others."""

from collections.abc import Callable, Iterator

from lucidag.atlas.findings.finding import Analysis, Evidence, Finding


def notes_of(analysis: str, pattern: str, key: str = "notes") -> Callable[[Evidence], Iterator[Finding]]:
    """Return a rule that gives the sentences that stand in a JSON file of each study or model.

    Parameters
    ----------
    analysis
        Its name.
    pattern
        The file, ``{}`` for the study or model.
    key
        The list in it.
    """

    def findings(evidence: Evidence) -> Iterator[Finding]:
        for name in evidence.results.named(pattern):
            file = pattern.replace("{}", name)
            for place, sentence in enumerate(evidence.results.json(file).get(key) or []):
                whole = str(sentence).rstrip(".")
                yield Finding(analysis, f"{name}-{place}", f"{name}: {whole}.", evidence=((file, {key: place}),))

    return findings


REPAIR = Analysis(
    "repair",
    "Repair",
    "What taking a shortcut out of a network reaches, and what it costs.",
    "repair/{}/summary.json",
    notes_of("repair", "repair/{}/summary.json"),
    of_models=False,
)
DISCOVER = Analysis(
    "discover",
    "Discovery",
    "Kinds of relevance maps among the images of a class, which may be artefacts that no finder knows.",
    "discovery/{}.json",
    notes_of("discover", "discovery/{}.json"),
)
PROPOSALS = Analysis(
    "proposals",
    "Tested proposals",
    "What networks decide with the regions of a proposed kind pasted and taken out, and without its units.",
    "shortcuts/{}/proposals.json",
    notes_of("proposals", "shortcuts/{}/proposals.json"),
    of_models=False,
)
