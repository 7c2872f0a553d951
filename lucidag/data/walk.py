"""Which files below a folder are images, and what is left out and why. Standard library, as far as suffixes go."""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from lucidag.ground.errors import InputError

Parts = tuple[str, ...]

# What is read, whatever a file's suffix says: bitmaps that Pillow decodes itself. For PostScript it would start an
# interpreter; others hold several images, none, or no bitmap.
FORMATS = (
    *("AVIF", "BLP", "BMP", "CUR", "DCX", "DDS", "DIB", "GIF", "ICNS", "ICO", "IM", "JPEG", "JPEG2000", "MSP"),
    *("PCX", "PIXAR", "PNG", "PPM", "PSD", "QOI", "SGI", "SPIDER", "SUN", "TGA", "TIFF", "WEBP", "XBM", "XPM"),
)
# Pillow's list of suffixes takes long to load, so that it is only asked for the rarer ones.
USUAL = frozenset((".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm"))
NEVER = frozenset(("", ".csv", ".htm", ".html", ".json", ".md", ".npy", ".npz", ".pdf", ".py", ".tsv", ".txt", ".xml"))
# What systems and tools put beside a user's files; whatever begins with a dot is one too.
HELPERS = frozenset(
    (
        *("__macosx", "__pycache__", "@eadir", "#recycle", "$recycle.bin", "lost+found", "recycler"),
        *("system volume information", "thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"),
    )
)

HIDDEN = "images that are hidden or in a hidden or helper folder"
SAID = "images named in `leave_out`"
SUFFIX = "files whose suffix is of no image"
BROKEN = "links to nothing"
CIRCLE = "links to a folder that they are in"
NO_FILE = "things that are no file"


@dataclass
class Tree:
    """The files below a folder.

    Attributes
    ----------
    images, folders
        Their places as parts of the path below the root, sorted; of the folders those that are not left out.
    others
        The places of files that are no images.
    left_out, examples
        How many were left out by reason, and the first few of each.
    """

    images: list[Parts] = field(default_factory=list)
    folders: list[Parts] = field(default_factory=list)
    others: list[Parts] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def leave_out(self, reason: str, example: str, number: int = 1) -> None:
        """Count what is left out."""
        if number:
            self.left_out[reason] += number
            known = self.examples.setdefault(reason, [])
            if example not in known and len(known) < 3:
                known.append(example)

    def said(self) -> str:
        """Say in one sentence what was left out; empty where nothing was."""
        reasons = [
            f"{number} {reason} ({', '.join(self.examples[reason])})"
            for reason, number in sorted(self.left_out.items())
        ]
        return f"left out: {'; '.join(reasons)}" if reasons else ""


def is_image(name: str) -> bool:
    """Tell by its suffix, in any case, whether Pillow can read a file."""
    suffix = Path(name).suffix.lower()
    return suffix in USUAL or (suffix not in NEVER and suffix in pillow_suffixes())


@cache
def pillow_suffixes() -> frozenset[str]:
    """Give the suffixes of the formats that are read."""
    from PIL import Image

    return frozenset(suffix for suffix, kind in Image.registered_extensions().items() if kind in formats())


@cache
def formats() -> tuple[str, ...]:
    """Give those of `FORMATS` that this Pillow can decode."""
    from PIL import Image

    Image.init()
    return tuple(kind for kind in FORMATS if kind in Image.OPEN)


def is_helper(name: str) -> bool:
    """Tell whether a file or folder is hidden, or is one that systems and tools make for themselves."""
    return name.startswith(".") or name.casefold() in HELPERS


def walk(root: str | Path, leave_out: Sequence[str] = (), accept: Callable[[str], bool] = is_image) -> Tree:
    """Look for images below a folder, at any depth.

    Links are followed, but never into a folder that they are in. Names of `root` itself and above it do not matter.

    Parameters
    ----------
    root
        The folder.
    leave_out
        Patterns such as ``masks`` or ``*_seg.png``: files and folders of a name that fits, in any case, are left out.
    accept
        Tells of a file's name whether it is looked for.

    Raises
    ------
    InputError
        If a folder cannot be read, or an image's name is not UTF-8.
    """
    tree = Tree()
    unwanted = [pattern.casefold() for pattern in leave_out]
    _into(Path(root), (), {os.path.realpath(root)}, tree, unwanted, accept)
    return tree


def _into(
    folder: Path, parts: Parts, above: set[str], tree: Tree, unwanted: Sequence[str], accept: Callable[[str], bool]
) -> None:
    for entry in _listed(folder):
        place = (*parts, entry.name)
        reason = _unwanted(entry.name, unwanted)
        if reason:
            tree.leave_out(reason, _shown(place), _images_in(entry, accept))
        elif entry.is_dir():
            real = os.path.realpath(entry.path)
            if real in above:
                tree.leave_out(CIRCLE, _shown(place))
                continue
            tree.folders.append(_readable(folder, place))
            _into(Path(entry.path), place, {*above, real}, tree, unwanted, accept)
        elif not entry.is_file():
            tree.leave_out(BROKEN if entry.is_symlink() else NO_FILE, _shown(place))
        elif accept(entry.name):
            tree.images.append(_readable(folder, place))
        else:
            tree.others.append(place)
            tree.leave_out(SUFFIX, _shown(place))


def _unwanted(name: str, patterns: Sequence[str]) -> str | None:
    if is_helper(name):
        return HIDDEN
    return SAID if any(fnmatchcase(name.casefold(), pattern) for pattern in patterns) else None


def _images_in(entry: "os.DirEntry[str]", accept: Callable[[str], bool]) -> int:
    """Count the images that go with a file or folder that is left out; links are not followed."""
    if not entry.is_dir():
        return int(accept(entry.name))
    return sum(accept(name) for _, _, names in os.walk(entry.path) for name in names)


def _listed(folder: Path) -> Iterator["os.DirEntry[str]"]:
    try:
        with os.scandir(folder) as found:
            return iter(sorted(found, key=lambda entry: entry.name))
    except OSError as error:
        raise InputError(f"{folder} cannot be read: {error.strerror or error}") from error


def _readable(folder: Path, place: Parts) -> Parts:
    try:
        place[-1].encode()
    except UnicodeEncodeError:
        raise InputError(f"{folder} holds a name that is not UTF-8, {_shown(place[-1:])}; rename it") from None
    return place


def _shown(place: Parts) -> str:
    return "/".join(place).encode(errors="backslashreplace").decode()
