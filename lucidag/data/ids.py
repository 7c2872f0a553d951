"""Ids of images: safe as the name of a file on every system, different, and readable. Standard library only."""

import hashlib
import posixpath
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

LONGEST = 120  # bytes; a file system allows 255, and outputs add words such as `.safetensors` to an id
_HASH = 10
_REPLACED = str.maketrans("/. ", "-__")
_PLAIN = re.compile(r"[A-Za-z0-9_/. -]*")  # most names, and quick
# Names that Windows keeps for devices, whatever suffix follows.
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])", re.IGNORECASE)


def make_ids(relatives: Sequence[str]) -> list[str]:
    """Give images ids by their paths, all different even where a file system does not tell capital letters apart.

    ``nevus/IMG 7.png`` becomes ``nevus-IMG_7``: the path without suffix, ``-`` for ``/``, ``_`` for a space or a dot.
    Letters and digits of all scripts stay (in Unicode's form NFC), as ``_`` and ``-`` do; any other character becomes
    ``~`` and its number in hexadecimal (``{`` becomes ``~7B``). Where two images differ in their suffix alone, it
    stays as well (``7_png``, ``7_jpg``). An id that is longer than 120 bytes, or would still be that of two images,
    ends in ``-`` and ten digits of a hash of the whole path.

    There is no dot in an id, so that no output of an image, such as ``{id}.mask.png``, can be one of another image.

    Parameters
    ----------
    relatives
        The N paths, with forward slashes; all different.
    """
    bare = [_readable(posixpath.splitext(name)[0] or name) for name in relatives]
    number = Counter(map(_folded, bare))
    ids = [
        name if number[_folded(name)] == 1 else _readable(relative)
        for name, relative in zip(bare, relatives, strict=True)
    ]
    digits = _HASH
    while True:
        number = Counter(map(_folded, ids))
        again = [number[_folded(name)] > 1 or len(name.encode()) > LONGEST for name in ids]
        if not any(again):
            return ids
        ids = [
            _hashed(name, relative, digits) if twice else name
            for name, relative, twice in zip(ids, relatives, again, strict=True)
        ]
        digits += _HASH  # a file may be named as the hash of another


def is_safe(name: str) -> bool:
    """Tell whether an id, which may also hold dots, is safe as the name of a file."""
    encoded = re.sub(r"[.~]", "_", name)
    good = bool(name) and name[0] not in ".~" and name[-1] != "." and _readable(encoded) == encoded
    return good and len(name.encode()) <= LONGEST


def same_file(one: str) -> str:
    """Give a key that is equal for ids whose files a system may take for one."""
    return _folded(one)


def _readable(path: str) -> str:
    stripped = path.strip("/")
    if _PLAIN.fullmatch(stripped):
        name = stripped.translate(_REPLACED)
    else:
        name = "".join(map(_character, unicodedata.normalize("NFC", stripped)))
    return f"_{name}" if not name or name[0] in "-~" or _DEVICES.fullmatch(name) else name


def _character(one: str) -> str:
    if one.isalnum() or one in "_-" or unicodedata.category(one)[0] == "M":
        return one
    return one.translate(_REPLACED) if ord(one) in _REPLACED else f"~{ord(one):02X}"


def _folded(name: str) -> str:
    if name.isascii():
        return name.lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def _hashed(name: str, relative: str, digits: int) -> str:
    digest = hashlib.sha256(relative.encode()).hexdigest()[:digits]
    kept = name.encode()[: LONGEST - len(digest) - 1].decode(errors="ignore")
    return f"{kept}-{digest}"
