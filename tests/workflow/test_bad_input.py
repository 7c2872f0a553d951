"""What a user sees of each mistake: one clear sentence, and nothing half-written."""

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import save_file

from lucidag.models.small import small_cnn, small_mlp
from tests.workflow.mistakes import assert_one_line, said, write

pytestmark = pytest.mark.workflow

NETWORK = {
    "dataset": "d",
    "architecture": "lucidag.models.small:small_cnn",
    "options": {"channels": 1, "width": 4},
    "input": {"size": 8, "channels": 1},
    "train": {"epochs": 1},
}


@pytest.fixture(scope="module")
def folder(project: Callable[[], Path]) -> Path:
    """Return a project in which nothing has run."""
    return project()


def leftovers(results: Path) -> set[str]:
    """Give the files of a run that are neither logs, benchmarks, records nor what is kept for the next dry run."""
    files = {str(path.relative_to(results)) for path in results.rglob("*") if path.is_file()}
    return {file for file in files if not file.startswith(("logs/", "benchmarks/", ".cache/", "provenance/"))}


LABELLED = {"source": "folder", "path": "own/labels.csv", "columns": {"label": "diagnosis"}}
DRY = {
    "key": (
        {"models": {"m": {**NETWORK, "train": {"epocs": 1}}}},
        ["models.m.train.epocs", "did you mean 'epochs'?"],
    ),
    "data-set": ({"models": {"m": {**NETWORK, "dataset": "dd"}}}, ["models.m.dataset", "'dd'", "did you mean 'd'?"]),
    "folder": ({"datasets": {"d": {"source": "folder", "path": "own/lables.csv"}}}, ["datasets.d.path", "lables.csv"]),
    "image": (
        {"datasets": {"d": {"source": "folder", "path": "own/hole.csv"}}},
        ["datasets.d.path", "own/hole.csv", "own/gone.png"],
    ),
    "column": (
        {"datasets": {"d": {**LABELLED, "columns": {"label": "diagnoses"}}}},
        ["datasets.d.path", "own/labels.csv", "'diagnoses'", "did you mean 'diagnosis'?"],
    ),
    "class": (
        {"datasets": {"d": {**LABELLED, "classes": ["round", "oval"]}}},
        ["datasets.d.path", "own/labels.csv", "02.png (line 4)", "'square'", "round, oval"],
    ),
    "no-image": (
        {"datasets": {"d": {**LABELLED, "classes": ["round", "square", "star"]}}},
        ["datasets.d.path", "class 'star' has no image"],
    ),
    "no-test": (
        {"datasets": {"d": {"source": "folder", "path": "own/train.csv"}}},
        ["datasets.d.path", "own/train.csv", "no image is in split 'test'"],
    ),
    "several": (
        {"datasets": {"d": {"source": "folder", "path": "own/several.csv"}}},
        ["datasets.d.path", "own/several.csv", "'a|b' is several labels at once"],
    ),
    "nothing": (
        {"datasets": {"d": {"source": "folder", "path": "own/empty.csv"}}},
        ["datasets.d.path", "names files that are empty: own/empty.png"],
    ),
    "mnist": (
        {"datasets": {"d": {"source": "mnist", "root": "elsewhere"}}},
        ["datasets.d.root", "elsewhere/MNIST/raw/train-images-idx3-ubyte", "download: true"],
    ),
    "weights": ({"models": {"m": {**NETWORK, "weights": "w/none.pth"}}}, ["models.m.weights", "'w/none.pth'"]),
    "head": ({"models": {"m": {**NETWORK, "head": "fcc"}}}, ["models.m.head", "'fcc'", "did you mean 'fc'?"]),
    "layer": (
        {"models": {"m": {**NETWORK, "train": {"trainable": ["fc", "blocks.block9"]}}}},
        ["models.m.train.trainable", "'blocks.block9'", "blocks.block1"],
    ),
    "drawn": (
        {
            "explain": {"images": {"d": 5000}, "methods": ["epsilon_plus_flat"], "lime": {"num_samples": 10}},
            "relevance": {},
        },
        ["explain.images.d", "5000 images are asked for, and split 'test' has 360 images"],
    ),
    "architecture": (
        {"models": {"m": {**NETWORK, "architecture": "resnet81", "options": {}}}},
        ["models.m", "'resnet81'", "resnet18"],
    ),
}


