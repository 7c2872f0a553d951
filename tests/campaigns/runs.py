"""Runs of the workflow that are started, ended and looked at: what is there is held against an undisturbed run."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lucidag.ground.checksums import Checksum
from lucidag.ground.files import read_json
from lucidag.ground.records import FOLDER
from lucidag.report.verify import STATE, files_in
from tests.every import CONFIGURATION, prepare
from tests.forked import serve

PARTIAL = re.compile(r"\..*\.[0-9a-f]{8}(\.\w+)?")  # what a writer has under its hands (`lucidag.ground.files`)
# As `make run` does.
COMMAND = (
    "{python} -B -m lucidag.ground.compiled && {python} -B -m lucidag.config.lock && "
    "exec {python} -m snakemake {targets} --cores {cores} --configfile {file}"
)


@dataclass(frozen=True)
class Place:
    """A folder with a copy of the project, to run it in.

    Attributes
    ----------
    folder
        Where it is.
    python
        What runs it.
    cores
        How many jobs at a time.
    targets
        What to make.
    terminal
        Name of the file that stands for it.
    """

    folder: Path
    python: Path
    cores: int = 2
    targets: str = ""
    terminal: str = "said.txt"

    @property
    def results(self) -> Path:
        """The folder of results."""
        return self.folder / "results"

    @property
    def said(self) -> Path:
        """The file with what the last run has shown at the terminal."""
        return self.folder.with_name(f"{self.folder.name}-{self.terminal}")

    @property
    def forks(self) -> bool:
        """Whether a server forks what is run."""
        return self.python != Path(sys.executable)

    def copy(self, folder: Path) -> "Place":
        """Return a copy of all that is there."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return self.at(folder)

    def at(self, folder: Path) -> "Place":
        """Return the same in another folder."""
        return replace(self, folder=folder)

    def with_terminal(self, name: str) -> "Place":
        """Return the same at another terminal."""
        return replace(self, terminal=name)

    def start(self, before: Callable[[], None] | None = None, **environment: str) -> subprocess.Popen[bytes]:
        """Start a run in a session of its own, by the one command that resumes a run too.

        `before` is called in the child: it may set limits.
        """
        words = COMMAND.format(python=self.python, cores=self.cores, file=CONFIGURATION, targets=self.targets)
        left_out = ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE")
        kept = {key: value for key, value in os.environ.items() if key not in left_out}
        with self.said.open("wb") as said:
            return subprocess.Popen(
                ["/bin/sh", "-c", words],
                cwd=self.folder,
                env=kept | environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,
                preexec_fn=before,
            )

    def run(self, **environment: str) -> int:
        """Run to the end; return the status."""
        return self.start(**environment).wait()

    def words(self) -> str:
        """Return what the last run has shown."""
        return self.said.read_text(encoding="utf-8", errors="replace")

    def at_work(self) -> list[str]:
        """Return the rules of the jobs that have begun and not ended, by what the last run has shown."""
        text = self.words()
        began = re.findall(r"^(?:local)?rule (\w+):\n(?:    .*\n)*?    jobid: (\d+)$", text, flags=re.MULTILINE)
        ended = set(re.findall(r"^Finished .*\(job (\d+)\)$", text, flags=re.MULTILINE))
        return [rule for rule, number in began if number not in ended]


@dataclass(frozen=True)
class Reference:
    """What an undisturbed run leaves.

    Attributes
    ----------
    sums
        Checksum by path from the folder of results: of all files, and of those that were removed once they were joined.
    there
        Which files are there at the end.
    unequal
        Those that hold seconds, and so differ from run to run.
    sizes
        Bytes of those that are there.
    jobs
        How many it takes.
    """

    sums: Mapping[str, str]
    there: frozenset[str]
    unequal: frozenset[str]
    sizes: Mapping[str, int]
    jobs: int

    @classmethod
    def of(cls, results: Path) -> "Reference":
        """Read all files."""
        sums = {_inside(file, results): Checksum.of(file) for file in _files(results)}
        there = {path: each.sha256 for path, each in sums.items()}
        recorded: dict[str, Any] = {}
        for file in (results / FOLDER).rglob("*.json"):
            recorded |= read_json(file)["outputs"]
        unequal = frozenset(path for path, each in recorded.items() if each is None)
        passed = {path: each["sha256"] for path, each in recorded.items() if each is not None}
        sizes = {path: each.size for path, each in sums.items()}
        return cls({**passed, **there}, frozenset(there), unequal, sizes, jobs_done(results))

    def faults(self, results: Path, finished: bool) -> tuple[list[str], int]:
        """Say what is wrong with results, and how many files were looked at.

        The bytes of every file are compared, and, of a finished run, that just these files are there.
        """
        found = []
        seen = set()
        for file in _files(results):
            path = _inside(file, results)
            seen.add(path)
            if path not in self.sums:
                begun = bool(PARTIAL.fullmatch(file.name)) or file.name in (STATE, ".snakemake_timestamp")
                found += [] if begun and not finished else [f"{path} does not belong"]
            elif path not in self.unequal and Checksum.of(file).sha256 != self.sums[path]:
                found.append(f"{path} differs")
        if finished:
            found += [f"{path} is missing" for path in sorted(self.there - seen)]
            found += [f"{mark} tells of a failure" for mark in (results / "logs").rglob("*.failed.json")]
        return found, len(seen)


def jobs_done(results: Path) -> int:
    """Return how many jobs have ended, by what each writes of its cost when it has."""
    return len(list((results / "benchmarks").rglob("*.tsv")))


def python_of(folder: Path, plain: bool) -> Path:
    """Return a Python for runs: this one, or one that starts without the seconds of imports (`tests.forked`)."""
    if plain:
        return Path(sys.executable)
    folder.mkdir(parents=True, exist_ok=True)
    return serve(folder, os.getpid())


def prepared(folder: Path, words: Mapping[str, Any], python: Path, cores: int = 2, targets: str = "") -> Place:
    """Return a new place with a configuration."""
    folder.mkdir(parents=True)
    prepare(folder, words)
    return Place(folder, python, cores, targets)


def undisturbed(template: Place, tell: Callable[[str], None]) -> Reference:
    """Run a copy without any accident; return what it leaves."""
    place, began = template.copy(template.folder.with_name("undisturbed")), time.monotonic()
    if place.run() != 0:
        raise RuntimeError(place.words())
    found = Reference.of(place.results)
    tell(f"undisturbed: {len(found.there)} files in {time.monotonic() - began:.0f} s")
    return found


def tell(line: str) -> None:
    """Show how far a campaign is."""
    print(f"{time.strftime('%H:%M:%S')} {line}", flush=True)


def _files(results: Path) -> Iterator[Path]:
    if results.is_dir():
        yield from files_in(results)
        yield from sorted(file for file in (results / FOLDER).rglob("*") if file.is_file())


def _inside(file: Path, results: Path) -> str:
    return file.relative_to(results).as_posix()
