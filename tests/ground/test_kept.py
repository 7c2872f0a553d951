"""What is kept from run to run comes back as it was, or not at all."""

import json
import shutil
from pathlib import Path

import pytest

from lucidag.ground.kept import keep, read_kept

WORDS = {"a5": ["scene-1", "scéne-2"], "b": {"units": 8, "value": 0.1, "none": None}, "}": "\n"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a file that keeps something."""
    keep(tmp_path / "drawn.json", WORDS)
    return tmp_path / "drawn.json"


def test_what_was_kept_comes_back_in_its_order(file: Path) -> None:
    assert read_kept(file) == WORDS
    assert list(read_kept(file)) == list(WORDS)
    assert json.loads(file.read_text("utf-8"))["kept"] == WORDS


def test_no_flipped_bit_and_no_cut_is_used(file: Path) -> None:
    whole = file.read_bytes()
    for place in range(len(whole)):
        for bit in range(8):
            file.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << bit]) + whole[place + 1 :])
            assert read_kept(file) == {}, (place, bit)
        file.write_bytes(whole[:place])
        assert read_kept(file) == {}, place
    file.write_bytes(whole + whole)
    assert read_kept(file) == {}


def test_other_json_is_not_used(file: Path) -> None:
    said = json.loads(file.read_text("utf-8"))
    for other in (said["kept"], said | {"kept": {"a5": ["scene-3"]}}, [said], {}, "x"):
        file.write_text(json.dumps(other), encoding="utf-8")
        assert read_kept(file) == {}


def test_what_was_kept_as_something_else_is_not_used(file: Path) -> None:
    shutil.copy(file, file.with_name("networks.json"))
    assert read_kept(file.with_name("networks.json")) == {}
    assert read_kept(file.with_name("missing.json")) == {}
    assert read_kept(None) == {}
