"""Every line of the tables about one's own data: the files are made, and what comes out is looked at."""

import re
from pathlib import Path

import pytest
from PIL import Image

from lucidag.data.sources.folder import Folder
from lucidag.ground.errors import InputError

PAGE = Path(__file__).parents[2] / "docs" / "own-data.md"
HALVES = {"train": 0.5, "val": 0, "test": 0.5}


def lines(heading: str) -> list[list[str]]:
    """Give the cells of the table under a heading."""
    text = PAGE.read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    rows = [line.strip("|").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row] for row in rows[1:]]


def words(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def make(root: Path, cell: str) -> str:
    """Make the files or the CSV that a cell shows, all images different; give their path."""
    shown = words(cell)
    table = shown[0].startswith("image,")
    names = [row.partition(",")[0] for row in shown[1:]] if table else shown
    for number, name in enumerate(dict.fromkeys(names)):
        file = root / "data" / name
        (file if name.endswith("/") else file.parent).mkdir(parents=True, exist_ok=True)
        if file.suffix == ".txt":
            file.write_text("not an image")
        elif not name.endswith("/"):
            Image.new("RGB", (6, 4), (number * 20, 9, 90)).save(file)
    if table:
        (root / "data" / "t.csv").write_text("\n".join(shown), encoding="utf-8")
    return str(root / "data" / "t.csv" if table else root / "data")


@pytest.mark.parametrize("row", lines("Folders") + lines("Tables"), ids=lambda row: row[0][:40])
def test_a_line_holds(tmp_path, row):
    files, classes, splits, ids = row
    section = Folder(source="folder", path=make(tmp_path, files), splits=HALVES)
    assert ", ".join(section.known_classes()) == classes
    assert section.image_ids() == words(ids)
    assert all(Path(file).is_file() for file in section.files())
    listing = section.listing()
    given = [entry.split for entry in listing.entries]
    assert given == ([None] * len(given) if splits.startswith("by shares") else splits.split(", "))
    if splits.endswith("each id in one"):
        table = section.load().table
        assert (table.groupby("id")["split"].nunique() == 1).all()
        assert table["split"].nunique() == 2
    kept = len(listing.entries) + sum(listing.left_out.values())
    assert kept == len(words(files)) - words(files)[0].startswith("image,")


@pytest.mark.parametrize("row", lines("Refused"), ids=lambda row: row[0][:40])
def test_a_line_is_refused(tmp_path, row):
    section = Folder(source="folder", path=make(tmp_path, row[0]), splits=HALVES)
    with pytest.raises(InputError) as caught:
        section.files()
    assert row[1] in str(caught.value)
    assert "\n" not in str(caught.value)
