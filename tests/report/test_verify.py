"""A folder of results is verified by what its jobs recorded, and exported as an archive that says the same."""

import hashlib
import zipfile
from pathlib import Path
from urllib.parse import unquote

import pytest

from lucidag.report.__main__ import main
from tests.ground.jobs import run, task, write


@pytest.fixture
def results(tmp_path: Path, monkeypatch) -> Path:
    """Return a folder of results of three jobs, from the folder above it."""
    monkeypatch.chdir(tmp_path)
    folder, own = Path("results"), tmp_path / "labels.csv"
    own.write_text("image,label\n")
    run(
        task(folder, "data_folder", {"a": "labels.csv"}, {"m": "data/a b/manifest.csv"}, "a b"),
        {"m": write("image\nx\n")},
    )
    files = {"c": "models/net/checkpoint.safetensors", "h": "models/net/history.csv"}
    run(
        task(folder, "train", {"d": folder / "data/a b/manifest.csv"}, files),
        {"c": write("w"), "h": write("epoch\n1\n")},
    )
    compared = {"table": "experiments.csv", "costs": "experiments/costs.csv"}
    inputs = {"h": folder / "models/net/history.csv"}
    run(task(folder, "compare", inputs, compared), {"table": write("a"), "costs": write("1.5")}, differing=("costs",))
    for extra in (
        *("README.md", ".cache/code.json", "clip/small/.cache/images-0.npy"),
        *("benchmarks/train/net.tsv", "models/net/training.safetensors"),
    ):
        (folder / extra).parent.mkdir(parents=True, exist_ok=True)
        (folder / extra).write_text("x")
    return folder


def told(capsys: pytest.CaptureFixture[str]) -> list[str]:
    said = capsys.readouterr()
    return (said.out + said.err).splitlines()


def test_sound_results_are_one_line(results: Path, capsys) -> None:
    assert main(["verify", str(results)]) == 0
    assert told(capsys) == ["results: all 5 files are what 3 jobs wrote"]


@pytest.mark.parametrize(
    ("file", "content", "line"),
    [
        (
            "data/a b/manifest.csv",
            "image\n",
            "6 bytes in place of 8): rm 'results/data/a b/manifest.csv' and run again",
        ),
        ("models/net/checkpoint.safetensors", "v", "its checksum differs): rm {} and run again"),
        ("experiments/costs.csv", "2.5", "its checksum differs): rm {} and run again"),
        (
            "models/net/history.csv",
            None,
            "{} is missing: snakemake --cores 1 {} makes it anew; if it is not wanted any more, rm {record}",
        ),
        ("models/net/.history.0123abcd.csv", "x", "{}: no job recorded it: rm {} if you do not need it"),
        ("models/old/checkpoint.safetensors", "x", "{}: no job recorded it: rm {} if you do not need it"),
        ("models/README.md", "x", "{}: no job recorded it: rm {} if you do not need it"),
    ],
)
def test_what_does_not_belong_is_named_with_what_to_do(results: Path, capsys, file, content, line) -> None:
    path = results / file
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    if content is not None:
        path.write_text(content)
    assert main(["verify", str(results)]) == 1
    first, summary = told(capsys)
    (record,) = (results / "provenance/models/net").iterdir()
    assert first.endswith(line.replace("{}", str(path)).replace("{record}", str(record)))
    assert first.startswith(str(path))
    assert summary.startswith("results: 1 file does not belong beside ")


def test_a_damaged_record_is_named(results: Path, capsys) -> None:
    (record,) = (results / "provenance/models/net").iterdir()
    record.write_text("{")
    assert main(["verify", str(results)]) == 1
    first, *others = told(capsys)
    assert first == f"{record} cannot be read: rm {record} and what its job wrote; run again"
    assert [line.partition(":")[0] for line in others[:-1]] == [
        f"{results}/models/net/{name}" for name in ("checkpoint.safetensors", "history.csv")
    ]


def test_shards_that_were_joined_may_be_gone(results: Path, capsys) -> None:
    files = {"part": "features/net/shards/train-1-of-1.safetensors"}
    run(task(results, "features_shard", {}, files, "net/1-of-1"), {"part": write("x")})
    (results / files["part"]).unlink()
    assert main(["verify", str(results)]) == 0


def test_results_of_another_configuration_are_verified_apart(results: Path, capsys) -> None:
    other = results / "runs" / "mnist"
    run(task(other, "data_mnist", {}, {"m": "data/mnist/manifest.csv"}), {"m": write("x")})
    (other / "data/mnist/manifest.csv").write_text("y")
    assert main(["verify", str(results)]) == 0
    assert main(["verify", str(other)]) == 1


def test_a_folder_without_records_is_one_sentence(tmp_path: Path, capsys) -> None:
    assert main(["verify", str(tmp_path)]) == 1
    assert len(told(capsys)) == 1


def test_many_files_that_nobody_recorded_are_counted(results: Path, capsys) -> None:
    for number in range(30):
        (results / f"{number:02}.csv").write_text("")
    assert main(["verify", str(results)]) == 1
    lines = told(capsys)
    assert len(lines) == 22
    assert lines[-2] == "… and 10 more that no job recorded"


def test_a_crate_holds_every_file_and_what_made_it(results: Path, capsys) -> None:
    rocrate = pytest.importorskip("rocrate.rocrate")
    (results / "notes.txt").write_text("nobody recorded me")
    assert main(["crate", str(results), "out.zip", "--name", "Mine", "--license", "CC0"]) == 0
    assert told(capsys) == ["out.zip: 8 files of results"]  # five results, three records
    crate = rocrate.ROCrate("out.zip")
    assert (crate.name, crate.license) == ("Mine", "CC0")
    assert crate.root_dataset["conformsTo"].id.endswith("/wfrun/process/0.5")
    with zipfile.ZipFile("out.zip") as archive:
        files = [entity for entity in crate.data_entities if entity.type == "File"]
        read = {unquote(entity.id): archive.read(unquote(entity.id)) for entity in files}
        assert set(read) == {name for name in archive.namelist() if not name.startswith("ro-crate-")}
    for entity in files:
        content = read[unquote(entity.id)]
        assert content == (results / unquote(entity.id)).read_bytes()
        assert entity["sha256"] == hashlib.sha256(content).hexdigest()
        assert entity["contentSize"] == str(len(content))
    made = {
        action["name"]: (
            [unquote(each.id) for each in action["object"]],
            [unquote(each.id) for each in action["result"]],
        )
        for action in crate.get_by_type("CreateAction")
    }
    assert made["train net"] == (
        ["data/a b/manifest.csv"],
        ["models/net/checkpoint.safetensors", "models/net/history.csv"],
    )
    (own,) = made["data_folder a b"][0]
    assert own.endswith("/labels.csv")  # of the user's own: named, with its checksum, and not in the archive
    assert {each.id for each in crate.root_dataset["mentions"]} == {
        action.id for action in crate.get_by_type("CreateAction")
    }


def test_no_crate_of_damaged_results(results: Path, capsys) -> None:
    (results / "experiments.csv").write_text("b")
    assert main(["crate", str(results), "out.zip"]) == 1
    (line,) = told(capsys)
    assert line.startswith("lucidag: results/experiments.csv is not what its job wrote (its checksum differs): rm ")
    assert not Path("out.zip").exists()
    assert main(["crate", str(results), "out.tar"]) == 1
    assert told(capsys) == ["lucidag: out.tar must end in .zip"]
