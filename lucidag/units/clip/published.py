"""Weights of published CLIP models: fetched from the Hugging Face hub and checked, before open_clip reads them."""

import logging
import re
from pathlib import Path

from lucidag.ground.checksums import Checksum
from lucidag.ground.errors import InputError, first_line

_SHA256 = re.compile(r"[0-9a-f]{64}")
_USUAL = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")  # in the order in which open_clip takes them


def fetch(repository: str, file: str = "", endpoint: str | None = None, cache: str | None = None) -> Path:
    """Fetch a file of weights into the hub's cache, and compare it with the digest that the hub names.

    The hub's own library fetches: it asks again where a connection breaks. Its cache calls each large file by its
    SHA-256, but that library compares no more than the number of bytes.

    Parameters
    ----------
    repository
        ``organisation/name``.
    file
        Its name there; by default that which open_clip takes. Its safetensors are taken where there are any.
    endpoint, cache
        Address of the hub and folder of its cache; by default as the environment says (``HF_ENDPOINT``, ``HF_HOME``).

    Raises
    ------
    InputError
        If it cannot be fetched, or its bytes are others, also those of a file that was there.
    """
    from huggingface_hub import hf_hub_download  # here, as it is seldom needed
    from huggingface_hub.errors import EntryNotFoundError

    names = (str(Path(file).with_suffix(".safetensors")), file) if file else _USUAL
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # of what it asks again it would tell each time
    for name in names:
        try:
            found = Path(hf_hub_download(repository, name, endpoint=endpoint, cache_dir=cache))
        except EntryNotFoundError as error:
            missing = error
        except Exception as error:  # whatever its libraries raise
            raise InputError(f"{repository}/{name} could not be downloaded: {first_line(error)[:300]}") from error
        else:
            _check(found, repository)
            return found
    raise InputError(f"{repository}/{names[-1]} could not be downloaded: {first_line(missing)[:300]}") from missing


def _check(found: Path, repository: str) -> None:
    """Compare a file of the hub's cache with the digest that it is called by; small files are called by another one."""
    blob = found.resolve()
    if _SHA256.fullmatch(blob.name) and Checksum.of(blob).sha256 != blob.name:
        blob.unlink()
        found.unlink(missing_ok=True)
        why = f"its SHA-256 is not {blob.name[:12]}…"
        raise InputError(f"{repository}/{found.name} is not the file that was published ({why}); removed: run again")
