"""What a folder source consists of: its images, and what is known of each. Standard library only."""

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lucidag.data.ids import make_ids


@dataclass(frozen=True)
class Entry:
    """One image of a source.

    Attributes
    ----------
    relative
        Its path relative to the source's root, with forward slashes.
    path, mask
        The files as they can be opened from the working directory; `mask` is empty where there is none.
    label
        Its class name.
    split, id
        Its split and the id of what it belongs to; None where the source does not say.
    line
        Its line in the CSV file; None in folders.
    other
        The further columns of the CSV file.
    """

    relative: str
    path: str
    label: str
    split: str | None = None
    mask: str = ""
    id: str | None = None
    line: int | None = None
    other: Mapping[str, str] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """The image in words, with its line where it has one."""
        return self.relative if self.line is None else f"{self.relative} (line {self.line})"


@dataclass(frozen=True)
class Listing:
    """What a source consists of.

    Attributes
    ----------
    entries
        Its images: in the order of the CSV file; of folders by split, and sorted by path.
    of_table
        Whether a CSV file lists them.
    left_out
        How many files or images are left out, by reason.
    notes
        What was left out or guessed, in sentences.
    classes
        The classes in their order, where the file has a column for each; None where their names decide.
    """

    entries: list[Entry]
    of_table: bool
    left_out: Mapping[str, int] = field(default_factory=dict)
    notes: Sequence[str] = ()
    classes: Sequence[str] | None = None

    def files(self) -> list[str]:
        """Give the image and mask files, each once; a CSV file itself is not among them."""
        files = [entry.path for entry in self.entries] + [entry.mask for entry in self.entries if entry.mask]
        return list(dict.fromkeys(files))


def image_ids(found: Sequence[Entry]) -> list[str]:
    """Give the images of a source their ids, see `lucidag.data.ids.make_ids`."""
    return make_ids([posixpath.normpath(entry.relative) for entry in found])