@pytest.mark.parametrize("case", DRY)
def test_a_dry_run_stops_at_a_mistake_with_one_line(folder: Path, snakemake, case: str) -> None:
    changes, parts = DRY[case]
    (folder / "own" / "hole.csv").write_text("image,label\n00.png,a\ngone.png,b\n")
    (folder / "own" / "train.csv").write_text("image,label,split\n00.png,a,train\n01.png,b,val\n")
    (folder / "own" / "several.csv").write_text("image,label\n00.png,a\n01.png,b\n02.png,a|b\n")
    (folder / "own" / "empty.csv").write_text("image,label\n00.png,a\nempty.png,b\n")
    (folder / "own" / "empty.png").touch()
    file = write(folder, case, {"datasets": {"d": {"source": "digits"}}, "models": {"m": NETWORK}} | changes)
    done = snakemake(folder, "--dry-run", "--configfile", file, check=False)
    assert_one_line(done, file, parts)


def test_what_is_left_out_or_guessed_is_said_once_at_the_start(folder: Path, snakemake) -> None:
    image = (folder / "own" / "00.png").read_bytes()
    for place in ("Training/a/0.png", "Training/b/{x}.png", "Testing/b/1.png", "Training/a/.ipynb_checkpoints/0.png"):
        (folder / "said" / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / "said" / place).write_bytes(image)
    network = {**NETWORK, "options": {"width": 4}, "input": {"size": 8}}
    words = {"datasets": {"d": {"source": "folder", "path": "said"}}, "models": {"m": network}}
    file = write(folder, "said", {"results": "said-results", **words})
    done = snakemake(folder, "said-results/data/d/manifest.csv", "--dry-run", "--configfile", file)
    lines = [line for line in done.stderr.splitlines() if line.startswith("lucidag: ")]
    assert [line.partition(": ")[2].partition(" (")[0] for line in lines] == [
        "datasets.d: left out: 1 images that are hidden or in a hidden or helper folder",
        "datasets.d: taken for splits: 'Testing' for test, 'Training' for train",
        "datasets.d: test has no image of class a",
    ]
    assert "said/Training/a/0.png" in done.stdout + done.stderr
    assert "{x}" not in done.stdout + done.stderr  # braces are Snakemake's own
    absent = (
        "rof, generalisation, explain, relevance, faithfulness, clips, dissect, units, planted, artefacts, "
        "shortcuts, discover, repair"
    )
    assert done.stdout.splitlines()[-3:] == [
        "Would run: 1 job of 1 rule",
        "Time: no benchmarks yet",
        f"Skipped, as {file} has no such section: {absent}",
    ]


def test_mistakes_of_several_kinds_are_told_at_once(folder: Path, snakemake) -> None:
    models = {
        "m": {**NETWORK, "head": "fcc"},
        "w": {**NETWORK, "weights": "gone.pth"},
        "e": {**NETWORK, "dataset": "e"},
    }
    datasets = {"d": {"source": "digits"}, "e": {"source": "folder", "path": "own/lables.csv"}}
    file = write(folder, "many", {"datasets": datasets, "models": models})
    done = snakemake(folder, "--dry-run", "--configfile", file, check=False)
    assert done.returncode == 1
    assert [line.split(": ")[2] for line in said(done)] == ["datasets.e.path", "models.w.weights", "models.m.head"]
    assert all(line.startswith(f"lucidag: {file}: ") for line in said(done))


