"""Images in ten formats, damaged: decoded as an image and as a mask."""

import random
import struct
import zlib
from functools import cache
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from lucidag.data.images import decode, decode_mask
from tests.campaigns.harness import Campaign
from tests.campaigns.mutate import damaged

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "TGA", "ICO", "JPEG2000")
MODES = {
    "PNG": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"),
    "JPEG": ("L", "RGB", "CMYK"),
    "GIF": ("L", "P", "RGB"),
    "BMP": ("1", "L", "P", "RGB"),
    "TIFF": ("1", "L", "P", "RGB", "RGBA", "CMYK", "I;16", "F"),
    "WEBP": ("RGB", "RGBA"),
    "PPM": ("1", "L", "RGB"),
    "TGA": ("L", "P", "RGB", "RGBA"),
    "ICO": ("RGBA",),
    "JPEG2000": ("L", "RGB", "RGBA"),
}
POSTSCRIPT = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(../canary) (w) file closefile showpage\n%%EOF\n"


def make(rng: random.Random) -> str:
    """Write a whole, damaged or malicious image."""
    chance = rng.random()
    if chance < 0.04:
        content, said = _declared(rng), "PNG of a huge declared size"
    elif chance < 0.06:
        content, said = POSTSCRIPT, "PostScript"
    elif chance < 0.08:
        content, said = _bomb(rng.choice((6000, 9000, 12_000, 13_300))), "PNG that grows"
    else:
        kind = rng.choice(FORMATS)
        mode = rng.choice(MODES[kind])
        content, said = _whole(kind, mode), f"{kind} {mode}"
        if rng.random() < 0.95:
            content, how = damaged(content, rng)
            said = f"{said}: {how}"
    Path("image.png").write_bytes(content)
    return said


def use() -> None:
    """Decode it both ways; the mask of what is no image is not asked for."""
    image = decode("image.png")
    assert image.dtype == np.uint8
    assert image.ndim == 3
    assert image.shape[2] in (1, 3)
    del image
    assert decode_mask("image.png").ndim == 2


@cache
def _whole(kind: str, mode: str) -> bytes:
    values = np.add.outer(np.arange(31), 3 * np.arange(37)).astype(np.uint8)
    if mode in ("I;16", "F"):
        image = Image.fromarray(values.astype(np.uint16 if mode == "I;16" else np.float32))
    else:
        image = Image.fromarray(np.stack([values, 255 - values, values // 2], axis=2)).convert(mode)
    buffer = BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(buffer, format=kind, **({"exif": exif} if kind in ("JPEG", "PNG", "WEBP") else {}))
    return buffer.getvalue()


def _declared(rng: random.Random) -> bytes:
    width, height = (rng.choice((1, 30_000, 65_535, 2**31 - 1)) for _ in range(2))
    return _png(width, height, zlib.compress(bytes(1000)))


@cache
def _bomb(side: int) -> bytes:
    squeezed = zlib.compressobj(9)
    row = bytes(1 + 3 * side)
    return _png(side, side, b"".join([*(squeezed.compress(row) for _ in range(side)), squeezed.flush()]))


def _png(width: int, height: int, data: bytes) -> bytes:
    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


CAMPAIGN = Campaign("images", make, use)
