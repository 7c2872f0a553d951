"""Modules as Python keeps them compiled: none that was cut off, by a full disk or a loss of power, may stay.

Python writes them without a look at how much was written, and reads them without one at whether they are whole: a run
would end in ``EOFError: marshal data too short``, and so would every later one. No other module is imported here.
"""

import marshal
import os
import shutil
import sys
from contextlib import suppress
from pathlib import Path

HEAD = 16  # bytes in front of the code
ROOM = 2**26  # bytes on the disk, below which nothing is compiled to it


def keep_whole(folder: Path) -> None:
    """Remove compiled modules below a folder that are cut off, and write no more where the disk is nearly full.

    That holds for this process and for those that it starts.
    """
    for file in folder.rglob("__pycache__/*.pyc"):
        if not _whole(file):
            with suppress(OSError):
                file.unlink()
    if shutil.disk_usage(folder).free < ROOM:
        sys.dont_write_bytecode = True
        os.environ["PYTHONDONTWRITEBYTECODE"] = "1"


def _whole(file: Path) -> bool:
    try:
        marshal.loads(memoryview(file.read_bytes())[HEAD:])  # noqa: S302 (code that Python would load anyway)
    except (EOFError, ValueError, TypeError):
        return False
    except OSError:  # gone, or of somebody else
        return True
    return True


if __name__ == "__main__":
    keep_whole(Path(__file__).resolve().parents[1])
