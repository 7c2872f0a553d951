"""Files of published weights: in torch's folder of them or fetched there, and in either case as they were published."""

import os
import re
from pathlib import Path
from urllib.parse import urlparse

import torch

from lucidag.ground.checksums import Checksum
from lucidag.ground.download import Patience, download
from lucidag.ground.errors import InputError

MIRRORS = "LUCIDAG_WEIGHTS_MIRRORS"  # of the environment, as no result depends on it: addresses with blanks between
_DIGEST = re.compile(r"-([0-9a-f]{8,64})\.\w+$")  # in the name, as torchvision's files have it


def fetched(address: str, patience: Patience | None = None) -> Path:
    """Return the file that is published at an address, from torch's hub folder or fetched into it.

    The name of the file ends in the first digits of its SHA-256, and so must its bytes, also of a file that was there.
    Mirrors that the environment names (`MIRRORS`) are asked before the address itself; the name of the file follows
    theirs.

    Raises
    ------
    InputError
        If it cannot be fetched, or the bytes in the folder are others.
    """
    name = Path(urlparse(address).path).name
    digest = _DIGEST.search(name)
    if digest is None:
        raise InputError(f"{address} does not end in digits of its SHA-256, so what it gives could not be checked")
    file = Path(torch.hub.get_dir()) / "checkpoints" / name
    if not file.is_file():
        mirrors = [f"{mirror.rstrip('/')}/{name}" for mirror in os.environ.get(MIRRORS, "").split()]
        download(file, [*mirrors, address], digest[1], patience)
    elif not Checksum.of(file).sha256.startswith(digest[1]):
        raise InputError(f"{file} is not the file that was published at {address}; remove it, and it is fetched again")
    return file
