"""Records of provenance: where the record of a job lies, and which one tells of a file.

A job leaves one record. It lies under ``provenance`` in the folder of results, in the folder that all outputs of the
job have in common, and is called ``{rule}@{how their names begin alike}@{digits}.json``::

    results/models/net/checkpoint.safetensors   results/provenance/models/net/train@@1f0c9a2e.json
    results/models/net/evaluation.json          results/provenance/models/net/evaluate@evaluation.json@8b1d03c4.json

So whoever reads a file finds its record by the path of the file alone, and reads no more than a few others.
"""

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from lucidag.ground.checksums import Checksum
from lucidag.ground.errors import InputError
from lucidag.ground.files import read_json
from lucidag.ground.kept import read_if_any

FOLDER = "provenance"
NAME = re.compile(r"\w+@.*@[0-9a-f]{8}\.json", re.DOTALL)
MOST_BYTES = 120  # of the part of a record's name that is of its outputs: a file's name has 255 at most


class DamagedRecordError(InputError):
    """A record that cannot be read.

    Attributes
    ----------
    file
        Which.
    """

    def __init__(self, file: Path) -> None:
        super().__init__(f"{file} is not what a job wrote")
        self.file = file


@dataclass(frozen=True)
class Record:
    """What a job left.

    Attributes
    ----------
    file
        Where it lies.
    results
        The folder of results that it is of.
    words
        What it says, see `lucidag.ground.made`.
    outputs
        By path from `results`: what the job wrote, as far as it is known.
    """

    file: Path
    results: Path
    words: Mapping[str, Any]
    outputs: Mapping[str, Checksum]


def results_folder(log: str | Path, outputs: Sequence[str | Path]) -> Path | None:
    """Return the folder of results that a job writes to: its log lies in ``logs`` there, its outputs beside that.

    None if log and outputs do not lie so.
    """
    for logs in Path(log).parents:
        beside = [Path(file).is_relative_to(logs.parent) and not Path(file).is_relative_to(logs) for file in outputs]
        if logs.name == "logs" and beside and all(beside):
            return logs.parent
    return None


def place(results: Path, rule: str, outputs: Iterable[str]) -> Path:
    """Return where the record of a job lies.

    Parameters
    ----------
    results
        The folder of results.
    rule
        What the job is called.
    outputs
        Its outputs, as paths from `results`.
    """
    paths = sorted(outputs)
    folder = os.path.commonpath([PurePosixPath(path).parent for path in paths])
    rest = [PurePosixPath(path).relative_to(folder or ".").as_posix() for path in paths]
    first, last = rest[0], rest[-1]  # sorted: how these two begin alike, all others do too
    same = next((at for at, pair in enumerate(zip(first, last, strict=False)) if len(set(pair)) > 1), len(first))
    alike = first[:same].encode()[:MOST_BYTES].decode(errors="ignore")
    digits = hashlib.sha256("\n".join(paths).encode()).hexdigest()[:8]
    return results / FOLDER / folder / f"{rule}@{alike}@{digits}.json"


def read_record(file: Path, results: Path) -> Record:
    """Read a record.

    Raises
    ------
    DamagedRecordError
        If it is none, or damaged.
    """
    try:
        words = read_json(file)
        noted = {path: _noted(path, each, words, results) for path, each in words["outputs"].items()}
        return Record(file, results, words, {path: each for path, each in noted.items() if each is not None})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DamagedRecordError(file) from error


def _noted(path: str, each: dict[str, Any] | None, words: Mapping[str, Any], results: Path) -> Checksum | None:
    """Return the checksum of an output; of one that differs from run to run it stands beside the log, if at all."""
    found = each if each is not None else read_if_any(differing(results / words["log"])).get(path)
    return Checksum.read(found) if found is not None else None


def differing(log: Path) -> Path:
    """Return the file with the checksums of outputs that differ from run to run: no record holds these."""
    return log.with_suffix(".sums.json")


@dataclass
class Records:
    """Finds records by the paths of files; what was read is kept for the next question."""

    _asked: dict[Path, bool] = field(default_factory=dict)
    _listed: dict[Path, list[str]] = field(default_factory=dict)
    _read: dict[Path, Record] = field(default_factory=dict)

    def of(self, path: str | Path) -> Record | None:
        """Return the record of the job that wrote a file; None if there is none, as of the user's own files.

        Raises
        ------
        DamagedRecordError
            If a record that may be the one is damaged.
        """
        for file, results in self._candidates(path):
            record = self._known(file, results)
            if record is not None and _claims(record, path):
                return record
        return None

    def claiming(self, path: str | Path) -> list[Path]:
        """Return all records that tell of a file; damaged ones are left out."""
        found = []
        for file, results in self._candidates(path):
            with suppress(DamagedRecordError):
                record = self._known(file, results)
                found += [file] if record is not None and _claims(record, path) else []
        return found

    def expected(self, path: str | Path) -> Checksum | None:
        """Return what a file holds if it is as its job wrote it; None if no job recorded it.

        Raises
        ------
        DamagedRecordError
            If a record that may be the one is damaged.
        """
        record = self.of(path)
        return record.outputs.get(Path(path).relative_to(record.results).as_posix()) if record is not None else None

    def _candidates(self, path: str | Path) -> Iterator[tuple[Path, Path]]:
        """Give the records that may tell of a file by their names, each with its folder of results."""
        for results in Path(path).parents:
            if not self._has_records(results):
                continue
            inside = Path(path).relative_to(results)
            for folder in inside.parents:
                rest = inside.relative_to(folder).as_posix()
                for name in self._names(results / FOLDER / folder):
                    if rest.startswith(name.partition("@")[2].rpartition("@")[0]):
                        yield results / FOLDER / folder / name, results

    def _has_records(self, results: Path) -> bool:
        if results not in self._asked:
            self._asked[results] = (results / FOLDER).is_dir()
        return self._asked[results]

    def _names(self, folder: Path) -> list[str]:
        if folder not in self._listed:
            try:
                self._listed[folder] = sorted(each.name for each in os.scandir(folder) if NAME.fullmatch(each.name))
            except OSError:
                self._listed[folder] = []
        return self._listed[folder]

    def _known(self, file: Path, results: Path) -> Record | None:
        if file not in self._read:
            if not file.is_file():  # a job that runs at this moment took it away
                return None
            self._read[file] = read_record(file, results)
        return self._read[file]


def _claims(record: Record, path: str | Path) -> bool:
    return Path(path).relative_to(record.results).as_posix() in record.words["outputs"]
