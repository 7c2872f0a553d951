"""One digest of all that a result depends on: what a half-finished training is recognised by."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

DIGITS = 12  # of a digest that people read


def digest_of(settings: Mapping[str, Any], code: Mapping[str, str], files: Iterable[str | Path]) -> str:
    """Return one digest of all that a job's result depends on: settings, code and the bytes of its inputs."""
    whole = hashlib.sha256(json.dumps([settings, code], sort_keys=True).encode())
    for file in files:
        with Path(file).open("rb") as handle:
            whole.update(hashlib.file_digest(handle, "sha256").digest())
    return whole.hexdigest()
