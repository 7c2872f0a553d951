"""Images with object polygons in LabelMe's style of XML, as files and numbers: standard library only."""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from lucidag.data.roles import split_of
from lucidag.data.walk import walk
from lucidag.ground.errors import InputError
from lucidag.ground.files import is_file, is_folder

CLASSES, OBJECTS = "categories.txt", "object_categories.txt"
DIGITS = 9  # of the number of a class or an object
FARTHEST = 1e6  # pixels: what is farther is no place
DECLARATION = re.compile(rb"\A\s*<\?xml[^>]*\?>")

NO_XML, NO_IMAGE = "images without annotation", "annotations without image"
NO_POLYGON, UNREADABLE = "objects without polygon", "polygons with unreadable points"
UNKNOWN, FLAT = "objects of unknown number", "polygons without area"


@dataclass(frozen=True)
class Annotated:
    """An image file and the XML file that tells what is in it.

    Attributes
    ----------
    relative
        The path of the image below ``images/``, with forward slashes; without the split where there is only one.
    image, xml
        The files as they can be opened from the working directory.
    split
        The split folder that they are in; None where the source has no such folders.
    """

    relative: str
    image: str
    xml: str
    split: str | None


@dataclass(frozen=True)
class Polygon:
    """The outline of one object: its number in ``object_categories.txt`` and its corners in pixels from 1."""

    number: int
    points: tuple[tuple[float, float], ...]

    @property
    def area(self) -> float:
        """The area in square pixels by the shoelace formula."""
        following = (*self.points[1:], self.points[0])
        crossed = (x * below - right * y for (x, y), (right, below) in zip(self.points, following, strict=True))
        return abs(math.fsum(crossed)) / 2


@dataclass(frozen=True)
class Annotation:
    """What an XML file says: the number of the image's class, its polygons, and how often what was passed over."""

    label: int
    polygons: tuple[Polygon, ...]
    irregular: Counter[str]


def files_of(path: str | Path) -> list[str]:
    """Give the files that a source consists of: both lists of names, images and annotations.

    Raises
    ------
    InputError
        As `annotated`, or if a list is missing.
    """
    lists = [Path(path) / name for name in (CLASSES, OBJECTS)]
    for file in lists:
        if not is_file(file):
            raise InputError(f"{file} does not exist")
    found, _ = annotated(path)
    return [str(file) for file in lists] + [file for each in found for file in (each.image, each.xml)]


def annotated(path: str | Path) -> tuple[list[Annotated], Counter[str]]:
    """Pair the images in ``images/`` with the XML files of the same relative path in ``objects/``, sorted.

    Where all folders directly in ``images/`` bear the name of a split, they are splits. What `lucidag.data.walk`
    leaves out is counted.

    Returns
    -------
    found, irregular
        The pairs; and how many images and annotations lack the other.

    Raises
    ------
    InputError
        If a folder is missing, two images differ in their suffix alone, or there is no pair.
    """
    images, objects = Path(path) / "images", Path(path) / "objects"
    for folder in (images, objects):
        if not is_folder(folder):
            raise InputError(f"{folder} does not exist; polygons need the folders images/ and objects/")
    frames: dict[str, Path] = {}
    tree = walk(images)
    for place in tree.images:
        file = images.joinpath(*place)
        other = frames.setdefault(file.relative_to(images).with_suffix("").as_posix(), file)
        if other != file:
            raise InputError(f"{other} and {file} are two images for one annotation")
    annotations = walk(objects, accept=lambda name: name.lower().endswith(".xml"))
    texts = [objects.joinpath(*place) for place in annotations.images]
    xml = {file.relative_to(objects).with_suffix("").as_posix(): file for file in texts}
    both = [name for name in frames if name in xml]
    if not both:
        raise InputError(f"{path}: no image in images/ has an XML file of the same path in objects/")
    irregular = Counter({NO_XML: len(frames.keys() - xml.keys()), NO_IMAGE: len(xml.keys() - frames.keys())})
    irregular += tree.left_out
    tops = {place[0] for place in tree.folders}
    named = all(map(split_of, tops))
    found = []
    for name in both:
        split, _, below = name.partition("/")
        relative = frames[name].relative_to(images)
        short = relative.relative_to(split) if named and len(tops) == 1 and below else relative
        found.append(
            Annotated(
                short.as_posix(), frames[name].as_posix(), xml[name].as_posix(), split_of(split) if named else None
            )
        )
    return found, irregular


