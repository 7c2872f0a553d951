"""Results as an RO-Crate: one archive of all files, and of which job made which from what.

The crate is one of version 1.1 (https://w3id.org/ro/crate/1.1) and follows the profile Process Run Crate 0.5
(https://w3id.org/ro/wfrun/process/0.5): each job is an action, whose objects are its inputs, whose results are its
outputs and whose instrument is lucidag. The records of the jobs (`lucidag.ground.made`), with settings, code and
versions, are files of the crate.
"""

import mimetypes
from pathlib import Path
from typing import Any
from urllib.parse import quote

from lucidag import __version__
from lucidag.ground.checksums import Checksum
from lucidag.ground.errors import InputError
from lucidag.ground.files import atomic
from lucidag.ground.records import Record
from lucidag.report.verify import verified

PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
TERMS = "https://w3id.org/ro/terms/workflow-run/context"  # which has `sha256`


def write_crate(results: str | Path, archive: str | Path, name: str, license_text: str) -> int:
    """Write an archive of all results that jobs recorded, with their records; return the number of files.

    Parameters
    ----------
    results
        The folder of results.
    archive
        The new file, ``.zip``.
    name, license_text
        What the crate is called, and under which terms it may be used: text or an address.

    Raises
    ------
    InputError
        If a result is not what its job wrote, if there are no records, if the archive cannot be written, or if the
        library is not installed.
    """
    if Path(archive).suffix != ".zip":
        raise InputError(f"{archive} must end in .zip")
    records = verified(results)
    crate = _empty(name, license_text)
    files = _Files(crate)
    for record in records:
        _add_job(crate, files, record)
    with atomic(archive) as partial:
        crate.write_zip(partial)
    return len(files.known)


def _empty(name: str, license_text: str) -> Any:  # noqa: ANN401 (the library has no types)
    try:
        from rocrate.rocrate import ROCrate  # here, as an optional package
    except ImportError as error:
        raise InputError("a crate takes the package rocrate, which is not installed (the extra `archive`)") from error
    crate = ROCrate(version="1.1")
    crate.name = name
    crate.description = "What each unit of image classifiers does, and why they decided what they did: by lucidag."
    crate.license = license_text
    crate.metadata.extra_contexts.append(TERMS)
    profile = {"@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"}
    crate.root_dataset["conformsTo"] = _context(crate, PROFILE, profile)
    return crate


class _Files:
    """The files of a crate, each added once."""

    def __init__(self, crate: Any) -> None:  # noqa: ANN401
        self.crate = crate
        self.known: dict[str, Any] = {}

    def add(self, results: Path, path: str, checksum: Checksum) -> Any:  # noqa: ANN401
        """Return the entity of a result, by its path from the folder of results."""
        if path not in self.known:
            kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
            about = {"sha256": checksum.sha256, "contentSize": str(checksum.size), "encodingFormat": kind}
            self.known[path] = self.crate.add_file(results / path, path, properties=about)
        return self.known[path]


def _add_job(crate: Any, files: _Files, record: Record) -> None:  # noqa: ANN401
    words, inside = record.words, record.file.relative_to(record.results).as_posix()
    about = files.add(record.results, inside, Checksum.of(record.file))
    results = [files.add(record.results, path, each) for path, each in record.outputs.items() if _there(record, path)]
    objects = [_input(crate, files, record, path, each) for path, each in words["inputs"].items()]
    objects += [_other(crate, path, each) for path, each in words["files"].items()]
    name = " ".join([words["rule"], *words["wildcards"].values()])
    action = crate.add_action(
        _instrument(crate), f"#{quote(inside)}", objects, results, {"name": name, "subjectOf": {"@id": about.id}}
    )
    crate.root_dataset.append_to("mentions", action)


def _there(record: Record, path: str) -> bool:
    """Return whether an output is there: shards are gone once they are joined."""
    return (record.results / path).is_file()


def _input(crate: Any, files: _Files, record: Record, path: str, words: dict[str, Any]) -> Any:  # noqa: ANN401
    """Return the entity of a result that a job read; of one that is gone, what is known of it."""
    if _there(record, path):
        return files.add(record.results, path, Checksum.read(words))
    return _other(crate, path, words)


def _other(crate: Any, path: str, words: dict[str, Any]) -> Any:  # noqa: ANN401
    """Return the entity of a file that is no part of the crate."""
    told = {"@type": "CreativeWork", "name": path, "sha256": words["sha256"], "size": f"{words['bytes']} bytes"}
    return _context(crate, f"#not-included/{words['sha256'][:12]}/{quote(path)}", told)


def _instrument(crate: Any) -> Any:  # noqa: ANN401
    told = {"@type": "SoftwareApplication", "name": "lucidag", "version": __version__}
    return _context(crate, "#lucidag", told)


def _context(crate: Any, identifier: str, properties: dict[str, Any]) -> Any:  # noqa: ANN401
    from rocrate.model.contextentity import ContextEntity

    return crate.get(identifier) or crate.add(ContextEntity(crate, identifier, properties=properties))
