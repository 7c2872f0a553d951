"""Outputs appear whole or not at all."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from lucidag.ground.errors import InputError
from lucidag.ground.files import atomic, discard, read_json, write_json, write_text


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    write_text(path, "old")

    def write_half() -> None:
        with atomic(path) as partial:
            partial.write_text("half of the n")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_half()
    assert path.read_text() == "old"
    assert [item.name for item in tmp_path.iterdir()] == ["table.csv"]


def test_the_partial_file_keeps_the_suffix_and_hides(tmp_path: Path) -> None:
    with atomic(tmp_path / "figure.png") as partial:
        assert partial.suffix == ".png"
        assert partial.name.startswith(".")
        partial.write_bytes(b"1")
    assert (tmp_path / "figure.png").read_bytes() == b"1"


def test_files_get_the_usual_permissions(tmp_path: Path) -> None:
    usual = tmp_path / "usual"
    usual.touch()
    with atomic(tmp_path / "a.safetensors") as partial:
        save_file({"x": np.zeros(2)}, str(partial))
    assert (tmp_path / "a.safetensors").stat().st_mode == usual.stat().st_mode


def test_discard_takes_what_killed_writers_left_and_nothing_else(tmp_path: Path) -> None:
    others = ("b.safetensors", ".a.txt", ".a.0123abcd.txt", ".ab.0123abcd.safetensors", ".a.0123abc.safetensors")
    for name in ("a.safetensors", ".a.0123abcd.safetensors", ".a.fedcba98.safetensors", *others):
        (tmp_path / name).touch()
    for _ in range(2):
        discard(tmp_path / "a.safetensors")
        assert {file.name for file in tmp_path.iterdir()} == set(others)


def test_a_place_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match=r"file/out\.txt could not be written"):
        write_text(tmp_path / "file" / "out.txt", "x")


def test_json_refuses_what_it_has_no_word_for(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"ä": [1, None]})
    assert read_json(path) == {"ä": [1, None]}
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(path, {"x": float("nan")})
    assert json.loads(path.read_text()) == {"ä": [1, None]}
