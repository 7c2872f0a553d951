"""What the jobs of a run leave for its end: marks of those that failed, and notes in their logs."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lucidag.ground.errors import InputError
from lucidag.ground.files import is_file, read_json
from lucidag.ground.job import NOTE, failure_mark
from lucidag.ground.kept import read_if_any

SILENT = "ended without leaving why: see above; if nothing is said there, it was killed or had no memory"


@dataclass(frozen=True)
class Failure:
    """A job that failed.

    Attributes
    ----------
    job
        Its rule and what stands for its wildcards, such as ``train net``.
    sentence
        What went wrong.
    log
        Path of its log; of its mark, where that cannot be read.
    """

    job: str
    sentence: str
    log: str


def _marks(results: str | Path) -> list[Path]:
    return sorted((Path(results) / "logs").rglob(failure_mark("*.log").name))


def forget_failures(results: str | Path) -> None:
    """Remove the marks of failures, as a new run begins, but for those of jobs whose outputs are still there.

    Raises
    ------
    InputError
        If one cannot be removed.
    """
    for mark in _marks(results):
        if _outputs(results, mark):
            continue
        try:
            mark.unlink(missing_ok=True)
        except OSError as error:
            raise InputError(f"{mark} could not be removed: {error.strerror or error}") from error


def remove_left(results: str | Path) -> None:
    """Remove outputs of jobs that failed, or were killed, where the run that they were of could not."""
    for mark in _marks(results):
        for file in _outputs(results, mark):
            with suppress(OSError):
                file.unlink()


def _outputs(results: str | Path, mark: Path) -> list[Path]:
    """Return the outputs that are there; a mark that names files outside of the results was not left by a job."""
    named, folder = read_if_any(mark).get("outputs"), Path(results).resolve()
    files = [Path(file) for file in named if isinstance(file, str)] if isinstance(named, list) else []
    return [file for file in files if is_file(file) and file.resolve().is_relative_to(folder)]


def failures(results: str | Path) -> list[Failure]:
    """Return the jobs of the last run that failed, by their logs."""
    found = []
    for mark in _marks(results):
        try:
            said = read_json(mark)
            job = " ".join([said["rule"], *said["wildcards"]])
            found.append(Failure(job, said["sentence"], said["log"]))
        except (OSError, ValueError, KeyError, TypeError):  # half written, or of another version
            name = mark.relative_to(Path(results) / "logs")
            found.append(Failure(str(name.with_name(name.name.partition(".")[0])), "ended without a word", str(mark)))
    return found


def silent(jobs: Iterable[tuple[str, str]]) -> list[Failure]:
    """Return those of the jobs that failed of which no mark tells: they ended before their work began, or after it.

    Parameters
    ----------
    jobs
        Of each its rule and what stands for its wildcards, such as ``train net``, and its log.
    """
    return [Failure(name, SILENT, log) for name, log in jobs if not failure_mark(log).is_file()]


def notes(logs: Iterable[str | Path]) -> list[str]:
    """Return the sentences for the user in these logs, each once; a log that is not there has none."""
    found: dict[str, None] = {}
    for log in logs:
        try:
            lines = Path(log).read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            continue
        found |= dict.fromkeys(line.removeprefix(NOTE) for line in lines if line.startswith(NOTE))
    return list(found)
