"""Which file a cell of a table means: it may lack the suffix, or be written as on another system. No image is opened.

Standard library only, as far as suffixes go.
"""

import os
import posixpath
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PureWindowsPath

from lucidag.data.walk import is_image
from lucidag.ground.errors import InputError
from lucidag.ground.files import is_file

SLASHES = "paths with \\ are read with /"
SPELT = "names are taken that are spelt otherwise in the folder"
SUFFIXED = "names without a suffix are taken for the only image of that name"


@dataclass(frozen=True)
class Found:
    """A file: its path below its root with forward slashes, and as it can be opened from the working directory."""

    relative: str
    path: str


@dataclass
class Finder:
    """Find the files of a table.

    Attributes
    ----------
    roots
        The folders that paths start from; each file lies below one of them.
    suffix
        What names of images lack in the table; None: it is looked for.
    guesses, examples
        How many names were not taken as they are, by what was done, and the first of each.
    """

    roots: Sequence[Path]
    suffix: str | None = None
    guesses: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    _folders: dict[str, list["_Folder"]] = field(default_factory=dict)

    def find(self, cell: str) -> Found:
        """Find the file that a cell names; one that is not there is taken to be below the first root.

        The name is looked for as it is; with `/` for each backslash; with `suffix`; with other capital letters or
        another form of Unicode; and, where `suffix` is None, as the name of an image without its suffix.

        Raises
        ------
        InputError
            If several files could be meant, the path is one of another computer, or it is an address.
        """
        if "\\" in cell:
            as_it_is = self._among(cell, _Folder.exact)
            if as_it_is:
                return as_it_is
            self._guess(SLASHES, cell)
            slashed = cell.replace("\\", "/")
        else:
            slashed = cell
        found = self._among(slashed, _Folder.exact)
        wanted = slashed + (self.suffix or "")
        found = found or (self._among(wanted, _Folder.exact) if self.suffix else None)
        if found is None and (found := self._among(wanted, _Folder.spelt)):
            self._guess(SPELT, f"{posixpath.basename(found.relative)} for {cell}")
        if found is None and self.suffix is None and (found := self._among(slashed, _Folder.suffixed)):
            self._guess(SUFFIXED, f"{posixpath.basename(found.relative)} for {cell}")
        if found is None:
            self._check_foreign(cell, wanted)
            found = Found(_below(wanted, self.roots), (self.roots[0] / wanted).as_posix())
        return found

    def notes(self) -> list[str]:
        """Say what was done, in sentences."""
        return [f"{what} ({number}, such as {self.examples[what]})" for what, number in self.guesses.items()]

    def _among(self, cell: str, names: Callable[["_Folder", str], Sequence[str]]) -> Found | None:
        """Give the one file of some names in the folder of a cell, below any root."""
        above, slash, name = cell.rpartition("/")
        above += slash
        if above not in self._folders:
            self._folders[above] = [_Folder(root / above, _below(above, self.roots)) for root in self.roots]
        found = [folder.file(each) for folder in self._folders[above] for each in names(folder, name)]
        if len(found) > 1:
            found = list({os.path.normpath(each.path): each for each in reversed(found)}.values())[::-1]
        if len(found) > 1:
            paths = " and as ".join(each.path for each in found)
            same = len({posixpath.dirname(each.path) for each in found}) == 1
            remedy = "give `suffix`" if same else "name one `root`"
            raise InputError(f"'{cell}' is there as {paths}; {remedy}, or write the whole path")
        return found[0] if found else None

    def _guess(self, what: str, example: str) -> None:
        self.guesses[what] += 1
        self.examples.setdefault(what, example)

    def _check_foreign(self, cell: str, wanted: str) -> None:
        """Stop at an address, and at a path from the root of a system that leads nowhere: what would it be here?"""
        if "://" in cell:
            raise InputError(f"'{cell}' is an address: download the images, and write where they are")
        drive = PureWindowsPath(wanted).drive
        if not drive and not wanted.startswith("/"):
            return
        parts = [part for part in wanted[len(drive) :].split("/") if part]
        ends = ("/".join(parts[start:]) for start in range(len(parts)))
        here = next((end for end in ends if any(is_file(root / end) for root in self.roots)), None)
        write = f"write '{here}'" if here else "write it as it is seen from the table's folder, or from `root`"
        raise InputError(f"'{cell}' starts at the top of a computer and is not there; {write}")


@dataclass(frozen=True)
class _Folder:
    """The files in one folder; `below` is what comes before a name as it is seen from the root."""

    path: Path
    below: str

    def file(self, name: str) -> Found:
        return Found(f"{self.below}{name}", f"{self._before}{name}")

    def exact(self, name: str) -> Sequence[str]:
        return [name] if name in self._names else []

    def spelt(self, name: str) -> Sequence[str]:
        return self._by_spelling.get(_folded(name), [])

    def suffixed(self, name: str) -> Sequence[str]:
        return self._by_stem.get(_folded(name), [])

    @cached_property
    def _before(self) -> str:
        return (self.path / "x").as_posix()[:-1]

    @cached_property
    def _names(self) -> frozenset[str]:
        try:
            with os.scandir(self.path) as entries:
                return frozenset(entry.name for entry in entries if entry.is_file())
        except OSError:
            return frozenset()

    @cached_property
    def _by_spelling(self) -> dict[str, list[str]]:
        return _grouped(self._names, _folded)

    @cached_property
    def _by_stem(self) -> dict[str, list[str]]:
        return _grouped(filter(is_image, self._names), lambda name: _folded(posixpath.splitext(name)[0]))


def _grouped(names: "frozenset[str] | filter[str]", key: Callable[[str], str]) -> dict[str, list[str]]:
    found = defaultdict(list)
    for name in sorted(names):
        found[key(name)].append(name)
    return found


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _below(path: str, roots: Sequence[Path]) -> str:
    """Give a path as it is seen from its root, where it lies below one: ids must not depend on what is above."""
    if not path.startswith("/"):
        return path
    for base in (root.absolute().as_posix().rstrip("/") + "/" for root in roots):
        if path.startswith(base):
            return path.removeprefix(base)
    return path
