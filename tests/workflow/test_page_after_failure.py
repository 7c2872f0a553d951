"""The atlas after a run in which a training diverges: it names the job, shows the rest, and the next run mends it."""

import shutil
from pathlib import Path

import pytest

from lucidag.atlas.encode import unpacked
from tests.atlas.test_page import SECTION

pytestmark = [pytest.mark.workflow, pytest.mark.long]

PAGE = "results/atlas/index.html"
STEEP, GENTLE = "lr: 1.0e+30", "lr: 0.01"
CONFIGURATION = f"""\
datasets:
  digits: {{source: digits}}
models:
  good: &model
    dataset: digits
    architecture: lucidag.models.small:small_cnn
    options: {{channels: 1, width: 4}}
    input: {{size: 8, channels: 1}}
    train: {{epochs: 1, {GENTLE}}}
  bad: {{<<: *model, train: {{epochs: 2, {STEEP}}}}}
rof: {{methods: [l1, random], random_orders: 2, resamples: 10}}
report: {{notebook: false}}
"""


def sections(folder: Path) -> dict:
    html = (folder / PAGE).read_text(encoding="utf-8")
    return {name: unpacked(text) for name, text in SECTION.findall(html)}


def test_the_page_names_what_failed_and_the_next_run_mends_it(project, snakemake) -> None:
    folder = project()
    shutil.rmtree(folder / "results", ignore_errors=True)
    file = folder / "config/failing.yaml"
    file.write_text(CONFIGURATION, encoding="utf-8")
    run = (PAGE, "--cores", "2", "--keep-going", "--configfile", str(file.relative_to(folder)))

    done = snakemake(folder, *run, check=False)
    assert done.returncode == 1
    found = sections(folder)
    ((job, sentence, log),) = found["core"]["failed"]
    assert job == "train bad"
    assert "the training loss is nan" in sentence
    assert (folder / log).is_file()
    assert "function:good" in found
    assert "function:bad" not in found
    assert {each["analysis"] for each in found["core"]["findings"]} >= {"Models"}
    rows = found["provenance"]["table"]["data"]
    assert "rof/good/sweep.csv" in rows["file"]
    assert not [each for each in rows["file"] if "/bad/" in each]
    assert f"{job}: {sentence}" in (folder / "results/atlas/findings.html").read_text(encoding="utf-8")
    assert (folder / PAGE).stat().st_mtime < (folder / "results/rof/good/sweep.csv").stat().st_mtime

    file.write_text(CONFIGURATION.replace(STEEP, GENTLE), encoding="utf-8")
    snakemake(folder, *run)
    mended = sections(folder)
    assert mended["core"]["failed"] is None
    assert {"function:good", "function:bad"} <= set(mended)
