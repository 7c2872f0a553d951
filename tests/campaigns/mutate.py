"""Damage to bytes, and odd words: what all campaigns take from."""

import random
from collections.abc import Sequence

NUMBERS = (0, 1, 255, 256, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1)
WORDS = (
    "",
    " ",
    "nan",
    "NA",
    "null",
    "-",
    ".",
    "..",
    "../../etc/passwd",
    "/etc/passwd",
    "a/b",
    "a\\b",
    "a\nb",
    "a\rb",
    "a\tb",
    "\0",
    "\x1b[31mred",
    "$x_$",
    "costs $5 & $6_^",
    "{x}",
    "{0.__class__}",
    "%s%n",
    "`touch ../canary`",
    "$(touch ../canary)",
    "; touch ../canary",
    "<script>alert(1)</script>",
    "![](x)",
    "圆",
    "🙂",
    "e\u0301",
    "\u202eabc",
    "\ufeffa",
    "con",
    "A" * 300,
    "名" * 5000,
    "1e999",
    "9" * 5000,
    "0x10",
    "1_000",
    "=1+1",
    '"',
    "'",
    ",",
    ";",
    "true",
)


def damaged(content: bytes, rng: random.Random) -> tuple[bytes, str]:
    """Damage bytes once or a few times, and say how."""
    ways = [_flipped, _cut, _doubled, _without, _number, _noise, _zeroed, _word]
    said = []
    for _ in range(rng.choice((1, 1, 1, 2, 4, 16))):
        way = rng.choice(ways)
        content = way(content, rng) if content else rng.randbytes(rng.randrange(1, 64))
        said.append(way.__name__.strip("_"))
    return content, ", ".join(dict.fromkeys(said))


def place(content: bytes, rng: random.Random) -> int:
    """Choose a place, more often one at the beginning, where headers are."""
    end = len(content) if rng.random() < 0.4 else min(len(content), 256)
    return rng.randrange(max(end, 1))


def _flipped(content: bytes, rng: random.Random) -> bytes:
    whole = bytearray(content)
    whole[place(content, rng)] ^= 1 << rng.randrange(8)
    return bytes(whole)


def _cut(content: bytes, rng: random.Random) -> bytes:
    return content[: rng.randrange(len(content) + 1)]


def _doubled(content: bytes, rng: random.Random) -> bytes:
    at, length = place(content, rng), rng.randrange(1, 512)
    return content[:at] + content[at : at + length] * rng.choice((2, 2, 100)) + content[at:]


def _without(content: bytes, rng: random.Random) -> bytes:
    at = place(content, rng)
    return content[:at] + content[at + rng.randrange(1, 64) :]


def _number(content: bytes, rng: random.Random) -> bytes:
    size = rng.choice((1, 2, 4, 8))
    number = rng.choice(NUMBERS) % 256**size
    at = place(content, rng)
    return content[:at] + number.to_bytes(size, rng.choice(("little", "big"))) + content[at + size :]


def _noise(content: bytes, rng: random.Random) -> bytes:
    at, length = place(content, rng), rng.randrange(1, 64)
    return content[:at] + rng.randbytes(length) + content[at + length :]


def _zeroed(content: bytes, rng: random.Random) -> bytes:
    at, length = place(content, rng), rng.randrange(1, 256)
    return content[:at] + bytes(min(length, len(content) - at)) + content[at + length :]


def _word(content: bytes, rng: random.Random) -> bytes:
    at = place(content, rng)
    return content[:at] + rng.choice(WORDS).encode() + content[at:]


def mixed(items: Sequence[str], rng: random.Random) -> str:
    """Join some of the words."""
    return "".join(rng.choice(items) for _ in range(rng.randrange(1, 4)))