def left_out_notes(irregular: Mapping[str, int]) -> list[str]:
    """Say what of the folders is left out: the second of what `annotated` gives."""
    counts = [f"{number} {what}" for what, number in sorted(irregular.items()) if number]
    return [f"left out: {'; '.join(counts)}"] if counts else []


def read_names(file: str | Path) -> tuple[str, ...]:
    """Read a list of lines ``name number`` whose numbers are 0, 1, 2, ... in any order.

    Returns
    -------
    tuple of str
        The names by number; of ``/b/bakery/shop``, a path below the folder of its first letter, ``bakery/shop``.

    Raises
    ------
    InputError
        If the file is missing, a line is something else, or a number or a name is missing or listed twice.
    """
    try:
        lines = Path(file).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file} cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8'}") from error
    names: dict[int, str] = {}
    for line, text in enumerate(lines, start=1):
        name, _, number = text.strip().rpartition(" ")
        if not name or not number.isdecimal() or len(number) > DIGITS:
            raise InputError(f"{file}, line {line}: '{text}' is no name with its number, such as 'bed 9'")
        name = re.sub(r"^/(\w)/(?=\1)", "", name.strip())
        if int(number) in names or name in names.values():
            raise InputError(f"{file}, line {line}: name '{name}' or number {number} is listed twice")
        names[int(number)] = name
    missing = [number for number in range(len(names)) if number not in names]
    if missing or not names:
        raise InputError(f"{file}: number {missing[0] if missing else 0} is missing; they must count from 0")
    return tuple(names[number] for number in range(len(names)))


def read_annotation(file: str | Path, classes: Sequence[str], objects: Sequence[str]) -> Annotation:
    """Read one XML file, with or without a root element.

    Elements read: ``class`` of the image, and of each of ``objects`` its ``class`` and its ``polygon`` of ``pt`` with
    ``x`` and ``y``. What cannot be painted is passed over and counted: objects without a polygon or of a number that
    `objects` lacks, polygons with a point that is no place, and those without area.

    Parameters
    ----------
    file
        The XML file.
    classes, objects
        The names that numbers may refer to.

    Raises
    ------
    InputError
        If the file is missing or no XML, or names no class of `classes`, or several.
    """
    try:
        content = DECLARATION.sub(b"", Path(file).read_bytes())
        root = ElementTree.fromstring(b"<root>" + content + b"</root>")  # noqa: S314 (expat limits what entities grow to)
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror or error}") from error
    except (ElementTree.ParseError, UnicodeDecodeError, LookupError) as error:
        raise InputError(f"{file} is no XML: {error}") from error
    top = root if root.find("class") is not None else next(iter(root), root)
    several = {(each.text or "").strip() for each in top.findall("class")}
    if len(several) > 1:
        raise InputError(
            f"{file}: the image has several classes at once ({', '.join(sorted(several))}), and it can have one only"
        )
    label = _number(top.findtext("class"))
    if label is None or not 0 <= label < len(classes):
        raise InputError(f"{file}: the image's class is '{top.findtext('class')}'; allowed: 0 to {len(classes) - 1}")
    polygons, irregular = [], Counter[str]()
    for one in top.findall("objects"):
        number = _number(one.findtext("class"))
        if number is None or not 0 <= number < len(objects):
            irregular[UNKNOWN] += 1
            continue
        outlines = one.findall("polygon")
        irregular[NO_POLYGON] += not outlines
        for outline in outlines:
            points = _points(outline)
            if points is None:
                irregular[UNREADABLE] += 1
            elif len(points) < 3 or not (polygon := Polygon(number, points)).area:
                irregular[FLAT] += 1
            else:
                polygons.append(polygon)
    return Annotation(label, tuple(polygons), irregular)


def _points(outline: ElementTree.Element) -> tuple[tuple[float, float], ...] | None:
    try:
        points = [(float(point.findtext("x") or ""), float(point.findtext("y") or "")) for point in outline.iter("pt")]
    except ValueError:
        return None
    return tuple(points) if all(abs(value) <= FARTHEST for point in points for value in point) else None


def _number(text: str | None) -> int | None:
    stripped = (text or "").strip()
    return int(stripped) if stripped.isdecimal() and len(stripped) <= DIGITS else None
