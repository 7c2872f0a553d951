"""What the jobs of a run have read, as `tests/seen.py` keeps it."""

import csv
import json
from collections import defaultdict
from pathlib import Path

from lucidag.ground.records import FOLDER

CODE = {".py", ".pyc", ".js", ".css", ".j2"}  # the fingerprint of the code watches these, or a digest in settings


def rules_seen(folder: Path) -> set[str]:
    """Give the rules whose jobs were watched."""
    return {job["rule"] for job in _jobs(folder)}


def undeclared(folder: Path) -> dict[str, list[str]]:
    """Give, by rule, the files of a project that jobs have read and their rule does not name.

    Left out are code, what Snakemake itself wrote, what a manifest among the inputs has a digest of, what the job
    itself keeps from run to run under the folders called ``.cache``, by content, and records of other jobs.
    """
    found: dict[str, set[str]] = defaultdict(set)
    for job in _jobs(folder):
        named = {*job["input"], *job["output"], *job["log"]}
        manifests = [path for path in job["input"] if path.endswith("/manifest.csv")]
        named |= {file for path in manifests for file in _digested(Path(path), folder)}
        for file in set(job["opened"]) - named:
            path = Path(file)
            if not path.is_relative_to(folder) or path.suffix in CODE or not path.is_file():
                continue
            parts = path.relative_to(folder).parts
            beside = any(name.startswith(f"{file}/") or Path(name).is_relative_to(path) for name in named)
            kept = parts[0] in (".snakemake", ".reads", ".venv", ".git") or not {".cache", FOLDER}.isdisjoint(parts)
            if not kept and not beside:
                found[job["rule"]].add(str(Path(*parts)))
    return {rule: sorted(files) for rule, files in found.items()}


def _jobs(folder: Path) -> list[dict]:
    return [json.loads(file.read_text()) for file in sorted((folder / ".reads").glob("*.json"))]


def _digested(manifest: Path, folder: Path) -> set[str]:
    with manifest.open(encoding="utf-8") as handle:
        return {str(folder / row[key]) for row in csv.DictReader(handle) for key in ("path", "mask") if row[key]}
