"""Damage to results, as by a disk that forgets."""

import os
from pathlib import Path


def flip(path: Path) -> None:
    """Change a bit of a file; a second time changes it back."""
    content = bytearray(path.read_bytes())
    content[len(content) * 2 // 3] ^= 4
    path.write_bytes(content)


def rot(path: Path) -> None:
    """Change a bit of a file and leave its times, so that nothing but its content tells."""
    times = path.stat()
    flip(path)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
