"""A complete run: what it leaves behind, what a second run does, and what a failure or a kill leaves."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image
from safetensors import safe_open
from safetensors.numpy import load_file

from lucidag.ground.files import read_json
from tests.damage import rot

pytestmark = pytest.mark.workflow

CONFIGURATION = "config/tiny.yaml"
SOURCES = ("Snakefile", "rules", "workflow", "lucidag", "config", "profiles", "envs", "own", "mynet.py")
DATASETS, MODELS, EXAMINED = ("digits", "own"), ("a", "b", "c"), ("a", "b")
SPLITS = ("train", "val", "test")
KINDS = ("concepts", "categories", "roles")
# The orders that the configuration asks for, as (method, seed), and the control that is always there.
ORDERS = {("l1", None), ("contribution", None), ("random", 0), ("random", 1), ("reversed", None), ("logit_bias", None)}
CAMS = ("gradcam", "ablationcam", "scorecam", "gradcam++", "layercam", "eigencam")
LRP = ("epsilon_plus_flat", "epsilon_gamma_box", "epsilon_alpha2_beta1")
CONTRACT = [
    *(f"data/{name}/manifest.csv" for name in DATASETS),
    "data/digits/images.safetensors",
    *(
        f"models/{model}/{file}"
        for model in MODELS
        for file in ("checkpoint.safetensors", "history.csv", "evaluation.json")
    ),
    *(f"features/{model}/{split}.safetensors" for model in MODELS for split in SPLITS),
    *(
        f"rof/{model}/{file}"
        for model in EXAMINED
        for file in ("ranking.csv", "sweep.csv", "turning_points.json", "roles.csv")
    ),
    *(f"dissect/b/{file}" for file in ("blocks.block3.csv", "fc.csv", "summary.json", "concept_roles.csv")),
    "explanations/b/checks.csv",
    "report.ipynb",
    "report.html",
]


@pytest.mark.parametrize("path", CONTRACT)
def test_path_of_the_contract(finished: Path, path: str) -> None:
    assert (finished / "results" / path).stat().st_size > 0


def test_figures_exist_as_png_and_pdf(finished: Path) -> None:
    figures = finished / "results" / "figures"
    names = {str(file.relative_to(figures).with_suffix("")) for file in figures.rglob("*.png")}
    expected = {
        *(f"data/{name}/images" for name in DATASETS),
        *(f"models/{model}/{figure}" for model in MODELS for figure in ("history", "confusion")),
        *(
            f"rof/{model}/{figure}"
            for model in EXAMINED
            for figure in ("accuracy", "loss", "rankings", "groups", "roles")
        ),
        *(f"explanations/b/{family}" for family in ("cam", "lime", "lrp")),
        "localisation/b/grades",
        *(f"agreement/b/{figure}" for figure in ("side_by_side", "heat_map", "curves")),
        *(f"dissect/b/{figure}" for figure in ("units", *(f"annotations-{kind}" for kind in KINDS))),
    }
    assert names == expected
    assert {str(file.relative_to(figures).with_suffix("")) for file in figures.rglob("*.pdf")} == expected


@pytest.mark.parametrize("image", ["00", "01", "02"])
def test_maps_of_a_image_lie_where_the_contract_says(finished: Path, image: str) -> None:
    for method in CAMS:
        folder = finished / "results/explanations/b" / method
        values = np.load(folder / f"{image}.npy", allow_pickle=False)
        grey, overlay = (np.asarray(Image.open(folder / f"{image}{end}")) for end in (".mask.png", ".png"))
        assert (values.dtype, values.shape, overlay.shape) == (np.float32, (16, 16), (16, 16, 3))
        assert np.abs(grey / 255 - values).max() <= 0.5 / 255 + 1e-6
    for method in ("lime", *LRP):
        folder = finished / "results/explanations/b" / method
        values = np.load(folder / f"{image}.npy", allow_pickle=False)
        mask = np.asarray(Image.open(folder / f"{image}.mask.png"))
        share = np.maximum(values, 0) / max(values.max(), 1e-30)
        assert np.abs(mask / 255 - ((values > 0) if method == "lime" else share)).max() <= 0.5 / 255 + 1e-6
    record = read_json(finished / f"results/explanations/b/lime/{image}.json")
    assert record["settings"]["num_samples"] == (8 if image == "01" else 10)


def test_the_first_image_is_explained_by_the_libraries_too(finished: Path) -> None:
    table = pd.read_csv(finished / "results/explanations/b/checks.csv", dtype={"image": str})
    assert set(table["image"]) == {"00"}
    assert table["method"].tolist() == [*CAMS, "lime", *LRP]
    assert table["version"].all()
    # A network that has hardly learnt may give the same probability whatever LIME hides.
    compared = table["difference"].notna()
    assert table["method"][~compared].isin(["lime"]).all(), table
    assert table["note"][~compared].str.contains("hardly changes").all(), table
    assert (table["difference"][compared] < 1e-4).all(), table


def test_every_two_methods_are_compared_on_every_image(finished: Path) -> None:
    table = pd.read_csv(finished / "results/agreement/b.csv", dtype={"image": str})
    assert list(table.columns[:5]) == ["image", "method_a", "method_b", "threshold", "iou"]
    assert set(table["image"]) == {"00", "01", "02"}
    assert len(table) == 3 * 45 * 2  # images, pairs of ten methods, one threshold and matched areas
    grades = pd.read_csv(finished / "results/localisation/b.csv", dtype={"image": str})
    assert set(grades["method"]) == {*CAMS, "lime", *LRP, "centre", "random"}


def test_the_notebook_has_run_from_top_to_bottom(finished: Path) -> None:
    notebook = nbformat.read(finished / "results/report.ipynb", as_version=4)
    nbformat.validate(notebook)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert not [output for output in outputs if output.output_type == "error" or output.get("name") == "stderr"]
    titles = [cell.source.removeprefix("## ") for cell in notebook.cells if cell.source.startswith("## ")]
    assert titles == [
        "Data sets",
        "Models",
        "Retrieval of function",
        "Explanations",
        "Localisation",
        "What units detect",
    ]
    html = (finished / "results/report.html").read_text(encoding="utf-8")
    assert all(f">{title}<" in html for title in titles)


def test_nothing_half_written_is_left(finished: Path) -> None:
    assert _half_written(finished) == []


@pytest.mark.parametrize("model", EXAMINED)
def test_sweep(finished: Path, model: str) -> None:
    table = pd.read_csv(finished / f"results/rof/{model}/sweep.csv")
    evaluation = read_json(finished / f"results/models/{model}/evaluation.json")
    assert set(table["split"]) == set(SPLITS)
    for split, rows in table.groupby("split"):
        tensors = load_file(finished / f"results/features/{model}/{split}.safetensors")
        units = tensors["features"].shape[1]
        bias_alone = (tensors["labels"] == tensors["head.bias"].argmax()).mean()
        curves = dict(iter(rows.groupby(["method", "seed"], dropna=False)))
        assert {(method, None if pd.isna(seed) else int(seed)) for method, seed in curves} == ORDERS
        for curve in curves.values():
            assert curve["k"].tolist() == list(range(units + 1))
            assert curve["accuracy"].iloc[0] == bias_alone
            assert curve["accuracy"].iloc[-1] == evaluation[split]["accuracy"]
            assert curve["worst_accuracy"].iloc[-1] == evaluation[split]["worst_group"]["accuracy"]
            assert curve["loss"].iloc[-1] == pytest.approx(evaluation[split]["loss"], rel=1e-12)


def test_logs_tell_progress_and_the_share_of_imports(finished: Path) -> None:
    logs = {str(log.relative_to(finished / "results/logs")): log.read_text() for log in _logs(finished)}
    assert "epoch 1/1: 17 done" in logs["train/a.log"]  # 1,078 images in batches of 64
    assert "check the images of own/labels.csv: 24 done" in logs["data_folder/own.log"]
    for name, text in logs.items():
        imports, whole = re.fullmatch(r"imports ([\d.]+) s of ([\d.]+) s", text.splitlines()[-1]).groups()
        assert 0 < float(imports) <= float(whole), name


def test_second_run_does_nothing(copied: Path, snakemake, planned) -> None:
    before = _times(copied / "results")
    for arguments in (["--dry-run"], ["--cores", "2"]):
        done = snakemake(copied, *arguments)
        assert "Nothing to be done" in done.stdout + done.stderr
    assert done.stderr.splitlines()[-1] == "Report: results/report.html"
    assert planned(copied) == {}
    assert _times(copied / "results") == before


def test_fresh_times_of_all_sources_rerun_nothing(copied: Path, planned) -> None:
    files = [file for part in SOURCES for file in _files(copied / part)]
    _set_times(files)
    assert planned(copied) == {}


def test_results_copied_without_their_times_rerun_nothing(copied: Path, planned) -> None:
    # By name: so an input is often newer than what was made from it.
    _set_times(sorted(_files(copied / "results"), reverse=True))
    assert planned(copied) == {}


@pytest.mark.parametrize(("given", "granted"), [(0, 0), pytest.param(1, 1, marks=pytest.mark.long), (2, 1)])
def test_any_number_of_gpus_schedules(copied: Path, snakemake, given: int, granted: int) -> None:
    done = snakemake(copied, "--dry-run", "--forceall", "--resources", f"gpu={given}")
    found = re.findall(r"^    resources: .*gpu=(\d+)", done.stdout + done.stderr, flags=re.MULTILINE)
    # train and features of three models, the sweep of two, two jobs of each family, units, those of the untrained
    # network and their sheet; and the comparison of one image with libraries, which a processor does
    assert sorted(found) == sorted([str(granted)] * 17 + ["0"])


def test_a_model_for_the_processor_asks_for_no_gpu(copied: Path, planned, snakemake) -> None:
    file = copied / CONFIGURATION
    own = "input: {size: 8, channels: 1}"
    text = file.read_text(encoding="utf-8").replace(own, f"{own}\n    device: cpu")
    assert "device: cpu" in text
    file.write_text(text, encoding="utf-8")
    assert planned(copied) == {}
    done = snakemake(copied, "--dry-run", "--forceall", "--until", "features")
    text = done.stdout + done.stderr
    found = re.findall(r"^rule features:.*?wildcards: model=(.).*?gpu=(\d+)", text, flags=re.MULTILINE | re.DOTALL)
    assert sorted(found) == [("a", "0"), ("b", "1"), ("c", "1")]


def test_same_bytes_on_one_core_and_on_two(finished: Path, copied: Path, snakemake) -> None:
    targets = [f"results/features/b/{split}.safetensors" for split in SPLITS]
    compared = ["results/models/b/checkpoint.safetensors", "results/models/b/history.csv", *targets]
    before = {name: (copied / name).stat().st_mtime_ns for name in compared}
    snakemake(copied, *targets, "--cores", "1", "--forcerun", "train", "features", "--resources", "gpu=0")
    for name in compared:
        assert (copied / name).stat().st_mtime_ns > before[name]
        assert (copied / name).read_bytes() == (finished / name).read_bytes()


def test_killed_training_goes_on_and_ends_with_the_same_bytes(project, copied: Path, snakemake, start) -> None:
    epochs = 100
    config = copied / CONFIGURATION
    config.write_text(config.read_text().replace("epochs: 1, batch_size: 8", f"epochs: {epochs}, batch_size: 8"))
    target, state = "results/models/b/checkpoint.safetensors", copied / "results/models/b/training.safetensors"
    running = start(copied, target, "--cores", "1")
    try:
        _wait_for(state, running)
    finally:
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()
    time.sleep(0.5)
    with safe_open(str(state), framework="np") as handle:
        done = handle.metadata()["lucidag"].count('"epoch"')
    assert 0 < done < epochs
    assert not (copied / target).exists()

    refused = snakemake(copied, target, "--cores", "1", check=False)
    (line,) = (line for line in refused.stderr.splitlines() if "lock" in line)
    said = f"lucidag: a run that was killed (process {running.pid}) left this folder locked"
    assert line == f"{said}: type `snakemake --unlock`, then the same again (`make run` does both)"
    freed = subprocess.run(
        [sys.executable, "-m", "lucidag.config.lock"], cwd=copied, capture_output=True, text=True, check=True
    )
    assert freed.stdout == f"{said}; the lock is removed\n"
    snakemake(copied, target, "--cores", "1")
    assert not state.exists()
    lines = (copied / "results/logs/train/b.log").read_text().splitlines()
    assert lines[0].startswith("device: cpu on ")
    assert lines[1].startswith(f"epoch {done + 1}/{epochs}:")
    assert lines[-3].startswith(f"epoch {epochs}/{epochs}:")
    resumed = [(copied / name).read_bytes() for name in (target, "results/models/b/history.csv")]

    snakemake(copied, target, "--cores", "1", "--forcerun", "train")
    assert f"\nepoch 1/{epochs}:" in (copied / "results/logs/train/b.log").read_text()
    assert [(copied / name).read_bytes() for name in (target, "results/models/b/history.csv")] == resumed


def test_failures_are_one_sentence_and_leave_no_output(copied: Path, snakemake) -> None:
    pixels = copied / "own" / "07.png"
    pixels.write_bytes(pixels.read_bytes()[:40])
    config = copied / CONFIGURATION
    config.write_text(config.read_text().replace("points: [1, 4]", "points: [1, 5]"))
    rot(copied / "results/rof/a/ranking.csv")
    script = copied / "workflow/scripts/evaluate.py"
    script.write_text(script.read_text().replace("    contents =", "    raise ValueError('no luck')\n    contents ="))
    targets = {
        "data_folder own": "results/data/own/manifest.csv",
        "turning_points a": "results/rof/a/points.csv",
        "evaluate a": "results/models/a/evaluation.json",
    }
    done = snakemake(copied, *targets.values(), "--cores", "1", check=False)
    assert done.returncode == 1
    said = {line.split(": ")[1]: line for line in done.stderr.splitlines() if line.startswith("lucidag: ")}
    assert set(said) == set(targets)
    assert "07.png" in said["data_folder own"]
    assert "results/rof/a/ranking.csv is not what its job wrote" in said["turning_points a"]
    assert said["evaluate a"].endswith("ValueError: no luck (traceback in results/logs/evaluate/a.log)")
    assert "Traceback" not in done.stderr.replace("(traceback in", "")
    for job, output in targets.items():
        log = (copied / "results/logs" / f"{job.replace(' ', '/')}.log").read_text()
        assert "Traceback (most recent call last)" in log
        assert not (copied / output).exists()
    assert _half_written(copied) == []


def test_a_failure_leaves_a_report_of_what_is_there_and_success_no_trace(copied: Path, snakemake) -> None:
    config, results = copied / CONFIGURATION, copied / "results"
    before, text = (results / "report.html").read_bytes(), config.read_text()
    config.write_text(text.replace("points: [1, 4]", "points: [1, 5]"))
    rankings = {model: results / "rof" / model / "ranking.csv" for model in ("a", "b")}
    for ranking in rankings.values():
        rot(ranking)
    done = snakemake(copied, "--cores", "2", check=False)
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert lines[-1] == "Report: results/report.html (not complete)"
    assert "Failed (2):" in lines
    html = (results / "report.html").read_text(encoding="utf-8")
    assert "This page is not complete: 2 jobs failed." in html
    for model, ranking in rankings.items():
        file = ranking.relative_to(copied)
        reason = f"{file} is not what its job wrote (its checksum differs): rm {file} and run again"
        assert f"  turning_points {model}: {reason}" in lines
        assert f"<code>turning_points {model}</code>: {reason}" in html
        assert f"Not made: <code>rof/{model}/turning_points.json</code>" in html
    for shown in ("Images of own, one row per class", "Units of b with the images", "Maps of b by cam"):
        assert shown in html  # of what did not fail
    assert len(list((results / "logs").rglob("*.failed.json"))) == 2

    config.write_text(text)
    for ranking in rankings.values():
        rot(ranking)  # back to what it was
    again = snakemake(copied, "--cores", "2")
    assert again.stderr.splitlines()[-1] == "Report: results/report.html"
    assert (results / "report.html").read_bytes() == before
    assert (results / "report.ipynb").is_file()
    assert list((results / "logs").rglob("*.failed.json")) == []


def _half_written(folder: Path) -> list[Path]:
    """Give the partial files of writers (`lucidag.ground.files.atomic`) and the states of trainings."""
    files = _files(folder / "results")
    return [file for file in files if file.name.startswith(".") or file.name == "training.safetensors"]


def _logs(folder: Path) -> list[Path]:
    return sorted((folder / "results" / "logs").rglob("*.log"))


def _files(path: Path) -> list[Path]:
    return [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())


def _times(folder: Path) -> dict[str, int]:
    return {str(file): file.stat().st_mtime_ns for file in _files(folder)}


def _set_times(files: list[Path]) -> None:
    """Give the files times after everything that exists, each a little later than the one before."""
    now = time.time()
    for number, file in enumerate(files):
        os.utime(file, (now + number / 1000, now + number / 1000))


def _wait_for(file: Path, running, seconds: float = 120) -> None:
    for _ in range(int(seconds / 0.02)):
        if file.exists():
            return
        assert running.poll() is None, "the run ended before the training had a state"
        time.sleep(0.02)
    pytest.fail(f"{file} did not appear in {seconds:g} s")


def test_a_second_configuration_in_a_used_folder_says_so(copied: Path, snakemake) -> None:
    (copied / "config" / "other.yaml").write_text((copied / "config" / "tiny.yaml").read_text())
    same = snakemake(copied, "--dry-run")
    assert "holds results of" not in same.stderr
    other = snakemake(copied, "--dry-run", "--configfile", "config/other.yaml")
    (line,) = [line for line in other.stderr.splitlines() if "holds results of" in line]
    assert line.startswith("lucidag: config/other.yaml: results/ holds results of config/tiny.yaml;")


def test_each_shipped_configuration_has_a_folder_of_its_own(root: Path) -> None:
    folders = {
        file.stem: yaml.safe_load(file.read_text()).get("results", "results")
        for file in (root / "config").glob("*.yaml")
        if file.name != "claims.yaml"
    }
    assert folders.pop("config") == "results"
    assert folders == {name: f"results/runs/{name}" for name in folders}
