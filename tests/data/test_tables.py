"""Tables as spreadsheets and programs write them: what comes out is right, or one sentence says what to do."""

import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image
from pydantic import ValidationError

from lucidag.data.manifest import read_manifest
from lucidag.data.sources.folder import Folder
from lucidag.data.store import store
from lucidag.ground.errors import InputError
from tests.data.tables import READ, REFUSED, Case

PAGE = Path(__file__).parents[2] / "docs" / "own-data.md"
TESTED = {"train": 0.0, "val": 0.0, "test": 1.0}


def filled(words: Any, here: Path) -> Any:
    """Put the folder into what is written."""
    if isinstance(words, str):
        return words.replace("{here}", str(here))
    if isinstance(words, dict):
        return {key: filled(value, here) for key, value in words.items()}
    return [filled(value, here) for value in words] if isinstance(words, list) else words


def make(case: Case, here: Path, **more: Any) -> Folder:
    """Make the files of a case, all images different."""
    images = [*case.images, *(name for name, text in case.beside.items() if text is None)]
    for number, name in enumerate(images):
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (6, 4), (number * 20, 9, 90)).save(here / name)
    for name, text in case.beside.items():
        if text is not None:
            (here / name).write_text(text, encoding="utf-8")
    table = case.table if isinstance(case.table, bytes) else filled(case.table, here).encode()
    (here / case.name).write_bytes(table)
    return Folder(source="folder", path=str(here / case.name), **{**filled(dict(case.keys), here), **more})


@pytest.mark.parametrize("case", READ, ids=lambda case: case.words)
def test_a_table_is_read(tmp_path: Path, case: Case) -> None:
    section = make(case, tmp_path)
    listing = section.listing()
    found = [(Path(entry.path).resolve(), entry.label) for entry in listing.entries]
    assert found == [((tmp_path / name).resolve(), label) for name, label in case.images.items()]
    assert section.known_classes() == list(case.classes)
    assert {name: [entry.other[name] for entry in listing.entries] for name in listing.entries[0].other} == dict(
        case.metadata
    )
    assert len(listing.notes) == len(case.notes), listing.notes
    for part, note in zip(case.notes, listing.notes, strict=True):
        assert part in note
        assert "\n" not in note


@pytest.mark.parametrize("case", READ, ids=lambda case: case.words)
def test_its_files_are_inputs_and_its_job_reads_the_same(tmp_path: Path, case: Case) -> None:
    section = make(case, tmp_path)
    tables = [tmp_path / case.name, *(tmp_path / name for name in case.beside if name.endswith(".csv"))]
    images = [tmp_path / name for name in case.images]
    assert {Path(file).resolve() for file in section.files()} == {file.resolve() for file in (*tables, *images)}
    again = Folder.model_validate(json.loads(json.dumps({**section.settings(), "source": "folder"})))
    assert again.listing() == section.listing()
    alone = make(case, tmp_path, track="table")
    if any("are taken for the classes" in note for note in section.listing().notes):
        with pytest.raises(InputError, match=r"column 'label' does not exist.*\{label: \[A, B\]\}"):
            alone.files()  # which does not read the rows
    else:
        assert [Path(file) for file in alone.files()] == tables


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.words)
def test_a_table_is_refused_in_one_sentence(tmp_path: Path, case: Case) -> None:
    with pytest.raises(InputError, match=re.escape(case.refused)) as caught:
        make(case, tmp_path).files()
    assert "\n" not in str(caught.value)
    assert re.match(r"(path|root|join): ", str(caught.value))
    assert tmp_path.name in str(caught.value)


def test_the_page_lists_these_tables() -> None:
    text = PAGE.read_text(encoding="utf-8").partition("\n## Tables as programs write them\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (.+?) \| (read|refused) \|$", text, flags=re.MULTILINE)
    assert rows == [*((case.words, "read") for case in READ), *((case.words, "refused") for case in REFUSED)]


@pytest.mark.parametrize("case", READ, ids=lambda case: case.words)
def test_the_data_set_holds_the_same_and_says_what_was_guessed(tmp_path: Path, case: Case) -> None:
    section = make(case, tmp_path, splits=TESTED)
    store(tmp_path / "out", section.load(), 0.0, 0)
    notes = json.loads((tmp_path / "out" / "dataset.json").read_text(encoding="utf-8")).get("notes", [])
    for part in case.notes:
        assert any(part in note for note in notes)
    manifest = read_manifest(tmp_path / "out")
    assert manifest.classes == case.classes
    assert manifest.table["label"].tolist() == list(case.images.values())
    assert {name: manifest.table[name].tolist() for name in manifest.metadata} == dict(case.metadata)
    assert not any(tmp_path.name in image for image in manifest.table["image"])  # ids are the same elsewhere


