"""Which folders of a data set are its classes, which its splits, and which neither. Standard library only."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from lucidag.data.roles import SPLITS
from lucidag.data.walk import Parts, Tree
from lucidag.ground.errors import InputError
from lucidag.ground.spelling import unknown

OUTSIDE = "images outside a class folder"
# Folders of these names hold the classes, or something that is none.
NO_CLASS = frozenset(
    (
        *("annotations", "data", "dataset", "datasets", "image", "images", "img", "imgs", "jpegimages", "labels"),
        *("masks", "pictures", "pics", "segmentations"),
    )
)

_SEPARATORS = re.compile(r"[\s_.-]+")

SplitOf = Callable[[str], str | None]


@dataclass(frozen=True)
class Placed:
    """An image, its class, and its split; None where no folder says one."""

    place: Parts
    label: str
    split: str | None


@dataclass(frozen=True)
class _Below:
    """An image, the split that folders above gave it, and what of its path is not understood yet."""

    place: Parts
    rest: Parts
    split: str | None = None

    def down(self, split: str | None = None) -> "_Below":
        return _Below(self.place, self.rest[1:], split or self.split)


def arrange(root: str, tree: Tree, split_of: SplitOf, classes: Sequence[str] | None) -> tuple[list[Placed], list[str]]:
    """Give each image its class and split by the folders that it is in.

    Understood are ``class/…``, ``split/class/…`` and ``class/split/…``. A folder that holds all others of a level is
    taken for neither. Below the class, folders mean nothing. Images that are in no class folder are counted in `tree`.

    Parameters
    ----------
    root
        The data set, for messages.
    tree
        Its files, see `lucidag.data.walk`.
    split_of
        Tells of a folder's name which split it means, if any.
    classes
        The classes, where the configuration lists them: folders of these names are no splits and no wrappers.

    Returns
    -------
    placed, notes
        The images, by split in the order train, val, test; and what was guessed, in sentences.

    Raises
    ------
    InputError
        If there is no class folder, one has no image, or it cannot be told which folders are the classes.
    """
    listed = frozenset(classes or ())
    notes: list[str] = []
    found, wrappers = _unwrapped(root, tree, [_Below(place, place) for place in tree.images], split_of, listed)
    if wrappers:
        notes.append(f"folder '{'/'.join(wrappers)}' holds all classes, so it is taken for none")
    found = _inside(root, tree, found)
    tops = _names(found)
    split_of = _with_shared_word(tops, split_of)
    if _are_splits(root, found, tops, split_of, listed):
        found = _without_wrappers([image.down(split_of(image.rest[0])) for image in found], listed, notes)
        _say_splits(tops, split_of, notes)
        found = _inside(root, tree, found)
    found = _class_level(root, found, listed)
    bases = {image.place[: -len(image.rest)] for image in found}
    by_label = [(image.rest[0], image.down()) for image in found]
    _check_empty(root, tree, bases, {label for label, _ in by_label})
    if all(image.split is None for image in found):
        by_label = _split_below(root, by_label, split_of, notes)
    if nested := sorted({f"{label}/{image.rest[0]}" for label, image in by_label if len(image.rest) > 1}):
        more = ", …" if len(nested) > 3 else ""
        notes.append(f"folders below a class are part of it: {', '.join(nested[:3])}{more}")
    placed = [Placed(image.place, label, image.split) for label, image in by_label]
    order = {split: number for number, split in enumerate(SPLITS)}
    return sorted(placed, key=lambda image: order.get(image.split or "", -1)), notes


def _unwrapped(
    root: str, tree: Tree, found: list[_Below], split_of: SplitOf, listed: frozenset[str]
) -> tuple[list[_Below], list[str]]:
    """Go down as long as one folder holds all others, such as ``dataset/`` or ``images/``."""
    passed: list[str] = []
    while len(tops := _names(found)) == 1:
        (top,) = tops
        inside = [image for image in found if len(image.rest) > 1]
        if top in listed or split_of(top) or sum(len(image.rest) > 2 for image in inside) <= len(inside) / 2:
            break
        _check_empty(root, tree, [tuple(passed)], {top}, bare=True)
        found = [image.down() if len(image.rest) > 1 else image for image in found]
        passed.append(top)
    return found, passed


def _without_wrappers(found: list[_Below], listed: frozenset[str], notes: list[str]) -> list[_Below]:
    """Go down in each split as long as one folder holds all its classes, as in ``train/images/…``."""
    while True:
        splits = {image.split: [each for each in found if each.split == image.split] for image in found}
        names = {split: _names(images) for split, images in splits.items()}
        single = {
            split
            for split, images in splits.items()
            if len(names[split]) == 1 and not names[split] & listed and all(len(image.rest) > 2 for image in images)
        }
        others = set().union(*(names[split] for split in splits if split not in single))
        inner = {split: _names([image.down() for image in splits[split]]) for split in single}
        wrapped = {split for split in single if len(single) == len(splits) or inner[split] & others}
        if not wrapped:
            return found
        what = sorted(set().union(*(names[split] for split in wrapped)))
        notes.append(f"{_folders(what)} {'hold' if len(what) > 1 else 'holds'} all classes of a split and is no class")
        found = [image.down() if image.split in wrapped else image for image in found]


def _inside(root: str, tree: Tree, found: list[_Below]) -> list[_Below]:
    """Count the images that lie beside folders, and give the others."""
    inside = [image for image in found if len(image.rest) > 1]
    if not inside:
        _check_empty(root, tree, [()], set())
        raise InputError(f"{root} has no class sub-folders")
    for image in found:
        if len(image.rest) == 1:
            tree.leave_out(OUTSIDE, "/".join(image.place))
    return inside


def _with_shared_word(tops: Iterable[str], split_of: SplitOf) -> SplitOf:
    """Understand ``seg_train`` beside ``seg_test``: names of splits with the same words around them."""
    read = {}
    for top in tops:
        words = _SEPARATORS.split(top)
        meant = [split_of(word) for word in words]
        if split_of(top) or len(words) == 1 or sum(map(bool, meant)) != 1:
            continue
        place = [bool(split) for split in meant].index(True)
        read[top] = (meant[place], tuple(words[:place]), tuple(words[place + 1 :]))
    around = {found[1:] for found in read.values()}
    if len(around) == 1 and len({found[0] for found in read.values()}) > 1:
        return lambda name: read[name][0] if name in read else split_of(name)
    return split_of


def _are_splits(root: str, found: Sequence[_Below], tops: set[str], split_of: SplitOf, listed: frozenset[str]) -> bool:
    """Tell whether the first folders are splits."""
    named = {top for top in tops if split_of(top)}
    flat = {image.rest[0] for image in found if len(image.rest) == 2}
    if not named or tops <= listed:
        return False
    deep = {image.rest[0] for image in found if len(image.rest) > 2}
    if not named & deep:
        if named == tops:
            raise InputError(
                f"{root}: {_folders(named)} look like splits and have no class sub-folders; if they are classes, set "
                "`split_names: null`"
            )
        return False  # classes, one of which bears the name of a split, as a train does
    if named != tops:
        raise InputError(
            f"{root}: beside split folders ({_listed(named)}), {unknown('split', min(tops - named), SPLITS)}; give it "
            "a split with `split_names`, leave it out with `leave_out`, or set `split_names: null` if all are classes"
        )
    empty = named & flat - deep
    if empty:
        raise InputError(f"{root}: split {_folders(empty)} has no class sub-folders")
    return True


def _class_level(root: str, found: list[_Below], listed: frozenset[str]) -> list[_Below]:
    """Find the level of the classes where the first one may not be it, as in ``site/class/…``."""
    tops = _names(found)
    if tops <= listed or len(tops) == 1:
        return found
    below = {top: _names([image.down() for image in found if image.rest[0] == top]) for top in tops}
    deep = all(len(image.rest) > 2 for image in found)
    inner = set().union(*below.values())
    if listed and deep and inner <= listed:
        return [image.down() for image in found]
    hint = "list `classes`, or leave folders out with `leave_out`"
    if not listed and deep and len(inner) > 1 and all(names == inner for names in below.values()):
        raise InputError(f"{root}: {_folders(tops)} all hold {_folders(inner)}; which are the classes? {hint}")
    vague = {top for top in tops if top.casefold() in NO_CLASS}
    if vague and not listed:
        raise InputError(f"{root}: {_folders(vague)} would be a class beside {_listed(tops - vague or tops)}; {hint}")
    return found


def _split_below(
    root: str, found: list[tuple[str, _Below]], split_of: SplitOf, notes: list[str]
) -> list[tuple[str, _Below]]:
    """Read the splits of ``class/split/…``."""
    inside = {image.place: split_of(image.rest[0]) for _, image in found if len(image.rest) > 1}
    named = [place for place, split in inside.items() if split]
    if not named:
        return found
    rest = [image.place for _, image in found if not inside.get(image.place)]
    if rest:
        raise InputError(
            f"{root}: {'/'.join(named[0])} is in a split folder and {'/'.join(rest[0])} is not; set "
            "`split_names: null` if no folder is a split"
        )
    _say_splits({image.rest[0] for _, image in found}, split_of, notes)
    return [(label, image.down(split_of(image.rest[0]))) for label, image in found]


def _check_empty(root: str, tree: Tree, bases: Iterable[Parts], labels: set[str], bare: bool = False) -> None:
    """Stop at a class folder without an image: left out, it would shift the index of every class after it.

    With `bare` a folder with other files is none.
    """
    files = [*tree.images, *(tree.others if bare else ())]
    holding = {place[:depth] for place in files for depth in range(len(place))}
    for base in bases:
        for folder in tree.folders:
            if folder[:-1] == base and folder[-1] not in labels and folder not in holding:
                raise InputError(f"{root}: class folder '{'/'.join(folder)}' has no image; remove it or `leave_out` it")


def _say_splits(tops: Iterable[str], split_of: SplitOf, notes: list[str]) -> None:
    guessed = {top: split_of(top) for top in sorted(tops) if top != split_of(top)}
    if guessed:
        notes.append("taken for splits: " + ", ".join(f"'{top}' for {split}" for top, split in guessed.items()))


def _names(found: Iterable[_Below]) -> set[str]:
    return {image.rest[0] for image in found if len(image.rest) > 1}


def _listed(names: Iterable[str]) -> str:
    known = sorted(names)
    return ", ".join(known[:5]) + (", …" if len(known) > 5 else "")


def _folders(names: Iterable[str]) -> str:
    known = sorted(names)
    return f"folder '{known[0]}'" if len(known) == 1 else f"folders {_listed(known)}"