def test_a_doubled_key_stops_the_dry_run(folder: Path, snakemake) -> None:
    file = write(folder, "doubled", {"datasets": {"d": {"source": "digits"}}, "models": {"m": NETWORK}})
    text = (folder / file).read_text()
    (folder / file).write_text(text.replace("  d:\n", "  d:\n    source: lesions\n"))
    done = snakemake(folder, "--dry-run", "--configfile", file, check=False)
    assert_one_line(done, file, ["datasets.d.source: given twice, in lines 3 and 4"])


class Payload:
    """A pickle that makes a folder when it is read."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("payload-was-run",)


def damage(folder: Path) -> None:
    """Write bad images, bad tables and bad weights."""
    own = folder / "own"
    for name in ("x", "y"):
        (folder / "bad" / name).mkdir(parents=True)
        for number in range(5):
            (folder / "bad" / name / f"{number}.png").write_bytes((own / "00.png").read_bytes())
    (folder / "bad" / "x" / "zero.png").write_bytes(bytes(1))
    (folder / "bad" / "y" / "cut.png").write_bytes((own / "00.png").read_bytes()[:60])
    (folder / "bad" / "y" / "text.png").write_text("no image")
    (own / "train.csv").write_text("image,label,split\n00.png,a,train\n01.png,b,val\n")
    tensors = {key: value.clone() for key, value in small_cnn(10, channels=1, width=4).state_dict().items()}
    (folder / "w").mkdir()
    save_file(small_mlp(10, 64, [8]).state_dict(), folder / "w" / "other.safetensors")
    torch.save({**tensors, "fc.bias": Payload()}, folder / "w" / "code.pth")
    tensors["fc.bias"][3] = torch.nan
    save_file(tensors, folder / "w" / "nan.safetensors")


@pytest.fixture(scope="module")
def failed(folder: Path, snakemake) -> subprocess.CompletedProcess[str]:
    """Return a run in which all but one job fail, each for a reason of its own."""
    damage(folder)
    labelled = {**LABELLED, "track": "table"}  # whose rows are read by the job alone
    datasets = {
        "digits": {"source": "digits"},
        "bad": {"source": "folder", "path": "bad"},
        "label": labelled | {"classes": ["round", "oval"]},
        "empty": labelled | {"classes": ["round", "square", "star"]},
        "untested": {"source": "folder", "path": "own/train.csv", "columns": {"split": "split"}, "track": "table"},
    }
    models: dict[str, Any] = {name: {**NETWORK, "dataset": name} for name in datasets}
    imported = {key: value for key, value in NETWORK.items() if key != "train"} | {"dataset": "digits"}
    weights = {"nan": "w/nan.safetensors"}
    models |= {name: {**imported, "weights": path} for name, path in weights.items()}
    file = write(folder, "failing", {"results": "failing", "datasets": datasets, "models": models})
    targets = [f"failing/data/{name}/manifest.csv" for name in datasets]
    targets += [f"failing/models/{name}/checkpoint.safetensors" for name in weights]
    return snakemake(folder, *targets, "--cores", "2", "--configfile", file, check=False, timeout=600)


@pytest.mark.parametrize(
    ("job", "parts"),
    [
        (
            "data_folder bad",
            ["3 images", "x/zero.png: it is of no known image format", "y/cut.png: it is truncated", "y/text.png"],
        ),
        ("data_folder label", ["own/labels.csv", "02.png (line 4)", "'square'", "round, oval"]),
        ("data_folder empty", ["own/labels.csv", "class 'star' has no image"]),
        ("data_folder untested", ["own/train.csv", "no image is in split 'test'"]),
        ("import_model nan", ["w/nan.safetensors", "'fc.bias'", "NaN"]),
    ],
)
def test_a_job_fails_with_one_sentence(folder: Path, failed, job: str, parts: list[str]) -> None:
    (line,) = (line for line in said(failed) if line.startswith(f"lucidag: {job}: "))
    for part in parts:
        assert part in line
    rule, name = job.split()
    assert "Traceback" in (folder / "failing" / "logs" / rule / f"{name}.log").read_text()


def test_failures_leave_nothing_and_stop_no_other_job(folder: Path, failed) -> None:
    assert failed.returncode == 1
    assert len(said(failed)) == 5
    assert "Traceback" not in failed.stdout + failed.stderr
    kept = {f"data/digits/{file}" for file in ("manifest.csv", "dataset.json", "images.safetensors")}
    assert leftovers(folder / "failing") == kept


@pytest.fixture(scope="module")
def unfit(folder: Path, failed, snakemake) -> subprocess.CompletedProcess[str]:
    """Return a dry run with weights that do not fit, each for a reason of its own."""
    imported = {key: value for key, value in NETWORK.items() if key != "train"}
    files = {"other": "w/other.safetensors", "code": "w/code.pth", "few": "w/few.pth"}
    torch.save(small_cnn(7, channels=1, width=4).state_dict(), folder / "w" / "few.pth")
    models = {name: {**imported, "weights": path} for name, path in files.items()}
    file = write(folder, "unfit", {"datasets": {"d": {"source": "digits"}}, "models": models})
    return snakemake(folder, "--dry-run", "--configfile", file, check=False)


@pytest.mark.parametrize(
    ("model", "parts"),
    [
        ("other", ["w/other.safetensors", "SmallCNN", "blocks.block1.conv.weight", "hidden1.weight"]),
        ("code", ["w/code.pth", "would run code", "mkdir", "state_dict()"]),
        ("few", ["w/few.pth", "'fc' is for 7 classes, and the data set has 10", "new_head: true"]),
    ],
)
def test_weights_that_do_not_fit_stop_the_dry_run(unfit, model: str, parts: list[str]) -> None:
    assert (unfit.returncode, len(said(unfit))) == (1, 3)
    (line,) = (line for line in said(unfit) if f": models.{model}: " in line)
    for part in parts:
        assert part in line


def test_code_in_a_pickle_is_not_run(folder: Path, failed, unfit) -> None:
    assert not list(folder.rglob("payload-was-run"))
    # The file is as dangerous as it should be.
    (folder / "unsafe").mkdir()
    here = Path.cwd()
    os.chdir(folder / "unsafe")
    try:
        torch.load(folder / "w" / "code.pth", weights_only=False)
    finally:
        os.chdir(here)
    assert (folder / "unsafe" / "payload-was-run").is_dir()


def test_more_units_than_there_are(copied: Path, snakemake) -> None:
    words = yaml.safe_load((copied / "config" / "tiny.yaml").read_text())
    words["rof"]["points"] = [1, 400]
    write(copied, "tiny", words)
    before = leftovers(copied / "results")
    done = snakemake(copied, "--dry-run", check=False)
    assert done.returncode == 1
    assert said(done) == [
        f"lucidag: config/tiny.yaml: rof.points: found 400; the penultimate layer of model '{model}' has 16 units"
        for model in ("a", "b")
    ]
    assert leftovers(copied / "results") == before


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a folder on a file system of 4 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_leaves_nothing_and_a_rerun_succeeds(folder: Path, snakemake, small_disk: Path) -> None:
    results = small_disk / "results"
    model = {**NETWORK, "options": {"width": 4}, "input": {"size": 16}}
    # 200 images of 48 x 48 in three colours are 1.4 MB.
    drawn = {"source": "lesions", "number": 200, "size": 48}
    file = write(folder, "disk", {"results": str(results), "datasets": {"d": drawn}, "models": {"m": model}})
    filler = small_disk / "filler"
    filler.write_bytes(bytes(3_200_000))

    target = f"{results}/data/d/manifest.csv"
    done = snakemake(folder, target, "--cores", "2", "--configfile", file, check=False)
    assert done.returncode == 1
    (line,) = said(done)
    assert re.match(rf"lucidag: data_lesions d: {results}/data/d/images\.safetensors could not be written: ", line)
    assert "space" in line
    assert leftovers(results) == set()

    filler.unlink()
    snakemake(folder, target, "--cores", "2", "--configfile", file)
    assert leftovers(results) == {"data/d/manifest.csv", "data/d/dataset.json", "data/d/images.safetensors"}
