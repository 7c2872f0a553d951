"""Small disks to fill up, to make read-only: file systems in memory, which root alone may mount."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Disk:
    """A small disk.

    Attributes
    ----------
    folder
        Where it is mounted.
    """

    folder: Path

    def resize(self, size: int) -> None:
        """Make room for so many bytes."""
        self._again(f"size={size}")

    def write_protect(self, protected: bool) -> None:
        """Let nobody write, or everybody."""
        self._again("ro" if protected else "rw")

    def used(self) -> int:
        """Return bytes."""
        found = os.statvfs(self.folder)
        return (found.f_blocks - found.f_bfree) * found.f_frsize

    def fill(self) -> None:
        """Leave no room."""
        with (self.folder / "full").open("wb", buffering=0) as handle:
            try:
                while handle.write(bytes(65536)):
                    pass
            except OSError:
                return

    def _again(self, options: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{options}", str(self.folder)], check=True, capture_output=True)


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[Disk]:
    """Mount a disk of so many bytes on a folder; it is gone afterwards, with all that is on it."""
    folder.mkdir(parents=True, exist_ok=True)
    words = ["mount", "-t", "tmpfs", "-o", f"size={size}", "lucidag", str(folder)]
    subprocess.run(words, check=True, capture_output=True)
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True, capture_output=True)


def can_mount(folder: Path) -> bool:
    """Return whether this process may mount anything."""
    try:
        with small_disk(folder, 65536):
            return True
    except (OSError, subprocess.CalledProcessError):
        return False
