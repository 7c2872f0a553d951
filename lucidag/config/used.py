"""Which configuration a folder of results belongs to."""

from pathlib import Path

from lucidag.ground.files import write_json
from lucidag.ground.kept import kept_in, read_if_any


def _mark(results: str) -> Path:
    return kept_in(results) / "configuration.json"


def mark(results: str, source: str) -> None:
    """Write into the folder of results that a run of this configuration has begun."""
    write_json(_mark(results), {"file": source})


def used_by_another(results: str, source: str) -> str | None:
    """Return a sentence if the folder holds results of another configuration file, and None if it does not.

    Results of models and data sets of other names stay where they are; the report and whatever has the same name
    are made anew.
    """
    other = read_if_any(_mark(results)).get("file", source)
    if other == source:
        return None
    return (
        f"{source}: {results}/ holds results of {other}; what has the same name there, and the report, is made anew "
        "(give one of them a folder of its own by the key `results`)"
    )
