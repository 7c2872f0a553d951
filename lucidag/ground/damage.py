"""Results that are not what their jobs wrote: cut off, flipped, edited by hand. No job uses them."""

import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path

from lucidag.ground.checksums import Checksum
from lucidag.ground.errors import InputError
from lucidag.ground.records import DamagedRecordError, Records

MOST_NAMED = 10  # files in one sentence


def checked(paths: Iterable[str | Path], records: Records) -> dict[str, Checksum]:
    """Return the checksums of files, after comparing those that jobs wrote with what the jobs recorded.

    A file that no job recorded passes, as one of the user's own does; one that is missing is left out. Every file is
    read whole each time: what is kept beside size, time or number of a file would not see a change that keeps these.

    Raises
    ------
    InputError
        If any is not what its job wrote: which, and what to do.
    """
    found = {path: Checksum.of(path) for path in dict.fromkeys(map(str, paths)) if Path(path).is_file()}
    changed: dict[str, str] = {}
    broken: dict[str, None] = {}  # damaged records
    for path, checksum in found.items():
        try:
            why = difference(path, checksum, records)
        except DamagedRecordError as error:
            why = f"its record {error.file} is damaged"
            broken[str(error.file)] = None
        if why is not None:
            changed[path] = why
    if changed:
        raise InputError(sentence(changed, list(broken)))
    return found


def difference(path: str | Path, found: Checksum, records: Records) -> str | None:
    """Say how a file differs from what its job recorded; None if it does not, or if no job recorded it.

    Raises
    ------
    DamagedRecordError
        If what was recorded of it cannot be read.
    """
    expected = records.expected(path)
    return expected.difference(found) if expected is not None else None


def damaged(path: str | Path, records: Records) -> bool:
    """Return whether a file that is there is not what its job wrote."""
    try:
        return difference(path, Checksum.of(path), records) is not None
    except DamagedRecordError:
        return True


def sentence(changed: Mapping[str, str], records: Iterable[str] = ()) -> str:
    """Return what is to be said of files that are not what their jobs wrote.

    Parameters
    ----------
    changed
        File to what is known of the change.
    records
        Damaged records, to be removed with them.
    """
    first, *others = changed
    more = f" and {len(others)} more" if others else ""
    whose = "are not what their jobs wrote" if others else "is not what its job wrote"
    return f"{first}{more} {whose} ({changed[first]}): {removal([*records, *changed])} and run again"


def removal(files: list[str]) -> str:
    """Return the command that removes files; of many the first.

    >>> removal(["results/a b.csv", "results/c.csv"])
    "rm 'results/a b.csv' results/c.csv"
    """
    words = [shlex.quote(file) for file in files[:MOST_NAMED]]
    return " ".join(["rm", *words, *(["…"] if len(files) > MOST_NAMED else [])])
