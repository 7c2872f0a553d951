"""The results that an atlas may read: those that it names, and no others that lie beside them."""

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from lucidag.ground.files import read_json
from lucidag.ground.tables import read_table


class Results:
    """A folder of results.

    Parameters
    ----------
    folder
        Where the results lie.
    files
        What may be read, relative to it; anything else is as if it were not there.
    """

    def __init__(self, folder: str | Path, files: Iterable[str]) -> None:
        self.folder = Path(folder)
        self._files = frozenset(files)

    def has(self, file: str) -> bool:
        """Tell whether a file may be read."""
        return file in self._files

    def table(self, file: str) -> pd.DataFrame | None:
        """Read a table; None if it is not among the results."""
        return read_table(self.folder / file) if self.has(file) else None

    def json(self, file: str) -> Any:  # noqa: ANN401 (JSON)
        """Read JSON; None if it is not among the results."""
        return read_json(self.folder / file) if self.has(file) else None

    @cached_property
    def bytes(self) -> int:
        """How many bytes may be read."""
        return sum((self.folder / file).stat().st_size for file in self._files)
