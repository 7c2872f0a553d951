"""The pages about what one can add, followed word by word: what is found afterwards, and how many files it took."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image
from safetensors.numpy import load_file

from lucidag.ground.files import read_json
from tests.docs.follow import follow

pytestmark = pytest.mark.workflow

TINY = Path("config/tiny.yaml")
OWN, PART = "As a file of your own", "As a part of lucidag"


def named_in(page: Path, section: str) -> dict:
    """Give the configuration that a section of a page shows."""
    (text,) = (part for part in page.read_text().split("\n## ") if part.startswith(section))
    (block,) = re.findall(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return yaml.safe_load(block)


@pytest.mark.parametrize(
    ("section", "touched", "name"),
    [
        (PART, {"lucidag/explain/methods/input_x_gradient.py": None, "lucidag/explain/methods/registry.py": 1}, ""),
        pytest.param(OWN, {"mymethods.py": None}, "InputXGradient", marks=pytest.mark.long),
    ],
)
def test_a_method_takes_one_file_and_one_line(root, project, snakemake, planned, section, touched, name) -> None:
    page, folder = root / "docs" / "write-a-method.md", project()
    added = follow(page, folder, section)
    assert {file: lines if touched[file] else None for file, lines in added.items()} == touched
    words = yaml.safe_load((folder / TINY).read_text())
    words["explain"]["methods"] = named_in(page, section)["explain"]["methods"]
    (folder / TINY).write_text(yaml.safe_dump(words))
    name = name or "input_x_gradient"
    jobs = planned(folder)
    assert [job for job in jobs["explanations"] if f"family={name}" in job]
    target = f"results/explanations/b/maps/{name}/00.safetensors"
    snakemake(folder, target, "--cores", "2", "--resources", "gpu=0")
    tensors = load_file(folder / target)
    values = tensors[f"00/map/{name}"]
    assert values.shape == tensors["00/frame"].shape[1:]
    assert (values < 0).any()
    assert (values > 0).any()


@pytest.mark.parametrize(
    ("section", "touched", "rule"),
    [
        (PART, {"lucidag/data/sources/stripes.py": None, "lucidag/data/registry.py": 1}, "data_stripes"),
        pytest.param(OWN, {"mysources.py": None}, "data_mysources_Stripes", marks=pytest.mark.long),
    ],
)
def test_a_source_takes_one_file_and_one_line(root, project, snakemake, planned, section, touched, rule) -> None:
    page, folder = root / "docs" / "write-a-source.md", project()
    added = follow(page, folder, section)
    assert {file: lines if touched[file] else None for file, lines in added.items()} == touched
    words = yaml.safe_load((folder / TINY).read_text())
    words["datasets"] |= named_in(page, section)["datasets"]
    words["models"]["striped"] = words["models"]["a"] | {"dataset": "stripes", "input": {"size": 16, "channels": 1}}
    (folder / TINY).write_text(yaml.safe_dump(words))
    assert planned(folder)[rule] == ["dataset=stripes"]
    target = "results/data/stripes/manifest.csv"
    snakemake(folder, target, "--cores", "1")
    table = pd.read_csv(folder / target)
    images = load_file(folder / "results/data/stripes/images.safetensors")["images"]
    assert len(table) == len(images) == 40
    for label, image in zip(table["label"], images[..., 0], strict=True):
        lines = image if label == "lying" else image.T
        assert (lines == lines[:, :1]).all()  # each row of one grey
        assert lines[:, 0].tolist() == [0, 0, 255, 255] * 4


def test_a_figure_takes_three_files(root, copied, snakemake, planned) -> None:
    assert len(follow(root / "docs" / "write-a-figure.md", copied)) <= 3
    # The notebook shows none of it, and nothing else is stale.
    assert planned(copied) == {"figures_recall": ["model=a", "model=b", "model=c"]}
    snakemake(copied, "figures", "--cores", "2")
    results = copied / "results"
    for model in "abc":
        assert (results / f"figures/models/{model}/recall.pdf").stat().st_size > 0
        counts = np.array(read_json(results / f"models/{model}/evaluation.json")["test"]["confusion"])
        assert _bars(results / f"figures/models/{model}/recall.png") == (counts.diagonal() > 0).sum()


def _bars(file: Path) -> int:
    """Count the bars of a figure: runs of rows that hold many coloured dots."""
    with Image.open(file) as image:
        dots = np.asarray(image.convert("RGB")).astype(int)
    coloured = (np.ptp(dots, axis=2) > 60).sum(axis=1) > 8
    return int((np.diff(coloured.astype(int), prepend=0) == 1).sum())


def test_a_stage_takes_seven_files(root, copied, snakemake, planned) -> None:
    page = root / "docs" / "write-a-stage.md"
    assert len(follow(page, copied)) <= 7
    assert planned(copied) == {}  # a configuration that does not ask for it
    text = (copied / TINY).read_text()
    asked = text + yaml.safe_dump(named_in(page, "5 Run it"))
    (copied / TINY).write_text(asked)
    assert planned(copied) == {"margins": ["model=a"]}
    snakemake(copied, "--cores", "2")
    table = pd.read_csv(copied / "results/margins/a.csv")
    accuracy = read_json(copied / "results/models/a/evaluation.json")["test"]["accuracy"]
    assert (table["margin"] > 0).mean() == pytest.approx(accuracy, abs=1e-3)  # but for ties, and logits in float32
    (copied / TINY).write_text(asked.replace("split: test", "split: val"))
    assert planned(copied) == {"margins": ["model=a"]}
    (copied / TINY).write_text(asked.replace("split: test", "splt: val"))
    wrong = snakemake(copied, "--dry-run", check=False)
    assert "margins.splt" in wrong.stderr
    assert "did you mean 'split'?" in wrong.stderr
