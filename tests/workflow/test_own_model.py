"""The page about one's own network and images, followed word by word."""

import json
import os
import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import yaml
from PIL import Image

from lucidag.ground.files import read_json

pytestmark = pytest.mark.workflow

BLOCK = re.compile(r"^```(\w+)(?: file=(\S+))?\n(.*?)^```", re.MULTILINE | re.DOTALL)
UNITS = 2 * 8
IMAGES = ["images-circle-000", "images-square-001", "images-circle-006", "images-square-007"]


def blocks(root: Path) -> list[tuple[str, str, str]]:
    """Give the language, the file or "", and the text of each block of the page."""
    return BLOCK.findall((root / "docs" / "own-model.md").read_text(encoding="utf-8"))


def is_long(text: str) -> bool:
    """Tell whether a command runs the whole of it."""
    return "snakemake --cores" in text


def obey(folder: Path, text: str) -> None:
    done = subprocess.run(
        ["bash", "-euc", text], cwd=folder, capture_output=True, text=True, timeout=600, env=os.environ
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def prepared(root: Path, project: Callable[[], Path], python: Path) -> Path:
    """Return a copy of the project in which every step of the page was taken but the run."""
    folder = project()
    tools = folder / ".venv" / "bin"
    tools.mkdir(parents=True)
    for tool, words in {"python": "", "snakemake": "-m snakemake "}.items():
        (tools / tool).write_text(f'#!/bin/sh\nexec {shlex.quote(str(python))} {words}"$@"\n')
        (tools / tool).chmod(0o755)
    for language, file, text in blocks(root):
        if file:
            (folder / file).write_text(text, encoding="utf-8")
        elif language == "bash" and not is_long(text):
            obey(folder, text)
    return folder


@pytest.fixture(scope="module")
def followed(root: Path, prepared: Path) -> Path:
    """Return the folder in which the page's run has come to its end."""
    (command,) = (text for language, _, text in blocks(root) if language == "bash" and is_long(text))
    obey(prepared, command)
    return prepared


def dry_run(folder: Path, words: dict, name: str) -> subprocess.CompletedProcess[str]:
    file = folder / "config" / f"{name}.yaml"
    file.write_text(yaml.safe_dump(words), encoding="utf-8")
    command = [".venv/bin/snakemake", "-n", "--configfile", f"config/{name}.yaml"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, env=os.environ)


def test_the_short_configuration_has_at_most_ten_lines(prepared: Path) -> None:
    assert len((prepared / "config" / "short.yaml").read_text().splitlines()) <= 10


def test_the_configuration_plans_every_stage(prepared: Path) -> None:
    words = yaml.safe_load((prepared / "config" / "mine.yaml").read_text())
    done = dry_run(prepared, words, "mine-again")
    assert done.returncode == 0, done.stderr
    planned = set(re.findall(r"^(?:local)?rule (\w+):", done.stdout, re.MULTILINE))
    assert planned >= {
        "import_model", "check_import", "evaluate", "turning_points", "explanations", "explanation_images",
        "agreement", "localisation", "faithfulness", "dissect_labels", "artefact_audit", "notebook",
    }  # fmt: skip
    skipped = re.search(r"^Skipped, as \S+ has no such section: (.*)$", done.stdout, re.MULTILINE)
    assert skipped is not None
    # Of several models, of CLIP, and what this network has no rules for.
    assert skipped[1].split(", ") == [
        "generalisation",
        "relevance",
        "clips",
        "units",
        "planted",
        "shortcuts",
        "discover",
        "repair",
    ]


def test_relevance_of_the_network_is_refused_in_the_dry_run_as_the_page_says(root: Path, prepared: Path) -> None:
    from lucidag.explain.settings import Explain

    words = yaml.safe_load((prepared / "config" / "mine.yaml").read_text())
    default = list(Explain(images={"shapes": "all"}).methods)
    assert set(words["explain"]["methods"]) < set(default)
    text = (prepared / "mynet.py").read_text(encoding="utf-8")
    relu = "        self.relu = nn.ReLU()\n"
    assert text.count(relu) == 1
    (prepared / "lognet.py").write_text(text.replace(relu, relu.replace("ReLU", "LogSigmoid")), encoding="utf-8")
    words["models"]["mine"]["architecture"] = "lognet:make"
    (sentence,) = (text.strip() for _, _, text in blocks(root) if text.startswith("model 'mine'"))
    for changes, key in (
        ({"explain": {**words["explain"], "methods": default}}, "explain.methods"),
        ({"relevance": {"atlas": {"layers": {"mine": "block2"}}}}, "relevance"),
    ):
        done = dry_run(prepared, words | changes, "refused")
        assert done.returncode == 1
        (line,) = (line for line in done.stderr.splitlines() if line.startswith("lucidag: config/refused.yaml: "))
        assert line.removeprefix("lucidag: config/refused.yaml: ").startswith(key)
        assert sentence in line


def test_relevance_of_the_network_is_planned(root: Path, prepared: Path) -> None:
    from lucidag.explain.settings import Explain

    words = yaml.safe_load((prepared / "config" / "mine.yaml").read_text())
    words["explain"]["methods"] = list(Explain(images={"shapes": "all"}).methods)
    done = dry_run(prepared, words | {"relevance": {"atlas": {"layers": {"mine": "block2"}}}}, "summed")
    assert done.returncode == 0, done.stderr
    assert "rule relevance_atlas:" in done.stdout


def test_the_variations_are_planned(root: Path, prepared: Path) -> None:
    """With images that are as the page says."""
    image = Image.new("RGB", (8, 8))
    (prepared / "skin").mkdir()
    rows = ["file,diagnosis,patient,mask,clinic"]
    for number in range(12):
        for name in (f"{number}.png", f"{number}-mask.png"):
            image.save(prepared / "skin" / name)
        rows.append(f"{number}.png,{'ab'[number % 2]},p{number},{number}-mask.png,{'xy'[number // 2 % 2]}")
    (prepared / "skin/table.csv").write_text("\n".join(rows))
    datasets: dict[str, dict] = {}
    for _, file, text in blocks(root):
        if not file and text.startswith("datasets:"):
            datasets |= yaml.safe_load(text)["datasets"]
    assert set(datasets) == {"skin", "cifar"}
    for name in datasets["cifar"]["classes"]:
        (prepared / "cifar" / name).mkdir(parents=True)
        for number in range(5):
            image.save(prepared / "cifar" / name / f"{number}.png")
    network = {"architecture": "mynet:make", "train": {"epochs": 1}}
    models = {
        "skin-net": network | {"dataset": "skin", "input": {"normalise": "imagenet"}},
        "cifar-net": network | {"dataset": "cifar", "input": {"size": 32, "normalise": "cifar10"}},
    }
    done = dry_run(prepared, {"datasets": datasets, "models": models, "rof": {}}, "variations")
    assert done.returncode == 0, done.stderr


def check_network(results: Path) -> None:
    """Make sure that the network does as well as it was trained, and that its function is retrieved with all units."""
    evaluation = read_json(results / "models" / "mine" / "evaluation.json")
    # The page's own script has trained on all images: a network that learnt nothing would be at a half, and one whose
    # classes are in another order near 0.
    assert evaluation["test"]["accuracy"] > 0.8
    assert evaluation["doubts"] == []
    sweep = pd.read_csv(results / "rof" / "mine" / "sweep.csv")
    whole = sweep[(sweep["split"] == "test") & (sweep["k"] == UNITS)]
    assert set(whole["accuracy"]) == {evaluation["test"]["accuracy"]}
    assert (sweep.groupby(["split", "method", "seed"], dropna=False)["k"].nunique() == UNITS + 1).all()


def test_the_short_configuration_runs(prepared: Path) -> None:
    """The folder of images and the checkpoint, as far as the sweep."""
    targets = "short/models/mine/evaluation.json short/rof/mine/sweep.csv"
    command = f".venv/bin/snakemake {targets} --cores 2 --configfile config/short.yaml --config results=short"
    obey(prepared, command)
    check_network(prepared / "short")
    assert read_json(prepared / "short/models/mine/evaluation.json")["test"]["n"] == 32


@pytest.mark.long
def test_every_stage_has_run(followed: Path) -> None:
    results = followed / "results"
    table = pd.read_csv(followed / "shapes" / "table.csv")
    manifest = pd.read_csv(results / "data" / "shapes" / "manifest.csv")
    assert len(manifest) == len(table)
    assert (manifest.groupby("id")["split"].nunique() == 1).all()
    evaluation = read_json(results / "models" / "mine" / "evaluation.json")
    assert evaluation["test"]["n"] == (manifest["split"] == "test").sum() > 20
    check_network(results)
    methods = yaml.safe_load((followed / "config" / "mine.yaml").read_text())["explain"]["methods"]
    for method in methods:
        assert {file.stem for file in (results / "explanations/mine" / method).glob("*.npy")} == set(IMAGES)
    agreement = pd.read_csv(results / "agreement/mine.csv")
    assert set(agreement["method_a"]) | set(agreement["method_b"]) == set(methods)
    localisation = pd.read_csv(results / "localisation/mine.csv")
    assert set(localisation["method"]) == {*methods, "centre", "random"}
    assert set(localisation["image"]) == set(IMAGES)
    measured = pd.read_csv(results / "faithfulness/mine.csv")
    assert set(methods) <= set(measured["method"])
    labels = pd.read_csv(results / "dissect/mine/block2.csv")
    assert set(labels["method"]) == {"annotations"}
    assert labels["unit"].nunique() == UNITS
    audit = read_json(results / "artefacts/shapes.json")
    assert "dark_corner" in json.dumps(audit)


@pytest.mark.long
def test_what_the_page_says_to_look_at_is_there(root: Path, followed: Path) -> None:
    page = (root / "docs" / "own-model.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.*?) \| .* \|$", page, re.MULTILINE)[1:]
    assert len(rows) >= 8
    results = followed / "results"
    for row in rows:
        first, *others = re.findall(r"`([^`]+)`", row)
        for name in [first, *others]:
            place = results / name
            beside = (results / first).parent / name
            filled = name.format(method="lime", image=IMAGES[0])
            assert place.exists() or beside.exists() or (results / filled).exists(), name
    for file in (
        "figures/rof/mine/accuracy.png",
        "figures/rof/mine/roles.pdf",
        "figures/data/shapes/images.png",
        "figures/models/mine/confusion.png",
        "rof/mine/turning_points.json",
        "rof/mine/roles.csv",
    ):
        assert (results / file).stat().st_size > 0
    html = (results / "report.html").read_text(encoding="utf-8")
    for part in ("Maps of mine by cam", "Images of shapes, one row per class"):
        assert part in html
