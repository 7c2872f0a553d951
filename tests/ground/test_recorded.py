"""Each job leaves a record of what made its outputs, and uses no input that is not what its record says."""

import hashlib
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from lucidag.ground.errors import InputError
from lucidag.ground.records import FOLDER, Records, place, results_folder
from lucidag.ground.tables import write_table
from lucidag.ground.tensors import write_tensors
from tests.damage import flip
from tests.ground.jobs import run, task, write

PARAMS = {
    "settings": {"train": {"seed": 7, "lr": 0.1}, "arms": [{"seed": 2}], "bound": float("inf")},
    "code": {"script": "0123456789ab", "lucidag.models.train": "ba9876543210", "numpy": "numpy 2.1.0"},
    "shard_code": {"script": "aaaaaaaaaaaa"},
}


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def records(results: Path) -> list[Path]:
    return sorted((results / FOLDER).rglob("*.json"))


def test_a_record_says_what_made_the_outputs(tmp_path: Path) -> None:
    results, own = tmp_path / "results", tmp_path / "weights.pth"
    own.write_bytes(b"mine")
    run(task(results, "data", {}, {"manifest": "data/a/manifest.csv"}), {"manifest": write("image\nx\n")})
    inputs = {"dataset": results / "data/a/manifest.csv", "weights": own}
    outputs = {"checkpoint": "models/net/checkpoint.safetensors", "history": "models/net/history.csv"}
    made = task(results, "train", inputs, outputs, params=PARAMS)
    work = {"checkpoint": write("weights"), "history": write("epoch\n1\n")}
    run(made, work, says="device: cuda:1 on n7, Slurm job 3")

    (file,) = (results / FOLDER / "models/net").iterdir()
    assert file.name.startswith("train@@")
    found = json.loads(file.read_text())
    assert found["rule"] == "train"
    assert found["wildcards"] == {"model": "net"}
    assert found["outputs"] == {
        path: {"bytes": (results / path).stat().st_size, "sha256": sha256(results / path)} for path in outputs.values()
    }
    assert found["inputs"] == {"data/a/manifest.csv": {"bytes": 8, "sha256": sha256(inputs["dataset"])}}
    assert found["files"] == {str(own): {"bytes": 4, "sha256": hashlib.sha256(b"mine").hexdigest()}}
    assert found["settings"] == PARAMS["settings"] | {"bound": "inf"}
    assert found["seeds"] == {"train.seed": 7, "arms.0.seed": 2}
    assert found["code"] == {"script": "0123456789ab", "lucidag.models.train": "ba9876543210"}
    assert found["packages"] == {"numpy": "numpy 2.1.0"}
    assert found["more"] == {"shard_code": {"script": "aaaaaaaaaaaa"}}
    assert found["device"] == "cuda"  # which of several, and where, is in the log
    assert found["log"] == "logs/train/net.log"


def test_many_files_of_the_user_are_one_checksum(tmp_path: Path) -> None:
    images = {f"i{number}": tmp_path / f"{number:03}.png" for number in range(101)}
    for number, path in enumerate(images.values()):
        path.write_bytes(bytes([number]))
    for name in ("one", "two"):
        run(task(tmp_path / name, "data", images, {"manifest": "data/a/manifest.csv"}), {"manifest": write("x")})
    lines = "".join(f"{sha256(path)}  {path}\n" for path in images.values())
    found = [json.loads(records(tmp_path / name)[0].read_text())["files"] for name in ("one", "two")]
    expected = {"all": {"files": 101, "bytes": 101, "sha256": hashlib.sha256(lines.encode()).hexdigest()}}
    assert found == [expected, expected]


def test_the_same_inputs_give_the_same_bytes_wherever_the_results_lie(tmp_path: Path) -> None:
    found = []
    for results in (tmp_path / "results", tmp_path / "part" / "results", tmp_path / "logs" / "other"):
        run(task(results, "data", {}, {"manifest": "data/a/manifest.csv"}), {"manifest": write("image\nx\n")})
        inputs = {"dataset": results / "data/a/manifest.csv"}
        run(task(results, "train", inputs, {"checkpoint": "models/net/c.safetensors"}), {"checkpoint": write("w")})
        found.append({str(file.relative_to(results)): file.read_bytes() for file in records(results)})
    assert len(found[0]) == 2
    assert found[0] == found[1] == found[2]


def test_the_record_is_the_same_where_results_are_removed_while_the_job_is_at_work(tmp_path: Path) -> None:
    found = []
    for name, removes in (("one", False), ("two", True)):
        results = tmp_path / name
        made = task(results, "train", {}, {"checkpoint": "models/net/c.safetensors"})

        def work(path: Path, results: Path = results, removes: bool = removes) -> None:
            if removes:
                shutil.rmtree(results)
                path.parent.mkdir(parents=True)
            path.write_text("weights")

        run(made, {"checkpoint": work}, says="device: cpu on n7")
        found.append([(file.relative_to(results), file.read_bytes()) for file in records(results)])
    assert found[0] == found[1]
    assert b'"device": "cpu"' in found[0][0][1]


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5])


