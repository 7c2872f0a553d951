"""A user's own image files as a data source."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field

from lucidag.data.entry import Entry, Listing, image_ids
from lucidag.data.known import check_listing
from lucidag.data.leaks import owner_notes, telling_notes
from lucidag.data.listing import list_images
from lucidag.data.order import class_order
from lucidag.data.source import DataSource, Known, Source, Splits
from lucidag.data.table import Reading, check_header
from lucidag.data.table_keys import (
    DELIMITER_MEANS,
    ENCODING_MEANS,
    Columns,
    Delimiter,
    Encoding,
    Join,
    Names,
    Suffix,
    sign,
)
from lucidag.ground.errors import InputError
from lucidag.ground.files import is_file, is_folder
from lucidag.ground.section import Split


class Folder(DataSource):
    """Images of your own: a CSV that lists them, or a folder with one sub-folder per class."""

    arrays = False
    resources: ClassVar[Mapping[str, int]] = {"mem_mb": 4000, "runtime": 120}

    path: str = Field(description="The CSV, or the folder (`class/…`, `split/class/…` or `class/split/…`).")
    root: Names | None = Field(
        default=None, description="Folder, or folders, that the CSV's paths start from; default: the CSV's."
    )
    suffix: Suffix | None = Field(
        default=None,
        description="What names of images lack in the CSV, such as `.jpg`; default: found by looking into the folder.",
    )
    delimiter: Delimiter | None = Field(default=None, description=DELIMITER_MEANS)
    encoding: Encoding | None = Field(default=None, description=ENCODING_MEANS)
    join: list[str | Join] = Field(
        default=[], description="Further CSVs whose columns are added, as of labels or patients: paths, or with a key."
    )
    columns: Columns = Field(default=Columns(), description="Names of the CSV's columns.")
    classes: list[str] | str | None = Field(
        default=None,
        description="Classes in order, each with an image; or a text file with one name per line, where a foreign "
        "network knows more of them. Default: those found; whole numbers in a CSV sort as numbers, all else as text.",
    )
    split_names: dict[Split, list[str]] | None = Field(
        default={},
        description="Names that folders, or cells of the CSV's split column, have for a split beside the usual ones "
        "(`Training`, `valid`, `dev`, …; in any case); null: no folder is a split.",
    )
    leave_out: list[str] = Field(
        default=[], description="Names (or patterns such as `*_seg.png`) of files and folders that are no part of it."
    )
    splits: Splits | None = Field(
        default=Splits(), description="Shares, where the images have no splits of their own; null: they must have."
    )
    track: Literal["images", "table"] = Field(
        default="images",
        description="What makes the data set stale: any changed image, or the CSV (for very many images).",
    )

    def load(self, threads: int = 4) -> Source:
        """Check every image and mask (`lucidag.data.folder.load`); raises as that and as `listing`."""
        from lucidag.data.folder import load

        listing = self.listing()
        shares = self.splits.model_dump() if self.splits else {}
        return load(self.path, listing, *self.order(listing), shares, self.seed, threads)

    def settings(self) -> dict[str, Any]:
        """Return the keys; a CSV has to be asked for the columns of groups, in any order."""
        values = {key: value for key, value in super().settings().items() if key != "track"}
        return {**values, "groups": sorted({*self.groups} - {"label"}), "columns": self.columns.named()}

    def files(self) -> list[str]:
        """Return the CSVs and the list of classes, and the images and masks where they are tracked."""
        joined = [each.path for each in self._reading.further]
        named = {"path": [self.path], "root": self._roots(), "join": joined}
        for key, path in ((key, path) for key, paths in named.items() for path in paths):
            if not (is_file(path) or is_folder(path)):
                raise InputError(f"{key}: '{path}' does not exist (seen from {Path.cwd().name}/)")
        table = [self.path, *joined] if is_file(self.path) else []
        names = [self.classes] if isinstance(self.classes, str) else []
        self.named_classes()  # whose sentences name their own key
        try:
            if table and self.track == "table":  # of millions of images, each start would read the table
                check_header(self.path, self.columns.named(), self._reading)
            images = self._listing.files() if self.track == "images" else []
        except InputError as error:
            raise InputError(f"path: {error}") from error
        for fault, wrong in (("that do not exist", _missing), ("that are empty", _empty)):
            bad = [file for file in images if wrong(file)]
            if bad:
                more = f" and {len(bad) - 3} more" if len(bad) > 3 else ""
                raise InputError(f"path: {self.path} names files {fault}: {', '.join(bad[:3])}{more}")
        return table + names + images

    def notes(self) -> list[str]:
        """Return what was left out or guessed, where the images are tracked: else a start would read all of the CSV."""
        if self.track == "table":
            return []
        found = self._listing.entries
        columns = {name: [entry.other[name] for entry in found] for name in found[0].other}
        splits = [entry.split for entry in found if entry.split is not None] or None
        doubts = [
            *owner_notes(columns, splits),
            *telling_notes(columns, [entry.label for entry in found]),
        ]
        return [*self._listing.notes, *self.order(self._listing)[1], *doubts]

    def image_ids(self) -> list[str]:
        """Return the ids that the files' names give."""
        return list(self._by_id)

    def known_images(self) -> Known:
        """Return what the folders or the CSV say of the images."""
        from lucidag.data.splits import owners_of, splits_of

        found = self._listing.entries
        splits = splits_of(found, self.splits.model_dump() if self.splits else {}, self.seed)
        return Known(self.image_ids(), [entry.label for entry in found], splits, owners_of(found))

    def known_digest(self) -> str:
        """Add what the folders or the CSV say of the images to the keys."""
        said = [(entry.relative, entry.label, entry.split, entry.id) for entry in self._listing.entries]
        return super().known_digest() + json.dumps(said)

    def known_classes(self) -> list[str]:
        """Return the classes that are listed, or else those of the images."""
        return list(self.named_classes() or self.order(self._listing)[0])

    def named_classes(self) -> list[str] | None:
        """Return the classes that are listed, here or in a file.

        Raises
        ------
        InputError
            If the file is missing, or a line of it is empty or repeats another; the sentence starts with the key.
        """
        return _read_names(self.classes) if isinstance(self.classes, str) else self.classes

    def image_rows(self, images: Sequence[str]) -> list[dict[str, str]]:
        """Return where the images and masks are, and their labels."""
        return [
            {"image": image, "path": entry.path, "mask": entry.mask, "label": entry.label}
            for image in images
            for entry in [self._by_id[image]]
        ]

    def listing(self) -> Listing:
        """Return the images and what is known of them without opening any.

        Raises
        ------
        InputError
            As `lucidag.data.listing.list_images` and `lucidag.data.known.check_listing`.
        """
        classes = self.named_classes()
        found = list_images(
            self.path,
            self._roots(),
            self.columns.named(),
            {str(split): names for split, names in (self.split_names or {}).items()},
            self.split_names is not None,
            self.leave_out,
            classes,
            self._reading,
        )
        all_occur = not isinstance(self.classes, str)
        doubts = check_listing(self.path, found, classes, all_occur, self.splits is not None, self.groups)
        return replace(found, notes=[*found.notes, *doubts])

    def order(self, listing: Listing) -> tuple[Sequence[str], list[str]]:
        """Return the classes in their order, and doubts about it: none where they are listed."""
        if named := self.named_classes():
            return named, []
        if listing.classes is not None:
            return listing.classes, []
        return class_order((entry.label for entry in listing.entries), listing.of_table)

    def _roots(self) -> list[str]:
        return [self.root] if isinstance(self.root, str) else self.root or []

    @property
    def _reading(self) -> Reading:
        further = [Join(path=each) if isinstance(each, str) else each for each in self.join]
        return Reading(sign(self.delimiter), self.encoding, self.suffix, tuple(each.further() for each in further))

    @cached_property
    def _listing(self) -> Listing:
        return self.listing()

    @cached_property
    def _by_id(self) -> dict[str, Entry]:
        return dict(zip(image_ids(self._listing.entries), self._listing.entries, strict=True))


def _missing(file: str) -> bool:
    return not is_file(file)


def _empty(file: str) -> bool:
    return Path(file).stat().st_size == 0


def _read_names(file: str) -> list[str]:
    try:
        names = Path(file).read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise InputError(f"classes: file '{file}' cannot be read: {reason}") from error
    first: dict[str, int] = {}
    for line, name in enumerate(names, start=1):
        if not name.strip():
            raise InputError(f"classes: {file}, line {line} is empty")
        if first.setdefault(name, line) != line:
            raise InputError(f"classes: {file}, line {line}: '{name}' is listed in line {first[name]} already")
    if not names:
        raise InputError(f"classes: {file} is empty")
    return names
