"""What the terminal shows: files as counts, names, the time left; the end of a run and of a dry run."""

import doctest
import logging
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from snakemake.logging import DefaultFormatter
from snakemake_interface_logger_plugins.common import LogEvent

from lucidag.report import terminal
from lucidag.report.ending import MOST_NOTES, ending
from lucidag.report.failures import Failure
from lucidag.report.forecast import forecast, mean_seconds, summary
from lucidag.report.interruption import INTERRUPTED, Interruption, quiet

OURS = terminal.formatter(DefaultFormatter)


def shown(formatter: logging.Formatter, event: LogEvent, **values: Any) -> str:
    record = logging.LogRecord("snakemake", logging.INFO, "", 0, values.pop("msg", None), (), None)
    record.__dict__.update(values, event=event)
    return formatter.format(record)


JOB: dict[str, Any] = {
    "jobid": 7,
    "rule_msg": None,
    "rule_name": "train",
    "wildcards": {"model": "net"},
    "output": ["results/net.csv"],
    "log": ["net.log"],
    "benchmark": None,
    "reason": "Missing output files: results/net.csv",
    "priority": 0,
    "threads": 1,
    "resources": {},
    "local": False,
    "is_checkpoint": False,
}


@pytest.mark.parametrize("module", [terminal])
def test_examples(module: ModuleType) -> None:
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize("number", [1, 4, 5, 600])
def test_many_files_are_a_count(number: int) -> None:
    files = [f"own/{name}.png" for name in range(number)]
    reason = "Updated input files: " + ", ".join(files)
    said = shown(
        OURS(None, False, {"train model=first": "first.png"}),
        LogEvent.JOB_INFO,
        **JOB | {"input": files, "reason": reason},
    )
    lines = said.splitlines()
    told = ", ".join(files) if number <= 4 else f"{number} files in own"
    assert f"    input: {told}" in lines
    assert f"    reason: Updated input files: {told}" in lines
    assert "    wildcards: model=net" in lines
    assert max(map(len, lines)) < 120


def test_files_of_several_places() -> None:
    assert terminal.counted([f"{place}/x.png" for place in "abcde"]) == ["5 files in ."]
    assert terminal.counted([*(f"a/b/{name}" for name in "vwxy"), "a/c/z"]) == ["5 files in a"]
    assert terminal.counted([*(f"a/{name}" for name in "vwxy"), "/a/z"]) == ["5 files in ."]


def test_few_files_are_shown_as_snakemake_shows_them() -> None:
    job = JOB | {"input": ["a", "b"]}
    ours = shown(OURS(None, False, {"train model=first": "first.png"}), LogEvent.JOB_INFO, **job).splitlines()
    theirs = shown(DefaultFormatter(), LogEvent.JOB_INFO, **job).splitlines()
    assert ours[1:] == theirs[1:]  # but for the time


def test_a_finished_job_has_its_name() -> None:
    formatter = OURS(None, False, {"train model=first": "first.png"})
    unknown = shown(formatter, LogEvent.JOB_FINISHED, job_id=7, msg="Finished jobid: 7 (Rule: train)")
    assert unknown.endswith("Finished jobid: 7 (Rule: train)")
    shown(formatter, LogEvent.JOB_INFO, **JOB | {"input": []})
    told = shown(formatter, LogEvent.JOB_FINISHED, job_id=7, msg="Finished jobid: 7 (Rule: train)")
    assert told.splitlines()[1] == "Finished train model=net (job 7)"


def test_the_first_figure_is_named() -> None:
    formatter = OURS(None, False, {"train model=net": "r/net.png"})
    shown(formatter, LogEvent.JOB_INFO, **JOB | {"input": []})
    told = shown(formatter, LogEvent.JOB_FINISHED, job_id=7, msg="Finished jobid: 7 (Rule: train)")
    assert told.splitlines()[1:] == ["Finished train model=net (job 7)", "The first curves are drawn: r/net.png"]


def test_the_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([100.0, 160.0, 200.0, 999.0])
    monkeypatch.setattr(terminal.time, "monotonic", lambda: next(clock))
    formatter = OURS(None, False, {"train model=first": "first.png"})
    assert shown(formatter, LogEvent.PROGRESS, done=0, total=40) == "0 of 40 steps (0%) done"
    shown(formatter, LogEvent.JOB_INFO, **JOB | {"input": []})
    assert shown(formatter, LogEvent.PROGRESS, done=10, total=40) == "10 of 40 steps (25%) done, about 3 min left"
    assert shown(formatter, LogEvent.PROGRESS, done=2, total=40) == "2 of 40 steps (5%) done"
    assert shown(formatter, LogEvent.PROGRESS, done=40, total=40) == "40 of 40 steps (100%) done"


def test_only_the_terminal_is_shortened() -> None:
    logger = logging.Logger("snakemake")
    for name in ("DefaultStreamHandler", "DefaultLogFileHandler", "plugin"):
        handler = logging.NullHandler()
        handler.name = name
        handler.setFormatter(DefaultFormatter())
        logger.addHandler(handler)
    terminal.install(logger, DefaultFormatter, {})
    assert [isinstance(handler.formatter, terminal.Shortened) for handler in logger.handlers] == [True, False, False]


def test_the_end_of_a_run() -> None:
    failed = [Failure("train a", "no luck", "a.log")]
    assert ending(failed, ["one is dark"], 3, "r/report.html") == [
        "",
        "Noted (1):",
        "  one is dark",
        "Failed (1):",
        "  train a: no luck",
        "Not run, as they wait for what failed: 3 jobs",
        "Report: r/report.html",
    ]
    assert ending([], [], 0, "r/report.html") == ["", "Report: r/report.html"]
    many = ending([], [str(number) for number in range(MOST_NOTES + 5)], 0, None)
    assert len(many) == MOST_NOTES + 3
    assert many[-1] == "  … and 5 more, in the logs"


