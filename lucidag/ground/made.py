"""What made the outputs of a job: one record of it, written when they are there (`lucidag.ground.records`).

Nothing in a record differs between two runs that make the same bytes: no time, no host, no path of the checkout. What
differs (when, where, of which revision of the code) is a line in the job's log.
"""

import platform
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lucidag import __version__
from lucidag.ground.checksums import Checksum
from lucidag.ground.files import write_json
from lucidag.ground.plain import plain, seeds_in
from lucidag.ground.records import differing, place

Sums = Mapping[str, Checksum]
MOST_FILES = 100  # of the user's own that are told one by one


def record_of(
    rule: str,
    wildcards: Mapping[str, str],
    params: Mapping[str, Any],
    inputs: tuple[Sums, Sums],
    outputs: Mapping[str, Checksum | None],
    log: str,
    device: str | None,
) -> dict[str, Any]:
    """Return what a record says.

    Parameters
    ----------
    rule, wildcards
        Which job it is.
    params
        Of the job: ``settings``, ``code`` (`lucidag.ground.provenance`), and what it has besides.
    inputs
        Results, by their paths from the folder of results, and other files, by the paths that the job has of them.
    outputs
        By their paths from the folder of results; None of one that differs from run to run.
    log
        Path from the folder of results.
    device
        What a network ran on, if one did.
    """
    results, files = inputs
    code: Mapping[str, str] = params.get("code", {})
    settings = plain(params.get("settings", {}))
    packages = {name: word for name, word in code.items() if " " in word}  # a digest has no space, a version one
    more = {name: plain(value) for name, value in params.items() if name not in ("settings", "code")}
    return {
        "rule": rule,
        "wildcards": dict(wildcards),
        "outputs": {path: each.words() if each is not None else None for path, each in sorted(outputs.items())},
        "inputs": {path: each.words() for path, each in sorted(results.items())},
        "files": few(files),
        "settings": settings,
        **({"more": more} if more else {}),
        "seeds": dict(seeds_in(settings)),
        "device": device,
        "code": {name: word for name, word in code.items() if name not in packages},
        "packages": packages,
        "python": platform.python_version(),
        "lucidag": __version__,
        "log": log,
    }


def few(files: Sums) -> dict[str, Any]:
    """Return the checksums of the user's own files; of more than `MOST_FILES` their number and one checksum of all."""
    told = sorted(files.items())
    if len(told) <= MOST_FILES:
        return {path: each.words() for path, each in told}
    return {"all": {"files": len(told), **Checksum.of_all(told).words()}}


def write_record(results: Path, record: Mapping[str, Any], sums: Sums) -> None:
    """Write a record, and beside the log the checksums of outputs that differ from run to run."""
    if sums:
        write_json(differing(results / record["log"]), {path: each.words() for path, each in sums.items()})
    write_json(place(results, record["rule"], record["outputs"]), record)


def when_and_where() -> str:
    """Say what differs from run to run: the time, and the revision of the project where it is under git."""
    revision = ""
    with suppress(OSError, subprocess.SubprocessError):
        asked = ["git", "-C", str(Path(__file__).resolve().parents[2]), "rev-parse", "HEAD"]
        done = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=10)
        revision = f", revision {done.stdout.strip()}"
    return f"made {datetime.now(UTC).isoformat(timespec='seconds')}{revision}"
