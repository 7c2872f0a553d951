"""Images of two classes in files of their own, with masks and a table of labels."""

import random
from pathlib import Path

from PIL import Image, ImageDraw


def draw_images(folder: Path) -> None:
    """Draw 24 images of two classes at two sites, two images a patient, each with its mask."""
    draw = random.Random(0)
    (folder / "masks").mkdir(parents=True)
    rows = ["image,diagnosis,site,patient,outline"]
    for number in range(24):
        label = ("round", "square")[number // 2 % 2]
        colour = tuple(draw.randrange(100, 256) for _ in range(3))
        box = (2, 2, draw.randrange(9, 14), draw.randrange(9, 14))
        pixels, mask = Image.new("RGB", (16, 16)), Image.new("L", (16, 16))
        for image, fill in ((pixels, colour), (mask, 255)):
            pen = ImageDraw.Draw(image)
            (pen.ellipse if label == "round" else pen.rectangle)(box, fill=fill)
        pixels.save(folder / f"{number:02}.png")
        mask.save(folder / "masks" / f"{number:02}.png")
        rows.append(f"{number:02}.png,{label},{('hand', 'foot')[number % 2]},p{number // 2},masks/{number:02}.png")
    (folder / "labels.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
