"""Images and masks of a manifest, one at a time, as uint8 arrays."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps
from safetensors import SafetensorError, safe_open

from lucidag.data.manifest import ARRAYS, CONCEPT_PREFIX, LABEL_MAPS, Manifest
from lucidag.data.walk import formats
from lucidag.ground.errors import InputError
from lucidag.ground.pairs import check_same
from lucidag.ground.tensors import KEY

MOST_PIXELS = 2**26  # 8,192 x 8,192, which take up to 1.4 GiB while they are decoded
STRIP = 64  # rows

USUAL_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "PPM")


class UnreadableImageError(InputError):
    """An image file that cannot be used; `reason` says why, without the path."""

    def __init__(self, path: str | Path, reason: str) -> None:
        super().__init__(f"{path} cannot be read as an image: {reason}")
        self.reason = reason


class Images:
    """The images and masks of a manifest, read when asked for.

    Arrays are read through a memory map, so that one image costs its own bytes only. A `Images` can
    be pickled (data loader workers) and each process opens the file for itself.
    """

    def __init__(self, manifest: Manifest) -> None:
        self._ids = manifest.table["image"].tolist()
        self._paths = manifest.table["path"].tolist()
        self._masks = manifest.table["mask"].tolist()
        self._categories = tuple(manifest.concepts)
        self._file = manifest.folder / (LABEL_MAPS if any(self._paths) else ARRAYS)
        self._handle: Any = None

    def __len__(self) -> int:
        return len(self._paths)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_handle": None}

    def read(self, row: int) -> NDArray[np.uint8]:
        """Give the image of `row`: uint8 H x W x C, C 1 or 3 (see `decode`).

        Raises
        ------
        UnreadableImageError
            If the file is missing or cannot be decoded.
        """
        path = self._paths[row]
        return decode(path) if path else self._slice("images", row)

    def read_mask(self, row: int) -> NDArray[np.bool_] | None:
        """Give the mask of `row`: H x W, or None where the manifest names none.

        Raises
        ------
        UnreadableImageError
            If the file is missing or cannot be decoded.
        """
        mask = self._masks[row]
        if not mask:
            return None
        return decode_mask(mask) if self._paths[row] else self._slice("masks", row) > 0

    def read_concepts(self, row: int) -> dict[str, NDArray[np.uint8]]:
        """Give the label maps of `row` by category: H x W numbers (see `Manifest.concepts`); {} where there are none.

        Raises
        ------
        InputError
            If the file is missing, lacks a category, or holds the maps of other images.
        """
        return {category: self._slice(f"{CONCEPT_PREFIX}{category}", row) for category in self._categories}

    def _slice(self, key: str, row: int) -> NDArray[np.uint8]:
        try:
            if self._handle is None:
                self._handle = self._opened()
            taken: NDArray[np.uint8] = self._handle.get_slice(key)[row : row + 1][0]
        except (OSError, SafetensorError) as error:
            raise InputError(f"{self._file} cannot be read: {error}") from error
        return taken

    def _opened(self) -> Any:  # noqa: ANN401 (safetensors' own class)
        """Open the arrays, and make sure that they are of the table's images in its order."""
        handle = safe_open(str(self._file), framework="np")
        ids = ids_of(handle)
        if ids is None:
            raise InputError(f"{self._file} does not say which images it holds; make the data set again")
        check_same(self._ids, ids, "manifest.csv", self._file)
        for key in handle.keys():  # noqa: SIM118
            rows = handle.get_slice(key).get_shape()[0]
            if rows != len(ids):
                raise InputError(f"{self._file}: '{key}' has {rows} rows for {len(ids)} images")
        return handle


def ids_of(handle: Any) -> list[str] | None:  # noqa: ANN401 (safetensors' own class)
    """Give the ids that `lucidag.data.manifest.write_manifest` put beside arrays; None where there are none."""
    try:
        return [str(name) for name in json.loads(handle.metadata()[KEY])["images"]]
    except (TypeError, KeyError, ValueError):
        return None


