"""Sections of the page: JSON, compressed, in letters that HTML leaves alone."""

import base64
import gzip
import json
from typing import Any


def packed(value: Any) -> str:  # noqa: ANN401 (JSON)
    """Return JSON as base64 of its gzip form; the same value gives the same text."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return base64.b64encode(gzip.compress(text.encode(), compresslevel=9, mtime=0)).decode("ascii")


def unpacked(text: str) -> Any:  # noqa: ANN401 (JSON)
    """Return what `packed` was given."""
    return json.loads(gzip.decompress(base64.b64decode(text)))
