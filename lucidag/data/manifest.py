"""The table of a data set's images: the seam between the data sources and everything that reads them."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lucidag.data.ids import is_safe, same_file
from lucidag.data.roles import RESERVED, SPLITS
from lucidag.ground.errors import InputError
from lucidag.ground.files import read_json, write_json
from lucidag.ground.spelling import check_known, nearest, unknown
from lucidag.ground.statistics.stratified import drawn
from lucidag.ground.tables import read_table, write_table
from lucidag.ground.tensors import write_tensors

ARRAYS = "images.safetensors"
LABEL_MAPS = "concepts.safetensors"  # where the images themselves are files
CONCEPT_PREFIX = "concepts."  # before the category, in the names of the arrays
ID = "id"  # the column of patients or lesions
SAFE_CATEGORY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


def together(table: pd.DataFrame) -> list[str]:
    """Say which images stand or fall together, by rows of a manifest: the ``id`` where there is one, else the image."""
    images = [f"image {image}" for image in table["image"]]
    return [own or image for own, image in zip(table[ID], images, strict=True)] if ID in table else images


@dataclass(frozen=True)
class Manifest:
    """The images of a data set.

    Attributes
    ----------
    folder
        The folder with ``manifest.csv``, ``dataset.json`` and, for array sources, ``images.safetensors``; for files
        with label maps, ``concepts.safetensors``.
    table
        One row per image, every column a string, index 0..N-1.
    classes
        The class names; their order gives the class indices.
    concepts
        The names of the concepts by category, in the order of their numbers 1, 2, ... in the label maps; empty
        where there are no label maps.
    """

    folder: Path
    table: pd.DataFrame
    classes: tuple[str, ...]
    concepts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def file(self) -> Path:
        """The path of the table itself."""
        return self.folder / "manifest.csv"

    @property
    def metadata(self) -> tuple[str, ...]:
        """The metadata columns, in the order of the table."""
        return tuple(column for column in self.table.columns if column not in RESERVED)

    def splits(self) -> tuple[str, ...]:
        """Give the splits that have images, in the order train, val, test."""
        present = set(self.table["split"])
        return tuple(split for split in SPLITS if split in present)

    def rows(self, split: str) -> NDArray[np.int64]:
        """Give the row numbers of `split`, ascending.

        Raises
        ------
        InputError
            If no image is in `split`.
        """
        found = np.flatnonzero((self.table["split"] == split).to_numpy()).astype(np.int64)
        if found.size == 0:
            raise InputError(f"{self.file}: no image is in split '{split}'; there are: {', '.join(self.splits())}")
        return found

    def rows_named(self, images: Sequence[str]) -> NDArray[np.int64]:
        """Give the rows of images by their ids, in this order."""
        known = pd.Series(np.arange(len(self.table)), index=self.table["image"])
        return known.loc[list(images)].to_numpy(dtype=np.int64)

    def rows_of(self, splits: Sequence[str]) -> NDArray[np.int64]:
        """Give the rows of some splits, ascending; a split that the data set does not have adds none.

        Raises
        ------
        InputError
            If none of the splits has an image.
        """
        present = [split for split in splits if split in self.splits()]
        if not present:
            have = ", ".join(self.splits())
            raise InputError(f"{self.file}: no image is in splits {', '.join(splits)}; there are: {have}")
        return np.sort(np.concatenate([self.rows(split) for split in present]))

    def owners(self) -> list[str] | None:
        """Give the patient or lesion of each image, the image itself where none is known; None where none has any."""
        return together(self.table) if ID in self.table.columns else None

    def drawn(self, rows: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
        """Order rows at random, of each patient or lesion one: see `lucidag.ground.statistics.stratified.drawn`."""
        owners = self.owners()
        own = None if owners is None else [owners[row] for row in rows]
        return rows[drawn(self.table["label"].iloc[rows].tolist(), seed, own)]

    def labels(self) -> NDArray[np.int64]:
        """Give the N class indices.

        Raises
        ------
        InputError
            If a label is none of the classes.
        """
        codes = pd.Index(self.classes).get_indexer(pd.Index(self.table["label"]))
        if (codes < 0).any():
            row = int(np.flatnonzero(codes < 0)[0])
            label = self.table["label"].iloc[row]
            raise InputError(
                f"{self.file}, image '{self.table['image'].iloc[row]}': " + unknown("class", label, self.classes)
            )
        return codes.astype(np.int64)

    def groups(self, columns: Sequence[str]) -> tuple[NDArray[np.int64], tuple[str, ...]]:
        """Give the group of every image: the product of `columns`.

        Parameters
        ----------
        columns
            ``label``, ``true_label`` or metadata columns; none of them makes one group, ``all``.

        Returns
        -------
        codes, names
            N indices into `names`; names such as ``label=malignant&patches=0``, sorted, only
            combinations that occur.

        Raises
        ------
        InputError
            If a column does not exist, or two groups would have one name.
        """
        if not columns:
            return np.zeros(len(self.table), dtype=np.int64), ("all",)
        allowed = [c for c in self.table.columns if c in ("label", "true_label") or c in self.metadata]
        for column in columns:
            check_known("group column", column, allowed, self.file)
        values = list(zip(*(self.table[column] for column in columns), strict=True))
        combined = ["&".join(f"{c}={v}" for c, v in zip(columns, row, strict=True)) for row in values]
        if len(set(combined)) < len(set(values)):
            raise InputError(
                f"{self.file}: two groups of {', '.join(columns)} would have one name, as values hold '&' and '='"
            )
        names, codes = np.unique(np.array(combined, dtype=object).astype(str), return_inverse=True)
        return codes.reshape(-1).astype(np.int64), tuple(str(name) for name in names)


def write_manifest(
    folder: str | Path,
    table: pd.DataFrame,
    classes: Sequence[str],
    images: NDArray[np.uint8] | None = None,
    masks: NDArray[np.uint8] | None = None,
    concepts: Mapping[str, NDArray[np.uint8]] | None = None,
    concept_names: Mapping[str, Sequence[str]] | None = None,
    irregularities: Mapping[str, int] | None = None,
    notes: Sequence[str] = (),
) -> None:
    """Write ``manifest.csv``, ``dataset.json`` and the arrays: ``images.safetensors``, or ``concepts.safetensors``.

    The table goes last, so that a complete ``manifest.csv`` means that the others are there. Its column
    ``digest`` is computed here from the bytes of each image, followed by those of its mask and its label maps.

    Parameters
    ----------
    folder
        Where to, usually ``results/data/{dataset}``.
    table, classes, images, masks, concepts, concept_names, irregularities, notes
        See `lucidag.data.source.Source`. Values of the table become strings. Label maps are stored as
        ``concepts.{category}``: in ``images.safetensors``, or in ``concepts.safetensors`` where the images are files
        (which all have one size then). The ids stand in the metadata of the arrays.

    Raises
    ------
    InputError
        If ids repeat or are not safe as file names, a label or a split is unknown, arrays and table
        do not fit together, a label map has a number without a name, or a file cannot be read.
    """
    folder = Path(folder)
    ordered = _ordered(table, images is not None, masks is not None)
    _check(folder / "manifest.csv", ordered, classes, images, masks)
    shape = None if images is None else images.shape[:3]
    _check_concepts(folder / "manifest.csv", len(ordered), shape, concepts or {}, concept_names or {})
    tensors = _tensors(images, masks, concepts or {})
    ordered["digest"] = _digests(ordered, tensors)
    if tensors:
        write_tensors(
            folder / (LABEL_MAPS if images is None else ARRAYS), tensors, {"images": ordered["image"].tolist()}
        )
    columns = [column for column in ordered.columns if column not in RESERVED]
    summary: dict[str, Any] = {
        "classes": list(classes),
        "kind": "files" if images is None else "array",
        "columns": columns,
        "counts": _counts(ordered, classes),
    }
    if concept_names:
        summary["concepts"] = {category: list(names) for category, names in concept_names.items()}
    if irregularities:
        summary["irregularities"] = dict(irregularities)
    if notes:
        summary["notes"] = list(notes)
    write_json(folder / "dataset.json", summary)
    write_table(folder / "manifest.csv", ordered)


def read_manifest(folder: str | Path) -> Manifest:
    """Read what `write_manifest` wrote, given its folder or the ``manifest.csv`` in it.

    Raises
    ------
    InputError
        If a file is missing or is not what `write_manifest` writes.
    """
    folder = Path(folder)
    folder = folder.parent if folder.name == "manifest.csv" else folder
    file = folder / "manifest.csv"
    try:
        table = read_table(file, words=True)
        summary = read_json(folder / "dataset.json")
        classes = tuple(str(name) for name in summary["classes"])
        concepts = {str(key): tuple(map(str, names)) for key, names in summary.get("concepts", {}).items()}
    except FileNotFoundError as error:
        raise InputError(f"{error.filename} does not exist") from error
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{folder / 'dataset.json'} is not what lucidag writes: {error}") from error
    missing = [c for c in ("image", "path", "label", "split", "mask", "digest") if c not in table.columns]
    if missing:
        raise InputError(f"{file} is not a manifest: column '{missing[0]}' is missing")
    return Manifest(folder, table, classes, concepts)


def _ordered(table: pd.DataFrame, arrays: bool, masked: bool) -> pd.DataFrame:
    """Give the table as strings, with the columns of the contract in their order."""
    for column in ("image", "label", "split"):
        if column not in table.columns:
            raise InputError(f"the table has no column '{column}'{nearest(column, table.columns)}")
    full = table.reset_index(drop=True).astype(str)
    if arrays:
        full["path"] = ""
        full["mask"] = ARRAYS if masked else ""
    for column in ("path", "mask"):
        if column not in full.columns:
            full[column] = ""
    optional = {name: [name] if name in full.columns else [] for name in ("true_label", "id")}
    first = ["image", "path", "label", *optional["true_label"], "split", *optional["id"]]
    metadata = [column for column in full.columns if column not in RESERVED]
    return full[[*first, *metadata, "mask"]].copy()


def _check(
    file: Path,
    table: pd.DataFrame,
    classes: Sequence[str],
    images: NDArray[np.uint8] | None,
    masks: NDArray[np.uint8] | None,
) -> None:
    if len(table) == 0:
        raise InputError(f"{file}: there is no image")
    _check_ids(file, table["image"].tolist())
    for what, column, allowed in (("class", "label", classes), ("split", "split", SPLITS)):
        for value in table[column].unique():
            check_known(what, value, allowed, file)
    n = len(table)
    if images is not None and (
        images.dtype != np.uint8 or images.ndim != 4 or len(images) != n or images.shape[3] not in (1, 3)
    ):
        raise InputError(f"{file}: images must be uint8 {n}xHxWx1 or x3, not {images.dtype} {images.shape}")
    if masks is not None and (images is None or masks.shape != images.shape[:3] or masks.dtype != np.uint8):
        raise InputError(f"{file}: masks must be uint8 and as large as the images, not {masks.shape}")


def _check_ids(file: Path, ids: Sequence[str]) -> None:
    """Stop at ids whose outputs would be one file: twins, and those that differ in the case of their letters alone."""
    first: dict[str, str] = {}
    for image in ids:
        if not is_safe(image):
            raise InputError(f"{file}: image id '{image}' is not safe as a file name (letters, digits, _ - . ~)")
        key = same_file(image)
        if key in first:
            what = "occurs more than once" if first[key] == image else f"differs from '{first[key]}' in case alone"
            raise InputError(f"{file}: image id '{image}' {what}")
        first[key] = image
    for image in ids:
        if same_file(f"{image}.mask") in first:
            raise InputError(f"{file}: image ids '{image}' and '{image}.mask' would share files of their explanations")


def _check_concepts(
    file: Path,
    rows: int,
    shape: tuple[int, ...] | None,
    concepts: Mapping[str, NDArray[np.uint8]],
    names: Mapping[str, Sequence[str]],
) -> None:
    """Stop at the first category whose maps and names do not fit together; `shape` is N x H x W where it is known."""
    for category in [*concepts, *names]:
        what = f"{file}: concepts, category '{category}'"
        if not SAFE_CATEGORY.fullmatch(category):
            raise InputError(f"{what}: the name is not safe in a file (A-Z a-z 0-9 _ . -)")
        if category not in concepts or category not in names:
            raise InputError(f"{what} has no {'label maps' if category in names else 'names'}")
        maps, known = concepts[category], list(names[category])
        shape = shape or (rows, *maps.shape[1:3])
        if maps.dtype != np.uint8 or maps.ndim != 3 or maps.shape != shape:
            raise InputError(f"{what}: label maps must be uint8 {shape}, not {maps.dtype} {maps.shape}")
        if not known or len(set(known)) < len(known) or "" in known:
            raise InputError(f"{what} must have different names, at least one and none empty; it has {known}")
        if maps.max(initial=0) > len(known):
            raise InputError(f"{what}: the label maps hold {maps.max()}, but there are only {len(known)} names")


def _tensors(
    images: NDArray[np.uint8] | None, masks: NDArray[np.uint8] | None, concepts: Mapping[str, NDArray[np.uint8]]
) -> dict[str, NDArray[np.uint8]]:
    """Give the arrays to store, in the order in which they enter the digest."""
    tensors = {name: array for name, array in (("images", images), ("masks", masks)) if array is not None}
    tensors |= {f"{CONCEPT_PREFIX}{category}": maps for category, maps in concepts.items()}
    return {name: np.ascontiguousarray(array) for name, array in tensors.items()}


def _digests(table: pd.DataFrame, tensors: Mapping[str, NDArray[np.uint8]]) -> list[str]:
    """Digest each image: its files, then its part of every array."""
    digests = []
    for row, (path, mask) in enumerate(zip(table["path"], table["mask"], strict=True)):
        content = hashlib.sha256()
        files = [] if "images" in tensors else [path, mask] if mask else [path]
        for file in files:
            try:
                content.update(Path(file).read_bytes())
            except OSError as error:
                raise InputError(f"{file} cannot be read: {error.strerror or error}") from error
        for array in tensors.values():
            content.update(array[row].tobytes())
        digests.append(content.hexdigest()[:16])
    return digests


def _counts(table: pd.DataFrame, classes: Sequence[str]) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    for split in SPLITS:
        labels = table["label"][table["split"] == split]
        if len(labels):
            counts[split] = {name: int((labels == name).sum()) for name in classes}
    return counts
