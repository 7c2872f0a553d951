"""What can be checked of a listing before an image is opened. Standard library only."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from lucidag.data.entry import Entry, Listing
from lucidag.data.roles import RESERVED, SPLITS
from lucidag.ground.errors import InputError
from lucidag.ground.spelling import unknown

_MOST_NAMED = 5


def check_listing(
    path: str | Path,
    listing: Listing,
    classes: Sequence[str] | None,
    all_occur: bool,
    shares: bool,
    groups: Iterable[str],
) -> list[str]:
    """Stop at what cannot be right, and give what is doubtful in sentences.

    Parameters
    ----------
    path
        The source, for messages.
    listing
        Its images.
    classes, all_occur
        The classes in their order, where the configuration lists them; and whether each must have an image.
    shares
        Whether the configuration says how images without splits are divided.
    groups
        The columns whose values are groups.

    Raises
    ------
    InputError
        If a label is none of the listed classes or one of these has no image, there are neither splits nor shares,
        no image is in test, an id is in two splits, or a group is no column.
    """
    _check_classes(path, listing.entries, classes, all_occur)
    _check_groups(path, list(listing.entries[0].other), groups)
    if all(entry.split is None for entry in listing.entries):
        if not shares:
            raise InputError(f"{path} names no splits; give 'splits' with the share of train, val and test")
    else:
        _check_splits(path, listing.entries)
    return _uneven(listing.entries)


def _check_classes(path: str | Path, found: Sequence[Entry], classes: Sequence[str] | None, all_occur: bool) -> None:
    if classes is None:
        return
    present = Counter(entry.label for entry in found)
    allowed = frozenset(classes)
    for entry in found:
        if entry.label not in allowed:
            raise InputError(f"{path}, {entry.place}: {unknown('class', entry.label, classes)}")
    for name, number in Counter(classes).items():
        if number > 1:
            raise InputError(f"{path}: class '{name}' is listed twice in 'classes'")
        if not present[name] and all_occur:
            raise InputError(f"{path}: class '{name}' has no image; there are: {', '.join(sorted(present))}")


def _check_groups(path: str | Path, columns: Sequence[str], groups: Iterable[str]) -> None:
    for name in groups:
        if name in RESERVED and f"table_{name}" in columns:
            raise InputError(f"{path}: column '{name}' is called 'table_{name}', as lucidag has one of its name")
        if name != "label" and name not in columns:
            raise InputError(f"{path}: {unknown('group column', name, ['label', *columns])}")


def _check_splits(path: str | Path, found: Sequence[Entry]) -> None:
    given = {entry.split for entry in found}
    if "test" not in given:
        raise InputError(
            f"{path}: no image is in split 'test'; there are: {', '.join(sorted(map(str, given)))}; `split_names` can "
            "name another for it"
        )
    sides: dict[str, Entry] = {}
    for entry in found:
        other = sides.setdefault(entry.id, entry) if entry.id else entry
        if other.split != entry.split:
            raise InputError(
                f"{path}: id '{entry.id}' is in two splits, {other.place} in {other.split} and "
                f"{entry.place} in {entry.split}"
            )


def _uneven(found: Sequence[Entry]) -> list[str]:
    """Say which classes a split lacks."""
    labels = {entry.label for entry in found}
    notes = []
    for split in SPLITS:
        here = {entry.label for entry in found if entry.split == split}
        lacking = sorted(labels - here)
        if here and lacking:
            more = ", …" if len(lacking) > _MOST_NAMED else ""
            told = f"{'class' if len(lacking) == 1 else f'{len(lacking)} classes'} {', '.join(lacking[:_MOST_NAMED])}"
            notes.append(f"{split} has no image of {told}{more}")
    if len(labels) == 1:
        notes.append(f"all images are of one class, {found[0].label}")
    return notes
