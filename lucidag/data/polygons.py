"""A data set of image files with object polygons in LabelMe's style of XML, as MiniPlaces has them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from lucidag.data.entry import Entry, image_ids
from lucidag.data.images import decode
from lucidag.data.labelme import (
    CLASSES,
    OBJECTS,
    Annotated,
    Polygon,
    annotated,
    left_out_notes,
    read_annotation,
    read_names,
)
from lucidag.data.looks import Look, look
from lucidag.data.source import Source
from lucidag.data.splits import assign
from lucidag.ground.errors import InputError
from lucidag.ground.progress import track
from lucidag.ground.spelling import unknown

CATEGORY = "object"
MOST_NAMES = 255
OUTSIDE, EMPTY = "polygons that leave the image", "images without polygon"
SMALL, LEFT_OUT = "classes with too few images", "images of other classes"
NEVER = "object names without a pixel"
_MOST_NAMED = 3


@dataclass(frozen=True)
class _Seen:
    """One image looked at: its class, its label map, and what was irregular."""

    label: int
    objects: NDArray[np.uint8]
    irregular: Counter[str]
    look: Look


def load(
    path: str,
    classes: Sequence[str] | None,
    min_images: int,
    shares: Mapping[str, float] | None,
    seed: int,
    threads: int = 4,
) -> Source:
    """Give the images, each with the class of its scene and a label map of the objects in it (see `paint`).

    Classes are in the order of ``categories.txt``, unless they are listed. Ids are relative paths without suffix,
    ``-`` for ``/``. `irregularities` counts what was passed over, or painted although it is not regular.

    Parameters
    ----------
    path
        The folder.
    classes, min_images
        The classes to keep (None: all) that have so many images.
    shares, seed
        Of the splits; None where folders are the splits.
    threads
        How many images are decoded at a time.

    Raises
    ------
    InputError
        If a file or folder is missing or unreadable, images differ in size, no image is left, a class does not
        exist, a split has no images or the shares do not fit.
    """
    names, objects = (read_names(Path(path) / file) for file in (CLASSES, OBJECTS))
    if len(objects) > MOST_NAMES:
        raise InputError(f"{Path(path) / OBJECTS} has {len(objects)} names; a label map holds {MOST_NAMES}")
    found, irregular = annotated(path)
    notes = left_out_notes(irregular)
    seen = _look(path, found, names, objects, threads)
    kept, order, left_out = _kept(path, [names[each.label] for each in seen], names, classes, min_images)
    found, seen = [found[row] for row in kept], [seen[row] for row in kept]
    for each in seen:
        irregular += each.irregular
    maps = np.stack([each.objects for each in seen])
    irregular += left_out
    irregular[NEVER] = len(objects) - len(np.setdiff1d(maps, 0))
    labels = [names[each.label] for each in seen]
    entries = [Entry(each.relative, each.image, label) for each, label in zip(found, labels, strict=True)]
    table = pd.DataFrame(
        {
            "image": image_ids(entries),
            "path": [each.image for each in found],
            "label": labels,
            "split": _splits(path, found, labels, shares, seed),
        }
    )
    return Source(
        table,
        order,
        concepts={CATEGORY: maps},
        concept_names={CATEGORY: objects},
        irregularities={name: count for name, count in sorted(irregular.items()) if count},
        notes=notes,
        looks=[each.look for each in seen],
    )


def paint(polygons: Sequence[Polygon], height: int, width: int) -> NDArray[np.uint8]:
    """Paint polygons into a label map.

    The largest polygon is painted first, so that what lies in or on something is seen; equal ones in their order.
    Corners are pixels counted from 1 (rounded, should they lie between), and the outline belongs to the object; what
    lies outside the image is cut off. Where an outline crosses itself the even-odd rule decides (`PIL.ImageDraw`).

    Returns
    -------
    array
        uint8 H x W: 0 where there is no object, i + 1 where there is object number i.
    """
    image = Image.new("L", (width, height), 0)
    brush = ImageDraw.Draw(image)
    for polygon in sorted(polygons, key=lambda each: -each.area):
        corners = [(round(x) - 1, round(y) - 1) for x, y in polygon.points]
        brush.polygon(corners, fill=polygon.number + 1, outline=polygon.number + 1)
    return np.asarray(image)


def _look(
    path: str | Path, found: Sequence[Annotated], names: Sequence[str], objects: Sequence[str], threads: int
) -> list[_Seen]:
    """Decode every image and paint its polygons; stop at what cannot be read, and where sizes differ."""

    def see(each: Annotated) -> _Seen | str:
        try:
            annotation = read_annotation(each.xml, names, objects)
            image = decode(each.image)
        except InputError as error:
            return str(error)
        height, width = image.shape[:2]
        irregular = annotation.irregular
        corners = [polygon.points for polygon in annotation.polygons]
        irregular[OUTSIDE] += sum(any(not (1 <= x <= width and 1 <= y <= height) for x, y in each) for each in corners)
        irregular[EMPTY] += not annotation.polygons
        return _Seen(annotation.label, paint(annotation.polygons, height, width), irregular, look(image))

    with ThreadPoolExecutor(threads) as pool:
        seen = list(track(pool.map(see, found), "paint polygons", len(found)))
    faults = [each for each in seen if isinstance(each, str)]
    if faults:
        more = f"; and {len(faults) - _MOST_NAMED} more" if len(faults) > _MOST_NAMED else ""
        raise InputError("; ".join(faults[:_MOST_NAMED]) + more)
    whole = [each for each in seen if isinstance(each, _Seen)]
    shapes: dict[tuple[int, ...], str] = {}
    for each, where in zip(whole, found, strict=True):
        shapes.setdefault(each.objects.shape, where.image)
    if len(shapes) > 1:
        (one, here), (other, there) = list(shapes.items())[:2]
        raise InputError(
            f"{path}: the images must have one size, but {here} is {one[1]} x {one[0]} pixels and {there} "
            f"{other[1]} x {other[0]}"
        )
    return whole


def _kept(
    path: str | Path, labels: Sequence[str], names: Sequence[str], classes: Sequence[str] | None, min_images: int
) -> tuple[list[int], tuple[str, ...], Counter[str]]:
    """Give the rows and the classes that stay, and count what does not."""
    number = Counter(labels)
    for name in classes or ():
        if name not in number:
            raise InputError(f"{path}: {unknown('class', name, [each for each in names if each in number])}")
    if classes is not None and len(set(classes)) < len(classes):
        raise InputError(f"{path}: a class is listed twice in 'classes'")
    wanted = [name for name in (names if classes is None else classes) if name in number]
    order = tuple(name for name in wanted if number[name] >= min_images)
    if not order:
        raise InputError(f"{path}: no class has {min_images} images or more; the largest has {max(number.values())}")
    rows = [row for row, label in enumerate(labels) if label in order]
    return rows, order, Counter({SMALL: len(wanted) - len(order), LEFT_OUT: len(labels) - len(rows)})


def _splits(
    path: str | Path,
    found: Sequence[Annotated],
    labels: Sequence[str],
    shares: Mapping[str, float] | None,
    seed: int,
) -> list[str]:
    if shares is not None:
        return assign(labels, shares, seed)
    given = [each.split for each in found if each.split is not None]
    if "test" not in given:
        there = f"; there are: {', '.join(sorted(set(given)))}" if given else ""
        raise InputError(f"{path} has no folder images/test{there}; give 'splits' with the share of each split")
    return given
