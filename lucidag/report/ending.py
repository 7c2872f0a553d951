"""What the terminal shows when a run is over: what failed, what the jobs noted, and where the report is."""

import sys
from collections.abc import Iterable, Sequence
from typing import TextIO

from lucidag.ground.job import WARNING
from lucidag.report.failures import Failure

MOST_NOTES = 20


def ending(failed: Sequence[Failure], notes: Sequence[str], waiting: int, report: str | None) -> list[str]:
    """Return the last lines of a run.

    Parameters
    ----------
    failed
        The jobs that failed.
    notes
        Sentences of the jobs and of the start for the user. Warnings (`lucidag.ground.job.WARNING`) stand last, where
        they are seen, and all of them.
    waiting
        How many jobs did not run as they waited for one that failed.
    report
        The sentence or path of the last line; None: there is no report.
    """
    lines = [""]
    warnings = [note.removeprefix(WARNING) for note in notes if note.startswith(WARNING)]
    noted = [note for note in notes if not note.startswith(WARNING)]
    if noted:
        lines += [f"Noted ({len(noted)}):", *(f"  {note}" for note in noted[:MOST_NOTES])]
        if len(noted) > MOST_NOTES:
            lines.append(f"  … and {len(noted) - MOST_NOTES} more, in the logs")
    if failed:
        lines += [f"Failed ({len(failed)}):", *(f"  {each.job}: {each.sentence}" for each in failed)]
    if waiting:
        lines.append(f"Not run, as they wait for what failed: {waiting} job{'s' * (waiting > 1)}")
    if warnings:
        lines += [f"Warnings ({len(warnings)}):", *(f"  {warning}" for warning in warnings)]
    return lines + ([f"Report: {report}"] if report is not None else [])


def show(lines: Iterable[str], stream: TextIO | None = None) -> None:
    """Write lines to the terminal, by default to standard error."""
    print("\n".join(lines), file=stream or sys.stderr, flush=True)
