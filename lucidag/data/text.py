"""The text of a table, whatever its encoding is; what is no text is said. Standard library only."""

import codecs
import re
from pathlib import Path

from lucidag.ground.errors import InputError

# UTF-32 first: its mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_GUESS = "cp1252"
# Bytes that begin a file of another kind, and what is to be done.
_KINDS = {
    b"PK\x03\x04": "a workbook of Excel, or another archive: save the table as CSV",
    b"\xd0\xcf\x11\xe0": "a workbook of Excel: save the table as CSV",
    b"PAR1": "a file of Parquet: save it as CSV",
    b"ARROW1": "a file of Arrow: save it as CSV",
    b"FEA1": "a file of Feather: save it as CSV",
    b"SQLite format 3": "a data base of SQLite: save the table as CSV",
    b"\x89HDF": "a file of HDF5: save the table as CSV",
    b"\x80\x04": "a pickle: save the table as CSV",
    b"\x80\x05": "a pickle: save the table as CSV",
    b"\x1f\x8b": "compressed by gzip: unpack it",
    b"version https://git-lfs": "a pointer of Git LFS and not the file itself: `git lfs pull` fetches it",
    b"{": "a file of JSON: save it as CSV",
    b"[": "a file of JSON: save it as CSV",
    b"<": "a web page or a file of XML: save the table as CSV",
}
_UTF8_LETTER = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_STRANGE = re.compile(r"[^\x00-\x7f]{3}")  # no Western word has three such letters in a row


def read_text(file: Path, encoding: str | None = None, limit: int = -1) -> tuple[str, list[str]]:
    """Read a file as text.

    A mark at its beginning tells that it is UTF-8, UTF-16 or UTF-32. Without one it is of the given encoding, or else
    UTF-8, or else Windows' Western European one, cp1252, which holds the letters of Latin-1: but not where it has
    letters of UTF-8, bytes that cp1252 lacks, or three letters in a row that are not English.

    Parameters
    ----------
    file
        The file.
    encoding
        Its encoding, by a name that Python knows.
    limit
        Read so many bytes at most; below 0 all.

    Returns
    -------
    text, notes
        The text without its mark, and what was guessed, in sentences.

    Raises
    ------
    InputError
        If the file cannot be read, is no text, or its encoding cannot be told.
    """
    try:
        with file.open("rb") as handle:
            raw = handle.read(limit)
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror or error}") from error
    marked = next((name for mark, name in _MARKS if raw.startswith(mark)), None)
    if marked is None:
        _check_kind(file, raw)
    whole = limit < 0 or len(raw) < limit
    name = marked or encoding or "utf-8"
    try:
        return _decoded(file, raw, name, whole), []
    except UnicodeError as error:
        if marked or encoding:
            raise InputError(f"{file} is no CSV file in {name.upper()}: {error}; `encoding` names another") from error
    return _guessed(file, raw, whole)


def _check_kind(file: Path, raw: bytes) -> None:
    head = raw[:256].lstrip()
    for begins, what in _KINDS.items():
        if head.startswith(begins):
            raise InputError(f"{file} is no CSV file but {what}")


def _decoded(file: Path, raw: bytes, name: str, whole: bool) -> str:
    text = codecs.getincrementaldecoder(name)().decode(raw, final=whole).removeprefix("\ufeff")
    if "\0" in text:
        raise InputError(f"{file} holds bytes of 0, as UTF-16 without a mark does; give `encoding`, such as utf-16-le")
    return text


def _guessed(file: Path, raw: bytes, whole: bool) -> tuple[str, list[str]]:
    unclear = InputError(
        f"{file} is no CSV file in UTF-8, and cannot be told to be in another encoding; give its `encoding`, such as "
        f"{_GUESS}, mac-roman or gb18030"
    )
    if _UTF8_LETTER.search(raw):
        raise unclear
    try:
        text = _decoded(file, raw, _GUESS, whole)
    except UnicodeError:
        raise unclear from None
    if _STRANGE.search(text):
        raise unclear
    word = re.search(r"\w*[^\x00-\x7f]+\w*", text)
    such = f", such as '{word[0]}'" if word else ""
    return text, [
        f"{file.name} is no UTF-8 and is read as {_GUESS} (Windows, Western Europe){such}; `encoding` names another"
    ]
