"""Folders of images with polygon files in XML, damaged and malicious."""

import random
from functools import cache
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from lucidag.data.sources.polygons import Polygons
from tests.campaigns.harness import Campaign
from tests.campaigns.mutate import WORDS, damaged

POINTS = "<pt><x>2</x><y>2</y></pt><pt><x>9</x><y>2</y></pt><pt><x>9</x><y>8</y></pt>"
GOOD = "<class>{label}</class><objects><class>1</class><polygon>{points}</polygon></objects>"
VALUES = (*WORDS, "1e308", "-1e308", "inf", "-0", "1e6", "٣", "²", "1" * 4999)
HEADS = ("", '<?xml version="1.0"?>', '<?xml version="1.0" encoding="UTF-16"?>', '<?xml version="1.0" encoding="x"?>')


def make(rng: random.Random) -> str:
    """Write a folder of four images whose first annotation is odd."""
    for folder in ("images/train", "images/test", "objects/train", "objects/test"):
        Path("set", folder).mkdir(parents=True)
    for place, label in (("train/a", 0), ("train/b", 1), ("test/c", 0), ("test/d", 1)):
        Path("set/images", f"{place}.png").write_bytes(_image())
        Path("set/objects", f"{place}.xml").write_text(GOOD.format(label=label, points=POINTS))
    lists = {"categories.txt": "/b/bed 0\n/h/hall 1\n", "object_categories.txt": "lamp 0\nchair 1\n"}
    for name, text in lists.items():
        Path("set", name).write_text(text)
    kind = rng.choice((_values, _values, _bytes, _bytes, _entities, _outside, _deep, _many, _lists))
    kind(rng)
    return kind.__name__.strip("_")


def use() -> None:
    """List and load the folder."""
    source = Polygons(source="polygons", path="set", splits=None, min_images=1)
    source.files()
    source.notes()
    source.known_classes()
    source.load()


@cache
def _image() -> bytes:
    buffer = BytesIO()
    Image.fromarray(np.full((12, 14, 3), 90, np.uint8)).save(buffer, format="PNG")
    return buffer.getvalue()


def _write(text: str | bytes) -> None:
    content = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    Path("set/objects/train/a.xml").write_bytes(content)


def _values(rng: random.Random) -> None:
    points = "".join(
        f"<pt><x>{rng.choice(VALUES) if rng.random() < 0.3 else rng.randrange(-3, 20)}</x>"
        f"<y>{rng.choice(VALUES) if rng.random() < 0.3 else rng.randrange(-3, 20)}</y></pt>"
        for _ in range(rng.randrange(0, 8))
    )
    label = rng.choice(VALUES) if rng.random() < 0.4 else rng.randrange(-1, 3)
    body = GOOD.format(label=label, points=points)
    _write(rng.choice(HEADS) + (f"<annotation>{body}</annotation>" if rng.random() < 0.5 else body))


def _bytes(rng: random.Random) -> None:
    _write(damaged(GOOD.format(label=0, points=POINTS).encode(), rng)[0])


def _entities(rng: random.Random) -> None:
    levels, each = rng.choice(((9, 10), (30, 2), (3, 400), (1, 1)))
    lines = ['<!ENTITY e0 "lol">'] + [
        f'<!ENTITY e{level} "{"".join([f"&e{level - 1};"] * each)}">' for level in range(1, levels + 1)
    ]
    _write(f"<!DOCTYPE r [{''.join(lines)}]><r><class>&e{levels};</class></r>")


def _outside(rng: random.Random) -> None:
    where = rng.choice(("file:///etc/passwd", "http://127.0.0.1:9/x", "../../../../canary", "file:///dev/zero"))
    body = GOOD.format(label="&out;", points=POINTS)
    _write(f'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY out SYSTEM "{where}">]><r>{body}</r>')


def _deep(rng: random.Random) -> None:
    depth = rng.choice((100, 10_000, 200_000))
    _write("<a>" * depth + "<class>0</class>" + "</a>" * depth)


def _many(rng: random.Random) -> None:
    number = rng.choice((10, 1000, 30_000))
    _write(GOOD.format(label=0, points="".join(f"<pt><x>{i % 15}</x><y>{i % 7}</y></pt>" for i in range(number))))


def _lists(rng: random.Random) -> None:
    file = Path("set", rng.choice(("categories.txt", "object_categories.txt")))
    if rng.random() < 0.5:
        file.write_bytes(damaged(file.read_bytes(), rng)[0])
    else:
        file.write_bytes(f"{rng.choice(VALUES)} 0\n{rng.choice(VALUES)} {rng.choice(VALUES)}\n".encode())


CAMPAIGN = Campaign("polygons", make, use)
