"""The result tables that measures read, by kind and name."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from lucidag.claims.found import PUBLISHED, Need, NotMeasuredError
from lucidag.ground.files import read_json
from lucidag.ground.tables import read_table

Made = TypeVar("Made")


class Reader:
    """Reads each table once.

    Parameters
    ----------
    files
        By `Need.key`, the files of it that are there.
    results
        The folder of results, which is left out where a file is named.
    """

    def __init__(self, files: Mapping[str, list[str]], results: str) -> None:
        self._files, self._results = files, results
        self._table, self._json = cache(read_table), cache(read_json)
        self._published = cache(_published)
        self._made: dict[str, Any] = {}

    def table(self, need: Need) -> pd.DataFrame:
        """Return a table."""
        return self._table(self.paths(need)[0])

    def json(self, need: Need) -> Any:  # noqa: ANN401 (JSON)
        """Return what a JSON file holds."""
        return self._json(self.paths(need)[0])

    def records(self, need: Need) -> dict[str, Any]:
        """Return, by image, what the JSON files of a method hold."""
        return {Path(path).stem: self._json(path) for path in self.paths(need)}

    def published(self, need: Need) -> pd.DataFrame:
        """Return a table of labels that was published: ``layer``, ``unit``, ``description``, ``similarity``."""
        return self._published(self.paths(need)[0])

    def once(self, name: str, make: Callable[[], Made]) -> Made:
        """Return what `make` gives, made only the first time that a name is asked for: for what takes seconds."""
        if name not in self._made:
            self._made[name] = make()
        made: Made = self._made[name]
        return made

    def paths(self, need: Need) -> list[str]:
        """Return the files.

        Raises
        ------
        NotMeasuredError
            If there is none.
        """
        found = self._files.get(need.key)
        if not found:
            raise NotMeasuredError(f"there is no {need.kind} of '{need.name}'")
        return found

    def shown(self, need: Need) -> str:
        """Return the path as the ledger names it: under the folder of results, or as it was given."""
        path = self.paths(need)[0]
        return path.removeprefix(f"{self._results}/")


def _published(path: str) -> pd.DataFrame:
    columns = {"layer": str, "unit": int, "description": str, "similarity": float}
    table = pd.read_csv(path, keep_default_na=False, dtype=columns)
    for column in columns:
        if column not in table.columns:
            raise NotMeasuredError(f"{path} has no column '{column}'")
    return table


def by_key(paths: Sequence[str], whose: Mapping[str, int], published: Iterable[str]) -> dict[str, list[str]]:
    """Return files by `Need.key`.

    Parameters
    ----------
    paths
        Files, those of one key side by side.
    whose
        By key, in the same order, how many.
    published
        Tables beside the results that are there.
    """
    ends = list(accumulate(whose.values(), initial=0))
    found = {key: list(paths[start:end]) for key, start, end in zip(whose, ends, ends[1:], strict=False)}
    return found | {Need(PUBLISHED, name).key: [name] for name in published}
