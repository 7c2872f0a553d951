"""How a table is read, joined and its numbers and labels understood: as pandas does it, over many made-up tables."""

import random
import string
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lucidag.data.decimals import with_points
from lucidag.data.headings import find_headings
from lucidag.data.joined import join_sheets
from lucidag.data.one_hot import find_one_hot, read_one_hot
from lucidag.data.sheet import Sheet, read_sheet
from lucidag.ground.errors import InputError

SIGNS = string.ascii_letters + string.digits + ",;|\t\"\n 'äÖéß.-_/\\"


def words(draw: random.Random, number: int) -> list[str]:
    return ["".join(draw.choices(SIGNS, k=draw.randrange(1, 9))).strip() or "x" for _ in range(number)]


def frame(seed: int, rows: int = 12) -> pd.DataFrame:
    """Return a table of words, with names that are hard to divide."""
    draw = random.Random(seed)
    names = ["image", "a;b", "c,d", 'e"f', "g\th", "i|j", "k l"][: draw.randrange(3, 8)]
    return pd.DataFrame({name: words(draw, rows) for name in names})


def as_frame(sheet: Sheet) -> pd.DataFrame:
    return pd.DataFrame([row for _, row in sheet.rows], columns=sheet.header)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("seed", range(6))
def test_what_pandas_writes_is_read_whatever_is_in_the_cells(
    tmp_path: Path, seed: int, delimiter: str, encoding: str
) -> None:
    expected = frame(seed)
    draw = random.Random(seed)
    quoting, ending = draw.choice([0, 1]), draw.choice(["\n", "\r\n"])
    file = tmp_path / "t.csv"
    expected.to_csv(file, index=False, sep=delimiter, encoding=encoding, quoting=quoting, lineterminator=ending)
    told = encoding if encoding == "cp1252" else None  # letters in a row could be of any encoding
    pd.testing.assert_frame_equal(as_frame(read_sheet(file, delimiter, told)), expected)
    found = read_sheet(file, None, told, lambda header: "image" in header)
    pd.testing.assert_frame_equal(as_frame(found), expected)


@pytest.mark.parametrize("seed", range(8))
def test_a_decimal_comma_is_the_point_of_the_same_number(seed: int) -> None:
    draw = np.random.default_rng(seed)
    numbers = draw.normal(scale=10.0 ** draw.integers(-3, 7), size=30)
    english = [f"{number:,.4f}" for number in numbers]
    german = [text.translate(str.maketrans(",.", ".,")) for text in english]
    for delimiter in ";\t|":
        written = with_points([*german, ""], delimiter)
        assert written is not None
        assert [float(text) for text in written[:-1]] == [float(text.replace(",", "")) for text in english]
        assert written[-1] == ""
    assert with_points(german, ",") is None


@pytest.mark.parametrize(
    ("cells", "delimiter", "written"),
    [
        (["1,5E-3", "2"], ";", ["1.5E-3", "2"]),
        (["1,234"], ";", ["1.234"]),
        (["1,234", "12,345,678"], "\t", None),  # thousands, or decimals: nobody can tell
        (["1,234", "0,5"], "\t", ["1.234", "0.5"]),
        (["3.5", "3,5"], ";", None),
        (["1", "2"], ";", None),
        (["a,b", "3,5"], ";", None),
        (["1,2,3"], ";", None),
        (["", ""], ";", None),
    ],
)
def test_what_is_a_decimal_comma(cells: list[str], delimiter: str, written: list[str] | None) -> None:
    assert with_points(cells, delimiter) == written


def sheet(table: pd.DataFrame, name: str = "t.csv") -> Sheet:
    rows = [(line, dict(row)) for line, row in enumerate(table.astype(str).to_dict("records"), start=2)]
    return Sheet(Path(name), list(table.columns), rows, dict.fromkeys(table.columns, ","))


