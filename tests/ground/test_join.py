import os

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from lucidag.ground import join
from lucidag.ground.errors import InputError
from lucidag.ground.join import join_rows, join_tensors

TYPES = ["float32", "int64", "uint8", "float64", "bool", "float16", "int32"]


def tensors(seed: int, rows: int) -> tuple[dict[str, np.ndarray], set[str]]:
    """Draw tensors of any type; the names of those with a row an item."""
    random = np.random.default_rng(seed)
    kinds = random.permutation(TYPES)
    stacked = {
        f"{'zäb'[index % 3]}/{index}": random.integers(0, 2, (rows, *random.integers(0, 4, index % 3))).astype(kind)
        for index, kind in enumerate(kinds)
    }
    fixed = {"head": random.random((3, 2)).astype(np.float32), "none": np.zeros(0, np.float32)}
    return {**stacked, **fixed}, set(stacked)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("parts", [1, 3, 7])
@pytest.mark.parametrize("piece", [5, join.PIECE])
def test_the_bytes_are_those_of_the_library(tmp_path, monkeypatch, seed, parts, piece):
    monkeypatch.setattr(join, "PIECE", piece)
    rows = 5 * seed  # 0, and fewer than parts, too
    whole, stacked = tensors(seed, rows)
    metadata = {"lucidag": '{"name": "é\\"\n\t\\u0001\x7f"}'}
    save_file(whole, tmp_path / "whole.safetensors", metadata=metadata)
    files = []
    for number in range(parts):
        own = slice(number * rows // parts, (number + 1) * rows // parts)
        part = {name: np.ascontiguousarray(each[own]) if name in stacked else each for name, each in whole.items()}
        files.append(tmp_path / f"{number}.safetensors")
        save_file(part, files[-1], metadata={"lucidag": str(number)})
    join_tensors(tmp_path / "joined.safetensors", files, stacked, metadata)
    assert (tmp_path / "joined.safetensors").read_bytes() == (tmp_path / "whole.safetensors").read_bytes()
    back = load_file(tmp_path / "joined.safetensors")
    assert {name: each.tolist() for name, each in back.items()} == {name: each.tolist() for name, each in whole.items()}


@pytest.mark.parametrize(
    ("other", "match"),
    [
        ({"rows": np.ones((2, 3), np.float32)}, "does not hold the tensors of"),
        ({"rows": np.ones((2, 4), np.float32), "same": np.ones(2)}, "tensor 'rows' of .*two.* does not fit"),
        ({"rows": np.ones((2, 3), np.float64), "same": np.ones(2)}, r"two\.safetensors does not hold the tensors"),
        ({"rows": np.ones((2, 3), np.int32), "same": np.ones(2)}, "tensor 'rows' of .*two.* does not fit"),
        ({"rows": np.ones((2, 3), np.float32), "same": np.zeros(2)}, "tensor 'same' of .*two.* does not fit"),
        ({"rows": np.ones((2, 3), np.float32), "same": np.ones(3)}, "tensor 'same' of .*two.* does not fit"),
    ],
)
def test_files_of_something_else_are_refused(tmp_path, other, match):
    one, two = tmp_path / "one.safetensors", tmp_path / "two.safetensors"
    save_file({"rows": np.ones((2, 3), np.float32), "same": np.ones(2)}, one)
    save_file(other, two)
    with pytest.raises(InputError, match=match):
        join_tensors(tmp_path / "joined.safetensors", [one, two], ["rows"], {})
    assert not (tmp_path / "joined.safetensors").exists()


@pytest.mark.parametrize("left", [0, 4, 30, -1])
def test_a_part_that_is_cut_short_is_named(tmp_path, left):
    part = tmp_path / "part.safetensors"
    save_file({"rows": np.ones((2, 3), np.float32)}, part)
    os.truncate(part, left if left >= 0 else part.stat().st_size - 1)
    with pytest.raises(InputError, match=r"part\.safetensors is not a safetensors file"):
        join_tensors(tmp_path / "joined.safetensors", [part], ["rows"], {})
    with pytest.raises(InputError, match=r"missing\.safetensors is not a safetensors file"):
        join_tensors(tmp_path / "joined.safetensors", [tmp_path / "missing.safetensors"], ["rows"], {})


def test_rows_stand_below_one_header(tmp_path):
    texts = ["a,b\n1,2\n", "a,b\n", 'a,b\n3,"x\ny"\n4,\n']
    files = [tmp_path / f"{number}.csv" for number in range(3)]
    for file, text in zip(files, texts, strict=True):
        file.write_text(text)
    join_rows(tmp_path / "joined.csv", files)
    assert (tmp_path / "joined.csv").read_text() == 'a,b\n1,2\n3,"x\ny"\n4,\n'
    for text in ("a,c\n1,2\n", ""):
        files[1].write_text(text)
        with pytest.raises(InputError, match=r"1\.csv has other columns than .*0\.csv"):
            join_rows(tmp_path / "other.csv", files)
    files[1].write_text("a,b\n1,2\n3,")
    with pytest.raises(InputError, match=r"1\.csv is cut short"):
        join_rows(tmp_path / "other.csv", files)
    files[1].unlink()
    with pytest.raises(InputError, match=r"1\.csv cannot be read: No such file"):
        join_rows(tmp_path / "other.csv", files)
    assert not (tmp_path / "other.csv").exists()
