"""The results that a page may show: some files in one folder, each read when it is asked for."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from lucidag.ground.files import read_json
from lucidag.ground.tables import read_table


class Results:
    """Files of results by their paths in the folder of results; what is not among them is not there.

    Parameters
    ----------
    folder
        The folder of results.
    files
        Paths in it; None takes all that lie there.
    """

    def __init__(self, folder: str | Path, files: Iterable[str] | None = None) -> None:
        self.folder = Path(folder)
        if files is None:
            files = (str(file.relative_to(folder)) for file in self.folder.rglob("*") if file.is_file())
        self.files = frozenset(files)
        self._tables: dict[str, pd.DataFrame] = {}

    def has(self, *files: str) -> bool:
        """Tell whether all of these are there."""
        return self.files.issuperset(files)

    def path(self, file: str) -> Path:
        """Return where a file lies."""
        return self.folder / file

    def named(self, pattern: str) -> list[str]:
        """Return what stands for ``{}`` in the files of this pattern, sorted; it holds no slash."""
        regex = re.compile(re.escape(pattern).replace(r"\{\}", "([^/]+)"))
        return sorted(match[1] for file in self.files if (match := regex.fullmatch(file)))

    def under(self, folder: str) -> list[str]:
        """Return the files below a folder, sorted."""
        return sorted(file for file in self.files if file.startswith(f"{folder}/"))

    def named_folders(self, folder: str) -> list[str]:
        """Return the folders in a folder, sorted."""
        rest = (file[len(folder) + 1 :] for file in self.under(folder))
        return sorted({name.split("/")[0] for name in rest if "/" in name})

    def table(self, file: str) -> pd.DataFrame | None:
        """Read a table; None where it is not there."""
        if not self.has(file):
            return None
        if file not in self._tables:
            self._tables[file] = read_table(self.path(file), words=file.endswith("manifest.csv"))
        return self._tables[file]

    def json(self, file: str) -> Any:  # noqa: ANN401 (JSON is what json gives)
        """Read JSON; None where it is not there."""
        return read_json(self.path(file)) if self.has(file) else None
