"""Whether a folder of results is what its jobs wrote: every checksum computed anew."""

import os
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lucidag.ground.checksums import Checksum
from lucidag.ground.damage import sentence
from lucidag.ground.errors import InputError
from lucidag.ground.kept import KEPT, kept_in
from lucidag.ground.records import FOLDER, NAME, DamagedRecordError, Record, read_record

# Beside results: what jobs say and cost, records, what comes with the project.
NO_RESULTS = ("logs", "benchmarks", FOLDER, "README.md")
STATE = "training.safetensors"  # of a training that was killed, until it has gone on to its end
PASSING = "_shard"  # ends the names of rules whose outputs are removed once they are joined
MOST_TOLD = 20  # files that no job recorded


@dataclass
class Verdict:
    """What was found.

    Attributes
    ----------
    jobs
        How many left a record.
    same
        How many files are what their jobs wrote.
    faults
        A sentence for each that is not: which, why, and what to do.
    unrecorded
        Files that no job recorded.
    """

    jobs: int = 0
    same: int = 0
    faults: list[str] = field(default_factory=list)
    unrecorded: list[str] = field(default_factory=list)

    @property
    def number(self) -> int:
        """How many files do not belong."""
        return len(self.faults) + len(self.unrecorded)

    def lines(self) -> list[str]:
        """Return a line for each of them; none where all is well."""
        told = [f"{file}: no job recorded it: rm {shlex.quote(file)} if you do not need it" for file in self.unrecorded]
        more = len(told) - MOST_TOLD
        return [*self.faults, *told[:MOST_TOLD], *([f"… and {more} more that no job recorded"] if more > 0 else [])]

    def summary(self, results: str | Path) -> str:
        """Return the whole in one line."""
        if not self.number:
            return f"{results}: all {self.same} files are what {self.jobs} jobs wrote"
        files = "1 file does" if self.number == 1 else f"{self.number} files do"
        return f"{results}: {files} not belong beside {self.same} that are what {self.jobs} jobs wrote"


def verify(results: str | Path) -> Verdict:
    """Compare all files of a folder of results with the records of its jobs.

    Folders of results inside it (those of other configurations lie in ``runs``) are left out: each is its own.

    Raises
    ------
    InputError
        If there are no records.
    """
    folder = Path(results)
    found, known = Verdict(), set()
    for file in _records_in(folder):
        found.jobs += 1
        try:
            record = read_record(file, folder)
        except DamagedRecordError:
            found.faults.append(f"{file} cannot be read: rm {shlex.quote(str(file))} and what its job wrote; run again")
            continue
        known |= {folder / path for path in record.words["outputs"]}
        _compare(record, found)
    if not found.jobs:
        raise InputError(f"{folder} holds no records of jobs; a run of the workflow leaves them in {folder / FOLDER}")
    found.unrecorded = [str(file) for file in files_in(folder) if file not in known and file.name != STATE]
    return found


def verified(results: str | Path) -> list[Record]:
    """Return the records of a folder of results, if all that they tell of is as they say.

    Raises
    ------
    InputError
        If it is not, or if there are none.
    """
    faults = verify(results).faults
    if faults:
        more = f" ({len(faults) - 1} more: python -m lucidag.report verify {results})" if faults[1:] else ""
        raise InputError(f"{faults[0]}{more}")
    return [read_record(file, Path(results)) for file in _records_in(Path(results))]


def files_in(results: Path) -> Iterator[Path]:
    """Give all files of a folder of results, in order; not those of folders of results inside it."""
    for here, folders, names in os.walk(results):
        top = Path(here) == results
        inside = sorted(each for each in folders if each != KEPT and not (top and each in NO_RESULTS))
        folders[:] = [each for each in inside if not _apart(Path(here, each))]
        yield from (Path(here, name) for name in sorted(names) if not (top and name in NO_RESULTS))


def _records_in(results: Path) -> list[Path]:
    return sorted(file for file in (results / FOLDER).rglob("*.json") if NAME.fullmatch(file.name))


def _apart(folder: Path) -> bool:
    """Return whether a folder inside of results holds results of its own."""
    return (kept_in(folder) / "configuration.json").is_file() or bool(_records_in(folder))


def _compare(record: Record, found: Verdict) -> None:
    passing = record.words["rule"].endswith(PASSING)
    for path, expected in record.outputs.items():
        file = record.results / path
        if not file.is_file():
            if not passing:
                anew, rest = f"snakemake --cores 1 {shlex.quote(str(file))}", shlex.quote(str(record.file))
                found.faults.append(f"{file} is missing: {anew} makes it anew; if it is not wanted any more, rm {rest}")
            continue
        why = expected.difference(Checksum.of(file))
        if why is None:
            found.same += 1
        else:
            found.faults.append(sentence({str(file): why}))