def test_warnings_stand_last_and_none_is_left_out() -> None:
    warned = [f"warning: {number} is wrong" for number in range(MOST_NOTES + 5)]
    notes = [warned[0], "one is dark", *warned[1:]]
    assert ending([Failure("train a", "no luck", "a.log")], notes, 1, "r.html") == [
        "",
        "Noted (1):",
        "  one is dark",
        "Failed (1):",
        "  train a: no luck",
        "Not run, as they wait for what failed: 1 job",
        f"Warnings ({len(warned)}):",
        *(f"  {sentence.removeprefix('warning: ')}" for sentence in warned),
        "Report: r.html",
    ]
    assert "Warnings" not in " ".join(ending([], ["a warning: none"], 0, None))


def benchmark(folder: Path, name: str, *seconds: object) -> None:
    file = folder / "benchmarks" / f"{name}.tsv"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("s\th:m:s\n" + "".join(f"{each}\t0:00:01\n" for each in seconds))


def test_time_by_the_last_benchmarks(tmp_path: Path) -> None:
    assert mean_seconds(tmp_path) == {}
    for name, seconds in (("train/a", [30]), ("train/b", [90]), ("lime/b/c", [8]), ("broken/x", ["NA"])):
        benchmark(tmp_path, name, *seconds)
    seconds = mean_seconds(tmp_path)
    assert seconds == {"train": 60.0, "lime": 8.0}
    assert re.match(r"about 64 s on 2 cores", forecast({"train": 2, "lime": 1}, seconds, 2))
    assert re.match(r"about 2 min on 1 core,", forecast({"train": 2, "lime": 1}, seconds, 1))
    assert re.match(r"about 60 s on 64 cores", forecast({"train": 2}, seconds, 64))  # a job is not shared out
    assert forecast({"train": 1, "rank": 1}, seconds, 1).endswith("; not counted, as there are no benchmarks yet: rank")
    assert forecast({"rank": 1}, seconds, 1) == "no benchmarks yet"


def test_the_end_of_a_dry_run(tmp_path: Path) -> None:
    assert summary({"train": 2, "rank": 1}, str(tmp_path), 2, ["rof", "clips"], "c.yaml", {"net": 12, "b": 3}) == [
        "",
        "Would run: 3 jobs of 2 rules",
        "Time: no benchmarks yet",
        "Models that grids and seeds make: 12 of net, 3 of b",
        "Skipped, as c.yaml has no such section: rof, clips",
    ]
    assert summary({}, str(tmp_path), None, [], "c.yaml", {}) == ["", "Would run: 0 jobs of 0 rules"]


def record(message: str, level: int = logging.INFO, **values: Any) -> logging.LogRecord:
    made = logging.LogRecord("snakemake", level, "", 0, message, (), None)
    made.__dict__.update(values)
    return made


def test_a_lock_is_one_sentence_that_says_what_to_type() -> None:
    error = record(
        "LockException:\nError: Directory cannot be locked. Please", logging.ERROR, exception="LockException"
    )
    error.__dict__["event"] = LogEvent.ERROR
    ours = terminal.formatter(DefaultFormatter, lambda: "type `snakemake --unlock`")
    assert ours(None, False, {}).format(error) == "lucidag: type `snakemake --unlock`"
    assert OURS(None, False, {}).format(error).startswith("LockException")
    other = record("WorkflowError:", logging.ERROR, exception="WorkflowError", event=LogEvent.ERROR)
    assert ours(None, False, {}).format(other) == "WorkflowError:"


def test_an_error_of_the_system_is_one_sentence() -> None:
    """As where the outputs of a failed job cannot be removed; a fault of Snakemake's own keeps its traceback."""
    trace = "Traceback (most recent call last):\n\n  File a.py, line 1, in b\n\n"
    for words, said in (
        ("PermissionError: [Errno 1] Operation not permitted: 'a.csv'", "[Errno 1] Operation not permitted: 'a.csv'"),
        ("OSError: [Errno 28] No space left on device", "[Errno 28] No space left on device"),
    ):
        error = record(f"{trace}{words}\n", logging.ERROR, exception=words.partition(":")[0], event=LogEvent.ERROR)
        assert OURS(None, False, {}).format(error) == f"lucidag: Snakemake cannot go on: {said}"
    error = record(f"{trace}KeyError: 'a'", logging.ERROR, exception="KeyError", event=LogEvent.ERROR)
    assert "Traceback" in OURS(None, False, {}).format(error)


def test_after_an_interruption_the_errors_of_jobs_are_silent() -> None:
    shown_of = Interruption()
    failed = record("Error in rule train", logging.ERROR)
    assert shown_of.filter(failed)
    assert not shown_of.seen
    assert not shown_of.filter(record("Terminating processes on user request, this might take some time."))
    assert shown_of.seen
    assert not shown_of.filter(failed)
    assert shown_of.filter(record("Complete log(s): .snakemake/log/x"))
    assert shown_of.is_told(failed)
    assert not shown_of.is_told(record("Traceback (most recent call last):\nRuntimeError", logging.ERROR))


def test_an_interruption_is_told_without_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    others: list[type[BaseException]] = []
    hook = quiet(lambda kind, *_: others.append(kind))
    hook(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert capsys.readouterr().err == "\n".join(INTERRUPTED) + "\n"
    later = RuntimeError()
    later.__context__ = KeyboardInterrupt()
    hook(RuntimeError, later, None)
    assert capsys.readouterr().err == "\n".join(INTERRUPTED) + "\n"
    hook(ValueError, ValueError(), None)
    assert others == [ValueError]
    assert capsys.readouterr().err == ""
