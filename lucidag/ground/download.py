"""Files from the net: resumed where a connection breaks, checked by their digest, of the first mirror that has one."""

import os
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from lucidag.ground.checksums import Checksum
from lucidag.ground.errors import InputError, first_line

if TYPE_CHECKING:
    import requests

PIECE = 2**14  # bytes that are written at a time: of a connection that breaks, fewer than these are lost
LARGEST = 16 * 2**30  # bytes: no weights and no data set fetched here are larger


@dataclass(frozen=True)
class Patience:
    """How often and how long a server is waited for.

    Attributes
    ----------
    tries
        How often a mirror is asked before the next one is.
    seconds
        How long a connection may take, and how long nothing may come over it.
    pause
        Seconds before a mirror is asked again; twice as long each time.
    """

    tries: int = 4
    seconds: float = 30.0
    pause: float = 1.0


class _BrokenError(Exception):
    """What went wrong with one request; `lasting` where asking again would not help."""

    def __init__(self, reason: str, lasting: bool = False) -> None:
        super().__init__(reason)
        self.lasting = lasting


def download(
    target: str | Path,
    addresses: Sequence[str],
    digest: str,
    patience: Patience | None = None,
    largest: int = LARGEST,
) -> None:
    """Fetch a file, whole and as it was published, or not at all.

    What came before a connection broke stays beside the target, hidden, and the next request asks for the rest, also
    one of a later run and of another mirror: the digest is that of the whole. Several processes may ask for one file;
    one fetches it.

    Parameters
    ----------
    target
        The file; one that is there is not fetched again.
    addresses
        Where it is, as ``http://`` or ``https://``; each is tried, in this order.
    digest
        The SHA-256 of its bytes in hexadecimal, or its first digits.
    patience
        See `Patience`.
    largest
        Bytes above which it cannot be the file.

    Raises
    ------
    InputError
        If no address gives the file; the sentence says of each why.
    """
    target, patience = Path(target), patience or Patience()
    for address in addresses:
        if not address.startswith(("http://", "https://")):
            raise InputError(f"'{address}' is no address to download from: it must begin with http:// or https://")
    part = target.with_name(f".{target.name}.{digest[:8]}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{part}.lock"):
            if not target.is_file():
                _fetch(target, part, addresses, digest, patience, largest)
        with suppress(OSError):  # whoever waits for it finds the file that is there now
            Path(f"{part}.lock").unlink()
    except OSError as error:
        raise InputError(f"{target} could not be written: {error.strerror or error}") from error


def _fetch(target: Path, part: Path, addresses: Sequence[str], digest: str, patience: Patience, largest: int) -> None:
    failures = []
    for address in addresses:
        try:
            _from(address, part, digest, patience, largest)
        except _BrokenError as error:
            failures.append(f"{address}: {error}")
        else:
            with part.open("rb+") as handle:
                os.fsync(handle.fileno())
            part.replace(target)
            return
    raise InputError(f"{target.name} could not be downloaded: {'; '.join(failures)}")


def _from(address: str, part: Path, digest: str, patience: Patience, largest: int) -> None:
    """Fetch the file from one mirror, with as many requests as are allowed."""
    for again in range(patience.tries):
        if again:
            time.sleep(patience.pause * 2 ** (again - 1))
        try:
            _request(address, part, patience.seconds, largest)
            _check(part, digest)
        except _BrokenError as error:
            if error.lasting or again == patience.tries - 1:
                raise
        else:
            return


def _check(part: Path, digest: str) -> None:
    found = Checksum.of(part).sha256
    if not found.startswith(digest.lower()):
        part.unlink()
        raise _BrokenError(f"it is not the file that was published (SHA-256 {found[:12]}…, not {digest[:12]}…)")


def _request(address: str, part: Path, seconds: float, largest: int) -> None:
    """Ask for what is still missing, and add it to the part."""
    import requests  # here, as it is seldom needed

    have = part.stat().st_size if part.is_file() else 0
    # Bytes as they are: a server may otherwise compress them on their way, and the rest of that is no rest of these.
    asked = {"Accept-Encoding": "identity", **({"Range": f"bytes={have}-"} if have else {})}
    try:
        with requests.get(address, headers=asked, stream=True, timeout=seconds) as answer:
            if answer.status_code == requests.codes.requested_range_not_satisfiable:
                return  # it was complete, or is none of this file: the digest says which
            if answer.status_code >= requests.codes.bad_request:
                lasting = answer.status_code < requests.codes.server_error and answer.status_code not in (408, 429)
                raise _BrokenError(f"status {answer.status_code} {answer.reason}", lasting)
            _write(answer, part, have if _continues(answer, have) else 0, largest)
    except requests.RequestException as error:
        raise _BrokenError(_reason(error)) from error


def _continues(answer: "requests.Response", have: int) -> bool:
    """Return whether an answer begins where the part ends; a server may also send everything."""
    return answer.status_code == 206 and answer.headers.get("Content-Range", "").startswith(f"bytes {have}-")


def _write(answer: "requests.Response", part: Path, start: int, largest: int) -> None:
    with part.open("rb+" if start else "wb") as handle:
        handle.seek(start)
        for piece in answer.iter_content(PIECE):
            if handle.tell() + len(piece) > largest:
                part.unlink()
                raise _BrokenError(f"it sends more than {largest:,} bytes", lasting=True)
            handle.write(piece)


def _reason(error: Exception) -> str:
    """Say what broke, without what libraries wrap around it."""
    inner: BaseException = error
    while (cause := inner.__cause__ or inner.__context__) is not None and not isinstance(inner, OSError):
        inner = cause
    return f"{type(error).__name__}: {first_line(error)[:200]}"
