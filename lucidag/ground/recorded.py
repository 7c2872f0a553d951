"""Around the work of a job: its inputs are what other jobs wrote, and its outputs get a record."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from lucidag.ground.checksums import Checksum
from lucidag.ground.damage import checked
from lucidag.ground.files import discard
from lucidag.ground.log import Log
from lucidag.ground.made import record_of, when_and_where, write_record
from lucidag.ground.records import Records, place, results_folder
from lucidag.ground.task import Task
from lucidag.ground.times import no_later_than


@contextmanager
def recorded(task: Task, said: Log, differing: Collection[str] = ()) -> Iterator[None]:
    """Check the inputs of a job before its work, and leave a record after it (`lucidag.ground.records`).

    Old records of the same outputs are gone while it works: a killed job leaves none. A job whose log and outputs do
    not lie in one folder of results has no place for a record, and its inputs are not checked.

    Parameters
    ----------
    task
        The job.
    said
        What it writes to its log.
    differing
        Names of outputs whose bytes differ from run to run, as those that hold seconds do.

    Raises
    ------
    InputError
        If an input is not what its job wrote, if a file of the user's own bears a time to come, or if the record cannot
        be written.
    """
    results = results_folder(task.log[0], list(task.output))
    if results is None:
        yield
        return
    log, records = Path(task.log[0]), Records()
    # As its folder of logs: a module may rename the rule itself.
    rule = log.relative_to(results / "logs").parts[0].removesuffix(".log")
    forget(task.output, results, rule)
    inputs = checked(task.input, records)
    yield
    if all(Path(file).is_file() for file in task.output):  # of a missing one Snakemake tells
        unequal = {_inside(getattr(task.output, name), results) for name in differing}
        sums = {_inside(file, results): Checksum.of(file) for file in task.output}
        others, own = _sorted_out(inputs, results)
        no_later_than(task.output, [results / path for path in others], own)
        record = record_of(
            rule=rule,
            wildcards={name: str(value) for name, value in task.wildcards.items()},
            params=dict(task.params.items()),
            inputs=(others, own),
            outputs={path: None if path in unequal else each for path, each in sums.items()},
            log=_inside(log, results),
            device=said.device,
        )
        write_record(results, record, {path: sums[path] for path in sorted(unequal)})
    print(when_and_where())


def record_apart(results: Path, rule: str, outputs: Sequence[str]) -> None:
    """Leave a record of files that were not made by a job of their own, as those after a failure.

    Parameters
    ----------
    results
        The folder of results.
    rule
        What made them.
    outputs
        As paths from `results`.
    """
    forget([results / path for path in outputs], results, rule)
    sums: dict[str, Checksum | None] = {path: Checksum.of(results / path) for path in outputs}
    write_record(results, record_of(rule, {}, {}, ({}, {}), sums, f"logs/{rule}.log", None), {})


def forget(outputs: Iterable[str | Path], results: Path, rule: str) -> None:
    """Remove the records of files that are to be written anew, and what a killed writer left of one."""
    discard(place(results, rule, [_inside(file, results) for file in outputs]))
    records = Records()
    for file in [each for output in outputs for each in records.claiming(output)]:
        file.unlink(missing_ok=True)


def _sorted_out(inputs: Mapping[str, Checksum], results: Path) -> tuple[dict[str, Checksum], dict[str, Checksum]]:
    """Return results, by their paths in their folder, and all other files."""
    own = {path for path in inputs if Path(path).is_relative_to(results)}
    others = {path: each for path, each in inputs.items() if path not in own}
    return {_inside(path, results): inputs[path] for path in own}, others


def _inside(file: str | Path, results: Path) -> str:
    return Path(file).relative_to(results).as_posix()