OPENED = """
import sys
import time
from pathlib import Path
from tests.data.tables import READ
from tests.data.test_tables import TESTED, make

opened = set()
sys.addaudithook(lambda event, told: opened.add(str(told[0])) if event == "open" else None)
for number, case in enumerate(READ):
    here = Path(sys.argv[1]) / str(number)
    here.mkdir()
    section = make(case, here, splits=TESTED)
    named = {str(Path(file).resolve()) for file in section.files()}
    opened.clear()
    section.load()
    assert {str(Path(file).resolve()) for file in opened if file.startswith(f"{here}/")} == named, case.words
"""


def test_the_keys_on_the_page_are_those_of_the_test_as_yaml_reads_them() -> None:
    found = [(case, re.search(r", with `(\w+: .+?)`", case.words)) for case in READ]
    told = {case.words: (yaml.safe_load(words[1]), case.keys) for case, words in found if words}
    assert len(told) == 10
    for written, keys in told.values():
        meant = json.loads(json.dumps(dict(keys)).replace("{here}/", ""))
        assert written == {key: meant[key] for key in written}


def test_the_examples_of_the_page_are_keys() -> None:
    for text in re.findall(r"```yaml\n(.+?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL):
        for section in yaml.safe_load(text)["datasets"].values():
            assert Folder.model_validate(section)


def test_what_is_opened_is_an_input(tmp_path: Path) -> None:
    """In a process of its own, as Python never stops to watch what it opens."""
    done = subprocess.run([sys.executable, "-c", OPENED, str(tmp_path.resolve())], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"root": ["a", "a"]}, "'a' is listed twice"),
        ({"delimiter": "::"}, "','"),
        ({"encoding": "klingon"}, "'klingon' is no encoding of text; utf-8, utf-16, cp1252 and latin-1 are some"),
        ({"encoding": "base64"}, "'base64' is no encoding of text"),
        ({"encoding": "undefined"}, "'undefined' is no encoding of text"),
        ({"join": [{"path": "x.csv", "key": ["a", "a"]}]}, "'a' is listed twice"),
        ({"join": [{"path": "x.csv", "of": "a"}]}, "of"),
    ],
)
def test_a_key_that_cannot_be_right_is_refused(keys: dict, said: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(said)):
        Folder(source="folder", path="t.csv", **keys)


def test_a_suffix_may_lack_its_dot() -> None:
    suffixes = {told: Folder(source="folder", path="t.csv", suffix=told).suffix for told in ("jpg", ".jpg", "_512.png")}
    assert suffixes == {"jpg": ".jpg", ".jpg": ".jpg", "_512.png": "_512.png"}


def test_keys_of_tables_do_not_go_with_a_folder(tmp_path: Path) -> None:
    make(READ[0], tmp_path)
    for keys in ({"suffix": ".png"}, {"delimiter": ";"}, {"encoding": "utf-8"}, {"join": [str(tmp_path / "t.csv")]}):
        with pytest.raises(
            InputError, match="is a folder; `delimiter`, `encoding`, `suffix` and `join` are for tables"
        ):
            Folder(source="folder", path=str(tmp_path), **keys).files()


def test_listed_classes_order_those_that_have_columns(tmp_path: Path) -> None:
    case = next(case for case in READ if case.words.endswith("as ISIC's ground truth"))
    assert make(case, tmp_path, classes=["NV", "BCC", "MEL"]).known_classes() == ["NV", "BCC", "MEL"]
    with pytest.raises(InputError, match="class 'UNK' has no image"):
        make(case, tmp_path, classes=["NV", "BCC", "MEL", "UNK"]).files()


def test_a_list_of_classes_may_begin_with_a_mark(tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text("dog\ncat\nbird\n", encoding="utf-8-sig")
    assert make(READ[0], tmp_path, classes=str(tmp_path / "names.txt")).known_classes() == ["dog", "cat", "bird"]


def test_a_header_of_very_many_columns_and_a_path_that_is_too_long_end_quickly(tmp_path):
    file = tmp_path / "t.csv"
    file.write_text("image,label" + "," * 200_000 + "\n0.png,a\n")
    started = time.process_time()
    source = Folder(source="folder", path=str(file))
    with pytest.raises(InputError, match="names files that do not exist"):
        source.files()
    file.write_text(f"image,label\n{'名' * 2000}.png,a\n0.png,b\n")
    with pytest.raises(InputError, match="names files that do not exist") as caught:
        Folder(source="folder", path=str(file)).files()
    assert len(str(caught.value)) < 1200
    assert time.process_time() - started < 5
