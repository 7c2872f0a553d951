"""A finding: one sentence, its number with interval and control, and where the evidence stands."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from lucidag.atlas.about import About
from lucidag.atlas.explained import Decisions
from lucidag.atlas.results import Results
from lucidag.atlas.table import rounded


@dataclass(frozen=True)
class Finding:
    """What a table says, in a sentence that a rule made.

    Attributes
    ----------
    analysis
        Name of the analysis.
    slug
        Tells it apart from others of the analysis, whatever the numbers are.
    sentence
        The verdict in words, with number, interval and control.
    models
        The models that it is about.
    value, low, high, control
        The number, its interval, and the control in words; None and '' where there is none.
    level
        ``result``, or ``doubt`` for what is not to be trusted.
    links
        Views of the page (``#unit=...``) and their words.
    evidence
        Files, and the rows of these that the sentence is of.
    """

    analysis: str
    slug: str
    sentence: str
    models: tuple[str, ...] = ()
    value: float | None = None
    low: float | None = None
    high: float | None = None
    control: str = ""
    level: Literal["result", "doubt"] = "result"
    links: tuple[tuple[str, str], ...] = ()
    evidence: tuple[tuple[str, Mapping[str, Any]], ...] = ()

    def plain(self) -> dict[str, Any]:
        """Return the finding as JSON has it."""
        found = asdict(self)
        del found["slug"]
        return {
            "id": slug(self.analysis, *(self.models if len(self.models) == 1 else ()), self.slug),
            **found,
            **{name: rounded(getattr(self, name), 6) for name in ("value", "low", "high")},
            "models": list(self.models),
            "links": [{"to": to, "text": text} for to, text in self.links],
            "evidence": [{"file": file, "where": dict(where)} for file, where in self.evidence],
        }


@dataclass(frozen=True)
class Evidence:
    """What rules look at: the results, what these do not tell, and the explanations by model."""

    results: Results
    about: About
    decisions: Mapping[str, Decisions] = field(default_factory=dict)


Reader = Callable[[Evidence], Iterator[Finding]]


@dataclass(frozen=True)
class Analysis:
    """An analysis and how its results are put into sentences.

    Attributes
    ----------
    name
        Section of the configuration, or what stands for it.
    title, doc
        What a reader calls it, and what it does, in a sentence.
    files
        Pattern of a file that is there for each model or study where it ran; ``{}`` is its name.
    findings
        Gives its findings, those that matter most first.
    """

    name: str
    title: str
    doc: str
    files: str
    findings: Reader
    of_models: bool = field(default=True)

    def ran(self, results: Results) -> list[str]:
        """Return the models or studies that it ran for."""
        return results.named(self.files)


def slug(*parts: object) -> str:
    """Return words as one word of letters, digits, points and hyphens, for a link."""
    return re.sub(r"[^A-Za-z0-9.]+", "-", "-".join(map(str, filter(None, parts)))).strip("-").lower()