def cut_at_a_line(path: Path) -> None:
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))


def take_a_row(path: Path) -> None:
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:2] + lines[3:]))


def swap_rows(path: Path) -> None:
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([lines[0], lines[2], lines[1], *lines[3:]]))


def with_old_times(path: Path) -> None:
    before = path.stat()
    flip(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def table(path: Path) -> None:
    write_table(path, pd.DataFrame({"image": list("abcd"), "value": [1.5, 2.5, 3.5, 4.5]}))


def tensors(path: Path) -> None:
    write_tensors(path, {"features": np.arange(40, dtype=np.float32)}, {"images": ["a"]})


def picture(path: Path) -> None:
    Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).save(path)


@pytest.mark.parametrize("damage", [flip, cut, with_old_times])
@pytest.mark.parametrize(
    ("file", "make"),
    [
        ("models/net/checkpoint.safetensors", tensors),
        ("features/net/train.safetensors", tensors),
        ("data/a/manifest.csv", table),
        ("figures/models/net/confusion.png", picture),
    ],
)
def test_a_damaged_input_is_named_with_what_to_do(tmp_path, file, make, damage) -> None:
    results = tmp_path / "results"
    run(task(results, "maker", {}, {"out": file}), {"out": make})
    reader = task(results, "reader", {"a": results / file}, {"out": "x.csv"})
    run(reader, {"out": write("fine")})
    damage(results / file)
    reached = []
    with pytest.raises(InputError) as told:
        run(reader, {"out": reached.append})
    assert reached == []
    path = results / file
    why = f"{path.stat().st_size:,} bytes in place of {path.stat().st_size + 5:,}"
    why = why if damage is cut else "its checksum differs"
    assert str(told.value) == f"{path} is not what its job wrote ({why}): rm {path} and run again"


@pytest.mark.parametrize("damage", [cut_at_a_line, take_a_row, swap_rows])
def test_tables_that_are_still_tables_are_noticed(tmp_path: Path, damage) -> None:
    file = tmp_path / "results/data/a/manifest.csv"
    run(task(tmp_path / "results", "maker", {}, {"out": "data/a/manifest.csv"}), {"out": table})
    damage(file)
    with pytest.raises(InputError, match="is not what its job wrote"):
        run(task(tmp_path / "results", "reader", {"a": file}, {"out": "x.csv"}), {"out": write("")})


def test_many_damaged_inputs_are_one_sentence(tmp_path: Path) -> None:
    names = {f"o{number}": f"a b/{number:02}.csv" for number in range(12)}
    run(task(tmp_path, "maker", {}, names), dict.fromkeys(names, write("x")))
    for name in names.values():
        (tmp_path / name).write_text("longer")
    inputs = {key: tmp_path / name for key, name in names.items()}
    with pytest.raises(InputError) as told:
        run(task(tmp_path, "reader", inputs, {"out": "x.csv"}), {"out": write("")})
    sentence = str(told.value)
    assert sentence.startswith(
        f"{tmp_path}/a b/00.csv and 11 more are not what their jobs wrote (6 bytes in place of 1)"
    )
    assert sentence.endswith(f" '{tmp_path}/a b/09.csv' … and run again")


def test_files_that_no_job_recorded_pass(tmp_path: Path) -> None:
    own = tmp_path / "provenance" / "labels.csv"  # an unlucky name for a folder of the user's own
    own.parent.mkdir()
    for text in ("a", "b"):
        own.write_text(text)
        run(task(tmp_path / "results", "data", {"a": own}, {"out": "data/a/manifest.csv"}), {"out": write(text)})
    old = tmp_path / "results/rof/old.csv"
    old.parent.mkdir()
    old.write_text("of a version without records")
    run(task(tmp_path / "results", "reader", {"a": old}, {"out": "x.csv"}), {"out": write("")})


def test_a_job_that_fails_leaves_no_record_and_no_old_one(tmp_path: Path) -> None:
    made = task(tmp_path, "train", {}, {"checkpoint": "models/net/c.safetensors"})
    run(made, {"checkpoint": write("a")})
    assert len(records(tmp_path)) == 1

    def fail(path: Path) -> None:
        path.write_text("half")
        assert records(tmp_path) == []  # so a killed one leaves none either
        raise RuntimeError

    with pytest.raises(RuntimeError):
        run(made, {"checkpoint": fail})
    assert records(tmp_path) == []


