"""Tables of images as people, programs and enemies write them: listed, split and read as a data set."""

import csv
import gzip
import io
import random
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from lucidag.data.manifest import read_manifest
from lucidag.data.sources.folder import Folder
from lucidag.data.store import store
from tests.campaigns.harness import Campaign
from tests.campaigns.mutate import WORDS, damaged, mixed

HEADERS = (("image", "label"), ("image", "label", "split"), ("file", "class", "age"), ("image", "label", "id", "mask"))
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "latin-1", "utf-32", "cp1252")
SPLITS = ("train", "test", "val")


def make(rng: random.Random) -> str:
    """Write twelve images and a table that names them, more or less."""
    images = [f"{row}.png" for row in range(12)]
    for row, image in enumerate(images):
        Path(image).write_bytes(_image(row))
    kind = rng.choice((_cells, _cells, _cells, _bytes, _bytes, _written, _large, _joined, _names))
    Path("keys").write_text("")
    content = kind(rng, images)
    Path("table.csv").write_bytes(content)
    return kind.__name__.strip("_")


def use() -> None:
    """Do with it what a dry run and the job after it do."""
    joined = ["more.csv"] if Path("more.csv").exists() else []
    source = Folder(source="folder", path="table.csv", join=joined)
    source.files()
    source.notes()
    source.known_images()
    source.known_classes()
    store("out", source.load(threads=1), 0.0, 0)
    manifest = read_manifest("out")
    assert len(manifest.labels()) == len(source.image_ids())
    assert list(manifest.table["label"]) == [row["label"] for row in source.image_rows(source.image_ids())]


@cache
def _image(row: int) -> bytes:
    buffer = io.BytesIO()
    values = np.random.default_rng(row).integers(0, 256, (9, 11), dtype=np.uint8)
    Image.fromarray(values).save(buffer, format="PNG")
    return buffer.getvalue()


def _row(rng: random.Random, name: str, row: int, image: str) -> str:
    plain = {
        "image": image,
        "file": image,
        "label": "ab"[row % 2],
        "class": "ab"[row % 2],
        "split": SPLITS[0 if row < 6 else 1],
        "age": str(row),
        "id": f"p{row // 2}",
        "mask": "",
    }
    return plain.get(name, rng.choice(WORDS))


def _table(rng: random.Random, images: list[str], odd: float) -> list[list[str]]:
    header = list(rng.choice(HEADERS))
    rows = [
        [rng.choice(WORDS) if rng.random() < odd else _row(rng, name, row, image) for name in header]
        for row, image in enumerate(images)
    ]
    if rng.random() < odd * 3:
        header[rng.randrange(len(header))] = rng.choice(WORDS)
    if rng.random() < 0.3:  # classes alone are odd: these may be used
        words = rng.sample(WORDS, 2)
        place = next((at for at, name in enumerate(header) if name in ("label", "class")), 0)
        for number, row in enumerate(rows):
            row[place] = words[number % 2]
    return [header, *rows]


def _as_csv(rows: list[list[str]], delimiter: str = ",") -> str:
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter).writerows(rows)
    return buffer.getvalue()


def _cells(rng: random.Random, images: list[str]) -> bytes:
    text = _as_csv(_table(rng, images, rng.choice((0.0, 0.02, 0.1, 0.5))), rng.choice(",,,;\t|"))
    return text.encode(rng.choice(ENCODINGS), "replace")


def _bytes(rng: random.Random, images: list[str]) -> bytes:
    return damaged(_as_csv(_table(rng, images, 0.0)).encode(), rng)[0]


def _written(rng: random.Random, images: list[str]) -> bytes:
    """Write the cells without a care for quotes."""
    rows = _table(rng, images, 0.1)
    if rng.random() < 0.3:
        rows[rng.randrange(len(rows))] *= rng.choice((0, 2, 500))
    text = rng.choice(("\n", "\r\n", "\r")).join(rng.choice((",", ";")).join(row) for row in rows)
    content = text.encode("utf-8", "replace")
    return gzip.compress(content) if rng.random() < 0.05 else content


def _large(rng: random.Random, images: list[str]) -> bytes:
    """Write very long cells, lines and headers, or very many lines."""
    header = "image,label"
    rows = [f"{image},{'ab'[row % 2]}" for row, image in enumerate(images)]
    size = rng.choice((1000, 200_000, 3_000_000))
    kind = rng.randrange(6)
    if kind == 0:
        header += f",{'h' * size}"
    elif kind == 1:
        rows[0] = f'{images[0]},"{"x" * size}"'
    elif kind == 2:
        header += "," * min(size, 100_000)
    elif kind == 3:
        rows[-1] = f'{images[-1]},"' + "b\n" * (size // 2)  # a quote that never ends
    elif kind == 4:
        rows += [f"{row}-missing.png,a" for row in range(size // 20)]
    else:
        rows = [f"{images[0]}{'/..' * (size // 3)},a", *rows]
    return "\n".join([header, *rows]).encode()


def _joined(rng: random.Random, images: list[str]) -> bytes:
    rows = _table(rng, images, 0.0)
    more = [["image", "site"], *([image, rng.choice(WORDS) if rng.random() < 0.2 else "s"] for image in images)]
    content = _as_csv(more).encode("utf-8", "replace")
    Path("more.csv").write_bytes(damaged(content, rng)[0] if rng.random() < 0.5 else content)
    return _as_csv(rows).encode()


def _names(rng: random.Random, images: list[str]) -> bytes:
    """Give images odd names, which are there."""
    renamed = []
    for row, image in enumerate(images):
        name = f"{mixed(WORDS, rng)[:60]}{row}.png".replace("/", "_").replace("\0", "0")
        try:
            Path(image).rename(name)
        except (OSError, ValueError):
            name = image
        renamed.append(name)
    return _as_csv(_table(rng, renamed, 0.0)).encode("utf-8", "replace")


CAMPAIGN = Campaign("tables", make, use)