@pytest.mark.parametrize("key", [["p"], ["p", "eye"]])
@pytest.mark.parametrize("seed", range(8))
def test_tables_are_joined_as_pandas_merges_them(seed: int, key: list[str]) -> None:
    draw = np.random.default_rng(seed)
    images = pd.DataFrame({"image": [f"{i}.png" for i in range(30)], "p": draw.integers(0, 12, 30).astype(str)})
    images["eye"] = draw.choice(["l", "r"], 30)
    people = pd.DataFrame([(str(p), eye) for p in range(14) for eye in "lr"], columns=["p", "eye"])
    people = people.drop_duplicates(key)[key].sample(frac=0.8, random_state=seed)
    people["age"] = draw.integers(0, 99, len(people)).astype(str)
    expected = images.merge(people, on=key, how="left", validate="many_to_one").fillna("")
    joined = join_sheets(sheet(images), sheet(people, "p.csv"), key)
    pd.testing.assert_frame_equal(as_frame(joined), expected)
    lonely = int((expected["age"] == "").sum())
    known = {tuple(row) for row in images[key].to_numpy()}
    unused = sum(tuple(row) not in known for row in people[key].to_numpy())
    said = " ".join(joined.notes)
    assert (f"no row for {lonely} of 30 images" in said) == (lonely > 0)
    assert (f"belong to no image: {unused}" in said) == (unused > 0)
    renamed = people.rename(columns=dict(zip(key, ["x", "y"], strict=False)))
    other = join_sheets(sheet(images), sheet(renamed, "p.csv"), dict(zip(key, ["x", "y"], strict=False)))
    assert other.rows == joined.rows
    if len(key) == 1:
        again = join_sheets(sheet(images.drop(columns="eye")), sheet(people, "p.csv"))
        pd.testing.assert_frame_equal(as_frame(again), expected.drop(columns="eye"))


@pytest.mark.parametrize("written", [("1", "0"), ("1.0", "0.0"), ("True", "False"), ("TRUE", "false"), ("1", "0.000")])
@pytest.mark.parametrize("seed", range(4))
def test_classes_are_those_of_pandas_idxmax(seed: int, written: tuple[str, str]) -> None:
    draw = np.random.default_rng(seed)
    truth = draw.integers(0, 5, 40)
    numbers = pd.DataFrame(np.eye(6, dtype=int)[truth], columns=list("fbdace"))
    table = numbers.replace({0: "x", 1: "y"}).replace({"x": written[1], "y": written[0]})
    table.insert(2, "age", draw.integers(2, 90, 40).astype(str))
    rows = sheet(table).rows
    columns = find_one_hot(Path("t.csv"), rows, list(table.columns))
    assert columns == list("fbdace")
    labels, notes = read_one_hot(Path("t.csv"), rows, columns)
    assert labels == numbers.idxmax(axis=1).tolist()
    unused = [name for name in "fbdace" if not numbers[name].any()]
    assert notes == [f"left out as a class without an image: column {', '.join(unused)}"]
    line = int(draw.integers(0, 40))
    for value in (0, 1):  # none, or all
        table.loc[line, list("fbdace")] = written[0] if value else written[1]
        with pytest.raises(InputError, match=rf"line {line + 2} has {6 * value} of them"):
            find_one_hot(Path("t.csv"), sheet(table).rows, list(table.columns))
        with pytest.raises(InputError, match=rf"t.csv, line {line + 2}: the image is of {'6' if value else 'none'}"):
            read_one_hot(Path("t.csv"), sheet(table).rows, columns)


@pytest.mark.parametrize(
    ("header", "told", "expected"),
    [
        ("image label split mask id", {}, "image label split mask id"),
        ("ImageID dx", {}, "ImageID dx - - -"),
        ("Image Label", {}, "Image Label - - -"),
        ("Image-Path TARGET id", {}, "Image-Path TARGET - - id"),
        ("id label", {"image": "id"}, "id label - - -"),  # and not the patient too
        ("id_code diagnosis", {}, "id_code diagnosis - - -"),
        ("file class category", {"label": "class"}, "file class - - -"),
        ("image file class", {}, "image class - - -"),
        ("image class", {"image": "image", "label": "class", "split": None}, "image class - - -"),
        ("image split", {"label": "split"}, "image split - - -"),
        ("path finding", {}, "path - - - -"),  # the classes may have columns
    ],
)
def test_which_column_has_which_role(header: str, told: dict, expected: str) -> None:
    columns = find_headings("t.csv", header.split(), told).columns
    assert " ".join(columns.get(role, "-") for role in ("image", "label", "split", "mask", "id")) == expected
