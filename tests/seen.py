"""What a script of Snakemake's reads, kept in the folder `.reads` of the folder that it runs in, where there is one."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import safetensors
import safetensors.numpy
import safetensors.torch


def watch() -> set[str]:
    """Return a set that every file is put into that is opened to be read, from now on."""
    opened: set[str] = set()

    def see(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(arguments[0], str | bytes | os.PathLike):
            mode, flags = arguments[1], arguments[2] or 0
            if not flags & (os.O_WRONLY | os.O_RDWR) and (mode is None or "r" in mode):
                opened.add(absolute(arguments[0]))

    def watched(opening: Callable[..., Any]) -> Callable[..., Any]:
        def seen(path: Any, *arguments: Any, **named: Any) -> Any:
            opened.add(absolute(path))
            return opening(path, *arguments, **named)

        return seen

    # Opened by a library in another language, which Python's audit does not see.
    for module in (safetensors, safetensors.numpy, safetensors.torch):
        module.safe_open = watched(module.safe_open)
    sys.addaudithook(see)
    return opened


def keep(opened: set[str], job: Any) -> None:
    """Write down what a job has read, and what its rule names."""
    named = {part: [absolute(path) for path in getattr(job, part)] for part in ("input", "output", "log")}
    about = {"rule": job.rule, "opened": sorted(opened), **named}
    (Path(".reads") / f"{os.getpid()}-{os.urandom(4).hex()}.json").write_text(json.dumps(about))


def absolute(path: str | bytes | os.PathLike) -> str:
    """Give a path from the root; links stay, as rules name them."""
    return os.path.abspath(os.fsdecode(path))  # noqa: PTH100 (it would follow links)