def test_the_last_job_that_wrote_a_file_has_its_record(tmp_path: Path) -> None:
    """A network that was trained is imported now; a sweep of all k is one on a grid."""
    file = "models/net/c.safetensors"
    run(task(tmp_path, "train", {}, {"c": file, "h": "models/net/history.csv"}), {"c": write("a"), "h": write("")})
    run(task(tmp_path, "import_model", {}, {"c": file}), {"c": write("b")})
    assert [path.name.partition("@")[0] for path in records(tmp_path)] == ["import_model"]
    run(task(tmp_path, "reader", {"a": tmp_path / file}, {"out": "x.csv"}), {"out": write("")})


def test_results_of_another_folder_are_checked_too(tmp_path: Path) -> None:
    run(task(tmp_path / "other", "train", {}, {"c": "models/net/c.safetensors"}), {"c": write("a")})
    weights = tmp_path / "other/models/net/c.safetensors"
    importer = task(tmp_path / "mine", "import_model", {"w": weights}, {"c": "models/net/c.safetensors"})
    run(importer, {"c": write("b")})
    weights.write_text("z")
    with pytest.raises(InputError, match="is not what its job wrote"):
        run(importer, {"c": write("b")})


@pytest.mark.parametrize(
    "paths",
    [
        ["models/a@b/c@.csv"],
        ["models/a/x.csv", "models/a/y.csv"],
        ["a.csv", "b/c.csv"],
        ["explanations/ä/lime/" + "漢" * 80 + ".png", "explanations/ä/lime/" + "漢" * 80 + ".json"],
        ["data/provenance/manifest.csv", "data/provenance/dataset.json"],
        ["models/logs/c.safetensors"],
    ],
)
def test_a_record_is_found_by_each_output_and_by_no_other_file(tmp_path: Path, paths) -> None:
    named = {f"o{number}": path for number, path in enumerate(paths)}
    run(task(tmp_path, "maker", {}, named, name="logs"), dict.fromkeys(named, write("x")))
    (file,) = records(tmp_path)
    for path in paths:
        found = Records().of(tmp_path / path)
        assert found is not None
        assert found.file == file
        assert set(found.outputs) == set(paths)
    for path in ("models/a/x.csv2", "other/x.csv", "a", "data/provenance/x"):
        assert Records().of(tmp_path / path) is None


def test_jobs_whose_outputs_begin_alike_have_records_of_their_own(tmp_path: Path) -> None:
    """Shards, and the images of a model, which several jobs draw in the same folders."""
    of_shards = [place(tmp_path, "shard", [f"s/train-{n}-of-2.csv", f"s/val-{n}-of-2.csv"]) for n in (1, 2)]
    assert len(set(of_shards)) == 2
    a, b = place(tmp_path, "rule", ["m/a.csv"]), place(tmp_path, "rule", ["m/a.csv.b"])
    assert a != b


def test_where_results_lie_follows_from_log_and_outputs() -> None:
    assert results_folder("results/logs/train/a.log", ["results/models/a/c"]) == Path("results")
    assert results_folder("r/logs/explanations/logs/cam/1.log", ["r/explanations/logs/x"]) == Path("r")
    assert results_folder("/d/logs/x/logs/train/a.log", ["/d/logs/x/models/a"]) == Path("/d/logs/x")
    assert results_folder("log", ["a.csv"]) is None
    assert results_folder("results/logs/train/a.log", ["elsewhere/a"]) is None
    assert results_folder("results/logs/verify/report.log", []) is None


def test_what_differs_from_run_to_run_stands_beside_the_log(tmp_path: Path) -> None:
    found = []
    for seconds in ("1.5", "2.5"):
        made = task(tmp_path, "compare", {}, {"table": "experiments.csv", "costs": "experiments/costs.csv"}, "report")
        run(made, {"table": write("a"), "costs": write(seconds)}, differing=("costs",))
        found.append(records(tmp_path)[0].read_bytes())
    assert found[0] == found[1]
    costs = tmp_path / "experiments/costs.csv"
    reader = task(tmp_path, "reader", {"a": costs}, {"out": "x.csv"})
    run(reader, {"out": write("")})
    costs.write_text("9.9")
    with pytest.raises(InputError, match="its checksum differs"):
        run(reader, {"out": write("")})


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"outputs": {"a.csv": 3}}', '{"outputs": {"a.csv": {"bytes": 1}}}']
)
def test_a_damaged_record_vouches_for_nothing(tmp_path: Path, content: str) -> None:
    run(task(tmp_path, "maker", {}, {"out": "a.csv"}), {"out": write("x")})
    (record,) = records(tmp_path)
    record.write_text(content)
    with pytest.raises(InputError) as told:
        run(task(tmp_path, "reader", {"a": tmp_path / "a.csv"}, {"out": "x.csv"}), {"out": write("")})
    file = tmp_path / "a.csv"
    why = f"its record {record} is damaged"
    assert str(told.value) == f"{file} is not what its job wrote ({why}): rm {record} {file} and run again"
