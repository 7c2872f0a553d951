"""Explained images that are drawn at random: known before anything runs, and kept from one start to the next."""

import hashlib
import json
import sys
from functools import cache
from pathlib import Path

import lucidag.data
from lucidag.data.source import DataSource
from lucidag.ground.errors import InputError
from lucidag.ground.kept import keep, read_kept

SPLIT = "test"  # results are reported on it
_KEPT = 100  # draws, of which the last are kept


def draw_images(key: str, dataset: DataSource, number: int, seed: int, file: Path | None = None) -> list[str]:
    """Draw images from the test split, stratified by class, one of each patient or lesion.

    Parameters
    ----------
    key
        Of the number, as a sentence starts with it.
    dataset, number, seed
        Whose images, how many, and the seed: see `lucidag.ground.statistics.stratified.drawn`.
    file
        Keeps what was drawn: every job starts the workflow again, and asks.

    Raises
    ------
    InputError
        If only reading the images would tell their classes, there are fewer than `number`, or they cannot be split.
    """
    asked = f"{dataset.known_digest()}\n{number}\n{seed}\n{_code(type(dataset).__module__)}"
    name = hashlib.sha256(asked.encode()).hexdigest()[:32]
    kept = read_kept(file)
    if name not in kept:
        kept[name] = _drawn(key, dataset, number, seed)
        keep(file, dict(list(kept.items())[-_KEPT:]))
    return list(kept[name])


def _drawn(key: str, dataset: DataSource, number: int, seed: int) -> list[str]:
    from lucidag.ground.statistics.stratified import drawn

    try:
        known = dataset.known_images()
    except InputError as error:
        raise InputError(*(f"{key}: {line}" for line in error.lines)) from error
    if known is None:
        raise InputError(
            f"{key}: none can be drawn, as source '{dataset.source}' knows the classes of its images only when they "
            "are read; list ids here, as in manifest.csv"
        )
    rows = [row for row, split in enumerate(known.splits) if split == SPLIT]
    owners = None if known.owners is None else [known.owners[row] for row in rows]
    order = drawn([known.labels[row] for row in rows], seed, owners)
    if number > len(order):
        of = "images" if owners is None else "patients or lesions, of whom one image each is drawn"
        raise InputError(f"{key}: {number} images are asked for, and split '{SPLIT}' has {len(order)} {of}")
    return [known.images[rows[place]] for place in order[:number]]


@cache
def _code(module: str) -> str:
    """Digest the code that knows the images: other code may draw others."""
    own = getattr(sys.modules.get(module), "__file__", None)
    files = [*Path(lucidag.data.__path__[0]).rglob("*.py"), *([Path(own)] if own else [])]
    return hashlib.sha256(json.dumps([file.read_text("utf-8") for file in sorted(set(files))]).encode()).hexdigest()
