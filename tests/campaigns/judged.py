"""What a run has told its user: a sentence for each job that failed, or less."""

import re
from collections import Counter
from dataclasses import dataclass

TRACEBACK = "Traceback (most recent call last)"


@dataclass(frozen=True)
class Said:
    """What was told.

    Attributes
    ----------
    failed
        Jobs that failed, as Snakemake counts them.
    jobs_told
        Of how many of them a sentence says why, while they fail or at the end of the run.
    sentences
        What was told, each once.
    tracebacks
        How many tracebacks the terminal has shown.
    last
        The last line.
    """

    failed: int
    jobs_told: int
    sentences: tuple[str, ...]
    tracebacks: int
    last: str

    def line(self) -> str:
        """Say it."""
        shown = " | ".join(self.sentences[:3])
        return f"{self.failed} jobs failed, {self.jobs_told} told, {self.tracebacks} tracebacks: {shown}"


def said_of(text: str) -> Said:
    """Read what a terminal has shown."""
    failed = re.findall(r"^Error in rule (\w+)", text, flags=re.MULTILINE)
    told = re.findall(r"^lucidag: (.*)$", text, flags=re.MULTILINE)
    end = re.search(r"^Failed \(\d+\):\n((?:  .*\n?)*)", text, flags=re.MULTILINE)
    told += re.findall(r"^  (.*)$", end[1], flags=re.MULTILINE) if end else []
    lines = [line for line in text.splitlines() if line.strip()]
    of_jobs = Counter(line.split()[0] for line in {_job(line): line for line in told if ": " in line}.values())
    jobs_told = sum(min(number, of_jobs[rule]) for rule, number in Counter(failed).items())
    return Said(len(failed), jobs_told, tuple(dict.fromkeys(told)), text.count(TRACEBACK), lines[-1] if lines else "")


def _job(line: str) -> str:
    return line.partition(": ")[0]
