"""What a run has told its user: a sentence for each job that failed, or less."""

import re
from dataclasses import dataclass

TRACEBACK = "Traceback (most recent call last)"


@dataclass(frozen=True)
class Said:
    """What was told.

    Attributes
    ----------
    failed
        Jobs that failed, as Snakemake counts them.
    sentences
        What was told of them, each once.
    tracebacks
        How many tracebacks the terminal has shown.
    last
        The last line.
    """

    failed: int
    sentences: tuple[str, ...]
    tracebacks: int
    last: str

    def line(self) -> str:
        """Say it."""
        shown = " | ".join(self.sentences[:3])
        return f"{self.failed} jobs failed, {len(self.sentences)} sentences, {self.tracebacks} tracebacks: {shown}"


def said_of(text: str) -> Said:
    """Read what a terminal has shown."""
    failed = len(re.findall(r"^Error in rule \w+", text, flags=re.MULTILINE))
    told = re.findall(r"^lucidag: (.*)$", text, flags=re.MULTILINE)
    end = re.search(r"^Failed \(\d+\):\n((?:  .*\n?)*)", text, flags=re.MULTILINE)
    told += re.findall(r"^  (.*)$", end[1], flags=re.MULTILINE) if end else []
    lines = [line for line in text.splitlines() if line.strip()]
    return Said(failed, tuple(dict.fromkeys(told)), text.count(TRACEBACK), lines[-1] if lines else "")
