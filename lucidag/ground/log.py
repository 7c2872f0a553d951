"""The log of a job."""

import io
import re
from contextlib import suppress
from pathlib import Path


class Log(io.TextIOWrapper):
    """A text file, written line by line, that loses what cannot be written.

    Where a disk is full, the outputs of a job cannot be written either, and that is what is told: not that the lines
    that tell of it found no room.

    Attributes
    ----------
    device
        The kind of device that the job has said it computes on (`lucidag.ground.device.lease`): ``cpu``, ``cuda``,
        ``mps``. It is known where the line found no room, and where somebody has removed the file.
    """

    device: str | None = None

    def __init__(self, path: Path) -> None:
        super().__init__(path.open("wb"), encoding="utf-8", errors="backslashreplace", line_buffering=True)

    def write(self, text: str) -> int:
        """Write what there is room for."""
        if self.device is None and (found := re.match(r"device: (\w+)[:\d]* on ", text)):
            self.device = found[1]
        with suppress(OSError):
            return super().write(text)
        return len(text)

    def flush(self) -> None:
        """Write what waits, if there is room."""
        with suppress(OSError):
            super().flush()

    def close(self) -> None:
        """Close the file, whatever is still to be written."""
        with suppress(OSError):
            super().close()
