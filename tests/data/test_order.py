"""In which order classes stand, where nobody lists them."""

import random

import pytest
from torchvision.datasets import ImageFolder

from lucidag.data.order import class_order
from lucidag.data.sources.folder import Folder


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("number", [2, 10, 11, 12, 120])
@pytest.mark.parametrize("written", ["{}", "{}.0", "{:03d}"])
def test_whole_numbers_of_a_table_are_their_own_indices(seed, number, written):
    labels = [written.format(i) for i in range(number)] * 2
    random.Random(seed).shuffle(labels)
    classes, _ = class_order(labels, of_table=True)
    assert [int(float(name)) for name in classes] == list(range(number))


def test_a_table_and_a_folder_of_the_same_numbers_differ_and_say_so(tmp_path):
    rows = ["image,label"]
    for label in range(12):
        file = tmp_path / "pics" / str(label) / "x.png"
        file.parent.mkdir(parents=True)
        file.write_bytes(b"not looked at")
        rows.append(f"pics/{label}/x.png,{label}")
    (tmp_path / "t.csv").write_text("\n".join(rows))
    table = Folder(source="folder", path=str(tmp_path / "t.csv"))
    folder = Folder(source="folder", path=str(tmp_path / "pics"))
    assert table.known_classes() == [str(label) for label in range(12)]
    assert folder.known_classes() == ImageFolder(str(tmp_path / "pics")).classes  # what networks are trained with
    assert folder.known_classes()[:4] == ["0", "1", "10", "11"]
    (said,) = table.notes()
    assert "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 (whole numbers sort as numbers)" in said
    (said,) = folder.notes()
    assert "0, 1, 10, 11, 2" in said
    assert "ImageFolder" in said
    listed = Folder(source="folder", path=str(tmp_path / "pics"), classes=[str(label) for label in range(12)])
    assert listed.known_classes() == [str(label) for label in range(12)]
    assert listed.notes() == []


@pytest.mark.parametrize(
    ("labels", "order", "doubts"),
    [
        (["benign", "malignant"], ["benign", "malignant"], 0),
        (["1", "2", "3"], ["1", "2", "3"], 0),
        (["0", "1"], ["0", "1"], 0),
        (["-1", "1"], ["-1", "1"], 0),
        (["10", "9", "-2"], ["-2", "9", "10"], 1),
        (["0", "1", "3"], ["0", "1", "3"], 1),  # a network that knows 2 too has another index for 3
        (["1", "1000", "3"], ["1", "3", "1000"], 1),  # numbers that are no indices have no gaps
        (["c1", "c10", "c2"], ["c1", "c10", "c2"], 1),
        (["1", "10", "2", "nan"], ["1", "10", "2", "nan"], 1),  # one of them is no number
        (["1.5", "10.5", "2.5"], ["1.5", "10.5", "2.5"], 1),
        (["07", "7"], ["07", "7"], 1),
        (["Benign", "benign"], ["Benign", "benign"], 1),
        (["e\u0301", "\u00e9"], ["e\u0301", "\u00e9"], 1),
        (["-", "007", "1e5", "nan"], ["-", "007", "1e5", "nan"], 1),  # 1e5 may stand before 7
        (["-", "0", "a"], ["-", "0", "a"], 0),
        (["nan", "NA", "null", "None", ""], ["", "NA", "None", "nan", "null"], 0),
    ],
)
def test_what_is_doubtful_is_said(labels, order, doubts):
    classes, notes = class_order(labels, of_table=True)
    assert list(classes) == order
    assert len(notes) == doubts
