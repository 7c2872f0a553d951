"""What made the files that the page shows: each job once, and each value once, however many jobs have it."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lucidag.ground.digest import DIGITS
from lucidag.ground.plain import plain
from lucidag.ground.records import place

MOST = 20_000  # letters of a value that the page is told; a longer one stands in the record


@dataclass(frozen=True)
class Origin:
    """A job as the plan knows it.

    Attributes
    ----------
    rule
        As its folder of logs is called.
    wildcards
        Of the names of its files.
    settings, code
        What it is told, and the fingerprint of its code (`lucidag.ground.provenance`).
    outputs
        All that it writes, from the folder of results.
    files
        What of that the page shows.
    """

    rule: str
    wildcards: Mapping[str, str]
    settings: Mapping[str, Any]
    code: Mapping[str, str]
    outputs: tuple[str, ...]
    files: tuple[str, ...]


def code_digest(code: Mapping[str, str]) -> str:
    """Return the first digits of one digest of a fingerprint: of script, modules and versions of packages."""
    return hashlib.sha256(json.dumps(code, sort_keys=True).encode()).hexdigest()[:DIGITS]


def origins(jobs: Iterable[Origin]) -> dict[str, Any]:
    """Return what the job that writes the page is told of others.

    Returns
    -------
    dict
        ``values``: JSON texts of settings, each once; one above `MOST` letters stands in the record. ``packages``:
        sets of versions, each once. ``jobs``: of each its ``rule``, ``of`` (its wildcards), ``code``, ``packages`` (the
        place of its set), ``settings`` (key to the place of its value), ``record`` (from the folder of results) and
        ``files``.
    """
    values: dict[str, int] = {}
    packages: dict[str, int] = {}
    told = []
    for job in jobs:
        settings = {key: _short(_text(value)) for key, value in plain(job.settings).items()}
        versions = _text(sorted(word for word in job.code.values() if " " in word))  # a digest has no space
        told.append(
            {
                "rule": job.rule,
                "of": dict(job.wildcards),
                "code": code_digest(job.code),
                "packages": packages.setdefault(versions, len(packages)),
                "settings": {key: values.setdefault(text, len(values)) for key, text in settings.items()},
                "record": place(Path(), job.rule, job.outputs).as_posix(),
                "files": list(job.files),
            }
        )
    return {"values": list(values), "packages": [json.loads(text) for text in packages], "jobs": told}


def _short(text: str) -> str:
    return text if len(text) <= MOST else _text(f"{len(text):,} letters: see the record")


def _text(value: Any) -> str:  # noqa: ANN401 (JSON)
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
