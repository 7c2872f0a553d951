"""The nearest valid spelling of a name that does not exist."""

import difflib
from collections.abc import Collection, Iterable
from pathlib import Path

from lucidag.ground.errors import InputError

MOST = 40
LONGEST = 200  # characters of a name that is quoted; a longer one is near to none


def nearest(name: str, allowed: Iterable[str]) -> str:
    """Give `" (did you mean 'x'?)"` for the nearest of `allowed`, or an empty string if none is near."""
    known = {option.lower(): option for option in allowed}
    near = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.6) if len(name) <= LONGEST else []
    return f" (did you mean '{known[near[0]]}'?)" if near else ""


def unknown(what: str, name: str, allowed: Iterable[str]) -> str:
    """Give the sentence for a name that is none of `allowed`; of very many it lists the first.

    >>> unknown("column", "patch", ["patches", "label"])
    "column 'patch' does not exist (did you mean 'patches'?); there are: patches, label"
    """
    options = list(allowed)
    listed = ", ".join(options[:MOST]) + (f", … ({len(options)} in all)" if len(options) > MOST else "")
    shown = name if len(name) <= LONGEST else f"{name[:LONGEST]}…"
    return f"{what} '{shown}' does not exist{nearest(name, options)}; there are: {listed}"


def check_known(what: str, name: str, allowed: Collection[str], where: str | Path = "") -> None:
    """Stop at a name that is none of `allowed`.

    Raises
    ------
    InputError
        The sentence of `unknown`, behind the file or key in which the name stands.
    """
    if name not in allowed:
        raise InputError(f"{where}: {unknown(what, name, allowed)}" if where else unknown(what, name, allowed))
