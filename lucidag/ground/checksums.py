"""Checksums of files: what tells whether a file is still what was written."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Checksum:
    """What a file holds.

    Attributes
    ----------
    size
        Bytes.
    sha256
        Digest of all of them, in hexadecimal digits.
    """

    size: int
    sha256: str

    @classmethod
    def of(cls, path: str | Path) -> "Checksum":
        """Read a file.

        Raises
        ------
        OSError
            If it is missing or cannot be read.
        """
        with Path(path).open("rb") as handle:
            digest = hashlib.file_digest(handle, "sha256").hexdigest()
            return cls(handle.tell(), digest)

    @classmethod
    def of_all(cls, named: Iterable[tuple[str, "Checksum"]]) -> "Checksum":
        """Put the checksums of many files together; the order of the files counts."""
        whole, size = hashlib.sha256(), 0
        for name, each in named:
            whole.update(f"{each.sha256}  {name}\n".encode())
            size += each.size
        return cls(size, whole.hexdigest())

    @classmethod
    def read(cls, words: dict[str, Any]) -> "Checksum":
        """Read what `words` wrote.

        Raises
        ------
        KeyError, TypeError, ValueError
            If it is something else.
        """
        return cls(int(words["bytes"]), str(words["sha256"]))

    def words(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {"bytes": self.size, "sha256": self.sha256}

    def difference(self, found: "Checksum") -> str | None:
        """Say how what was found differs from this; None if it does not."""
        if found.size != self.size:
            return f"{found.size:,} bytes in place of {self.size:,}"
        return None if found == self else "its checksum differs"