def decode(path: str | Path) -> NDArray[np.uint8]:
    """Decode an image file to uint8 H x W x C.

    EXIF rotation is applied. Palette, CMYK and other colour spaces become RGB; transparency is composited
    on white; greyscale stays one channel; 16-bit greyscale is scaled to 8 bits (65,535 becomes 255).

    Raises
    ------
    UnreadableImageError
        If the file is missing, empty, truncated, no image, or of floating-point values.
    """
    with _opened(path) as image:
        transparent = image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info
        grey = image.mode in ("1", "L", "LA", "La", "I", "F") or image.mode.startswith("I;16")
        if image.mode.startswith("I;16") or image.mode in ("I", "F"):
            return _eight_bits(path, image)[:, :, None]
        if transparent:
            rgba = image.convert("RGBA")
            white = Image.new("RGBA", rgba.size, "white")
            image = Image.alpha_composite(white, rgba)
        mode = "L" if grey else "RGB"
        return _pixels(image if image.mode == mode else image.convert(mode))


def _pixels(image: Image.Image) -> NDArray[np.uint8]:
    """Give the pixels of an image of bytes, H x W x C, strip by strip: in one piece all would be copied twice."""
    width, height = image.size
    values = np.empty((height, width, len(image.getbands())), np.uint8)
    for top in range(0, height, STRIP):
        strip = values[top : top + STRIP]
        strip[:] = np.asarray(image.crop((0, top, width, top + len(strip)))).reshape(strip.shape)
    return values


def decode_mask(path: str | Path) -> NDArray[np.bool_]:
    """Decode a mask file to bool H x W.

    True where the image is in the brighter half of 0..255; in a file of 0 and 1 only, where it is 1.

    Raises
    ------
    UnreadableImageError
        As `decode`.
    """
    with _opened(path) as image:
        if image.mode.startswith("I;16") or image.mode in ("I", "F"):
            values = np.asarray(image)
            if values.max(initial=0) > 255:
                values = _eight_bits(path, image)
        elif image.mode == "P" and image.getextrema() in ((0, 0), (0, 1), (1, 1)):
            values = np.asarray(image)
        else:
            values = np.asarray(image.convert("L"))
    return values > (127 if values.max(initial=0) > 1 else 0)


@contextmanager
def _opened(path: str | Path) -> Iterator[Image.Image]:
    """Give the image in `path`, fully decoded and upright; what fails then or later names the path."""
    try:
        if Path(path).stat().st_size == 0:
            raise UnreadableImageError(path, "it is empty")
        with _open(path) as file:
            if (pixels := file.width * file.height) > MOST_PIXELS:
                raise UnreadableImageError(
                    path,
                    f"it has {file.width} x {file.height} = {pixels:,} pixels, and {MOST_PIXELS:,} are allowed: make "
                    "it smaller, or cut it",
                )
            file.load()
            ImageOps.exif_transpose(file, in_place=True)  # else even an upright image is copied
            yield file
    except FileNotFoundError as error:
        raise UnreadableImageError(path, "the file does not exist") from error
    except Image.UnidentifiedImageError as error:
        raise UnreadableImageError(path, "it is of no known image format") from error
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        cut = "truncated" in str(error).lower()
        reason = "it is truncated" if cut else getattr(error, "strerror", None) or str(error)
        raise UnreadableImageError(path, reason) from error


def _open(path: str | Path) -> Image.Image:
    """Open an image of `lucidag.data.walk.FORMATS`; the usual ones first, as the others take time to import."""
    try:
        return Image.open(path, formats=USUAL_FORMATS)
    except Image.UnidentifiedImageError:
        return Image.open(path, formats=formats())


def _eight_bits(path: str | Path, image: Image.Image) -> NDArray[np.uint8]:
    """Scale 16-bit greyscale to 8 bits; Pillow's own conversion would clip everything above 255."""
    values = np.asarray(image)
    if image.mode == "F" or values.min(initial=0) < 0 or values.max(initial=0) > 65535:
        raise UnreadableImageError(path, "its values are not those of 8 or 16 bits")
    return np.rint(values / 257).astype(np.uint8)
