"""The workflow called from other places: as a module, by its path, from a folder with a space, twice at once."""

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import yaml

from lucidag.models.build import build
from tests.workflow.conftest import CONFIGURATION, environment, jobs_in

pytestmark = pytest.mark.workflow

TARGET = "results/models/a/evaluation.json"
MODULE = """\
configfile: "my/settings.yaml"


module lucidag:
    snakefile: "{checkout}/Snakefile"
    config: config
{prefix}

use rule * from lucidag{names}


rule mine:
    default_target: True
    input:
        "{place}{target}",
    output:
        "mine.txt",
    shell:
        "cp {{input}} {{output}}"
"""
CHANGED = """

use rule data_digits from lucidag as {name} with:
    priority: 5
"""


@pytest.fixture(scope="module")
def checkout(project: Callable[[], Path]) -> Path:
    """Return a copy of the project that nothing is to be written to."""
    return project()


@pytest.fixture
def elsewhere(checkout: Path, tmp_path: Path) -> Path:
    """Return a folder of the user's own, with a configuration and its data."""
    folder = tmp_path / "a folder"
    (folder / "my").mkdir(parents=True)
    (folder / "my/settings.yaml").write_text((checkout / CONFIGURATION).read_text())
    for name in ("own", "mynet.py"):
        (folder / name).symlink_to(checkout / name)
    return folder


def run(python: Path, folder: Path, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [python, "-m", "snakemake", *words], cwd=folder, env=environment(), capture_output=True, text=True, timeout=300
    )
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done


def files(folder: Path) -> set[str]:
    found = {str(path.relative_to(folder)) for path in folder.rglob("*")}
    return {path for path in found if "__pycache__" not in path}


def ends(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("Would run: ")]


def as_module(checkout: Path, folder: Path, prefix: str = "", names: str = "", target: str = TARGET) -> None:
    words = f'    prefix: "{prefix}"\n' if prefix else ""
    place = f"{prefix}/" if prefix else ""
    text = MODULE.format(checkout=checkout, prefix=words, names=names, place=place, target=target)
    (folder / "Snakefile").write_text(text)


@pytest.mark.parametrize(
    ("prefix", "names"),
    [("", ""), ("", " as lucidag_*"), ("part", " as lucidag_*")],
    ids=["plain", "renamed", "prefix"],
)
def test_a_module_plans_what_the_workflow_plans(
    python: Path, checkout: Path, elsewhere: Path, prefix: str, names: str
) -> None:
    plain = run(python, checkout, "-n", TARGET, "--configfile", CONFIGURATION).stdout
    expected = jobs_in(plain)
    as_module(checkout, elsewhere, prefix, names)
    first = names.partition("*")[0].removeprefix(" as ")
    if first:
        with (elsewhere / "Snakefile").open("a") as file:
            file.write(CHANGED.format(name=f"{first}data_digits"))
    done = run(python, elsewhere, "-n").stdout
    found = jobs_in(done)
    assert found.pop("mine") == [""]
    assert found == {first + rule: jobs for rule, jobs in expected.items()}
    # What the user's own rules would do is not counted, and a rule that is changed gives no second end.
    assert ends(done) == ends(plain) == [f"Would run: {len(expected)} jobs of {len(expected)} rules"]


def test_a_module_with_a_prefix_runs_and_writes_nothing_into_the_checkout(
    python: Path, checkout: Path, elsewhere: Path
) -> None:
    before = files(checkout)
    as_module(checkout, elsewhere, "part", " as lucidag_*")
    run(python, elsewhere, "--cores", "2")
    assert (elsewhere / "mine.txt").read_bytes() == (elsewhere / "part" / TARGET).read_bytes()
    assert files(checkout) == before
    # What is kept for the next dry run is no result and stays in the folder that the configuration names.
    assert {path.name for path in (elsewhere / "results").iterdir()} <= {".cache"}
    assert "Nothing to be done" in run(python, elsewhere, "--cores", "2").stderr


def test_the_hooks_of_the_page_end_a_run_of_a_module(python: Path, checkout: Path, elsewhere: Path, root: Path) -> None:
    """A run that fails ends with a report of what is there, and the next one forgets what failed."""
    page = (root / "docs/module.md").read_text()
    (hooks,) = re.findall(r"^```python\n(onstart:.*?)^```", page, re.MULTILINE | re.DOTALL)
    (elsewhere / "own").unlink()
    shutil.copytree(checkout / "own", elsewhere / "own")
    settings, image = elsewhere / "my/settings.yaml", elsewhere / "own/07.png"
    words = yaml.safe_load(settings.read_text())
    kept = {"datasets": {"own": words["datasets"]["own"]}, "models": {"b": words["models"]["b"]}}
    settings.write_text(yaml.safe_dump(kept))
    as_module(checkout, elsewhere, "part", " as lucidag_*", "results/report.html")
    with (elsewhere / "Snakefile").open("a") as file:
        file.write(f"\n\n{hooks}")
    whole = image.read_bytes()
    image.write_bytes(whole[:40])
    done = run(python, elsewhere, "--cores", "2", check=False)
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert lines[-1] == "Report: part/results/report.html (not complete)"
    assert "Failed (1):" in lines
    (failed,) = (line for line in lines if line.startswith("  lucidag_data_folder own: "))
    assert "07.png" in failed
    assert "1 job failed" in (elsewhere / "part/results/report.html").read_text()

    image.write_bytes(whole)
    manifest = "part/results/data/own/manifest.csv"
    again = run(python, elsewhere, manifest, "--cores", "2")
    assert (elsewhere / manifest).is_file()
    assert "Failed" not in again.stderr
    assert list((elsewhere / "part/results").rglob("*.failed.json")) == []


def test_the_prefix_is_not_that_of_files_of_the_users_own(python: Path, checkout: Path, elsewhere: Path) -> None:
    """Images, tables, lists of classes, weights and words are where the configuration says."""
    settings = elsewhere / "my/settings.yaml"
    own = yaml.safe_load(settings.read_text())["datasets"]["own"]
    for name, text in (("classes.txt", "round\nsquare\n"), ("words.txt", "red\nblue\n")):
        (elsewhere / "my" / name).write_text(text)
    torch.save(build("resnet18", 2, {}, 0).state_dict(), elsewhere / "my/w.pth")
    network = {"dataset": "own", "architecture": "resnet18", "input": {"size": 16}}
    words = {
        "datasets": {"own": own | {"classes": "my/classes.txt"}},
        "models": {"b": network | {"weights": "my/w.pth"}, "t": network | {"train": {}, "weights": "my/w.pth"}},
        "clips": {"c": {"architecture": "ViT-B-32", "weights": "my/w.pth"}},
        "dissect": {"models": ["b"], "clip_dissect": {"concepts": "my/words.txt"}, "netdissect": None},
        "report": {"notebook": False},
    }
    settings.write_text(yaml.safe_dump(words))
    as_module(checkout, elsewhere, "part", " as lucidag_*", "results/dissect/b/layer4.csv")
    targets = ["part/results/dissect/b/layer4.csv", "part/results/models/t/checkpoint.safetensors"]
    done = run(python, elsewhere, "-n", "--verbose", *targets)
    inputs = {}
    for block in re.split(r"^(?=(?:local)?rule \w+:$)", done.stdout, flags=re.MULTILINE)[1:]:
        (files,) = re.findall(r"^    input: (.*)$", block, re.MULTILINE) or [""]
        inputs[block.split(":")[0].split()[-1]] = set(files.split(", "))
    assert {"own/labels.csv", "own/00.png", "own/masks/00.png", "my/classes.txt"} <= inputs["lucidag_data_folder"]
    assert "my/w.pth" in inputs["lucidag_import_model"] & inputs["lucidag_train"] & inputs["lucidag_clip_embed"]
    assert "my/words.txt" in inputs["lucidag_clip_embed"]
    others = {file for files in inputs.values() for file in files if file and not file.startswith("part/results/")}
    assert all(file.startswith(("own/", "my/")) for file in others), others


def test_a_mistake_names_the_file_of_the_user(python: Path, checkout: Path, elsewhere: Path) -> None:
    as_module(checkout, elsewhere)
    settings = elsewhere / "my/settings.yaml"
    settings.write_text(settings.read_text().replace("epochs: 1", "epochs: none", 1))
    done = run(python, elsewhere, "-n", check=False)
    assert done.returncode == 1
    assert [
        line for line in done.stderr.splitlines() if line.startswith("lucidag: my/settings.yaml: models.a.train.epochs")
    ]


def test_the_catalogs_snakefile_with_another_folder(python: Path, checkout: Path, elsewhere: Path) -> None:
    words = ["-n", TARGET, "-s", str(checkout / "workflow/Snakefile"), "--directory", str(elsewhere)]
    found = run(python, checkout.parent, *words, "--configfile", str(elsewhere / "my/settings.yaml"))
    plain = run(python, checkout, "-n", TARGET, "--configfile", CONFIGURATION)
    assert jobs_in(found.stdout) == jobs_in(plain.stdout)


def test_two_configurations_side_by_side(python: Path, checkout: Path, elsewhere: Path) -> None:
    """Each as a module with a prefix of its own: the same rules twice, and no result of one is the other's."""
    other = yaml.safe_load((elsewhere / "my/settings.yaml").read_text())
    other["models"]["a"]["train"]["lr"] = 0.5
    (elsewhere / "my/other.yaml").write_text(yaml.safe_dump(other))
    lines = ["from yaml import safe_load", ""]
    for name, file in (("one", "settings"), ("two", "other")):
        lines += [f"module {name}:", f'    snakefile: "{checkout}/Snakefile"']
        lines += [f'    config: safe_load(open("my/{file}.yaml"))', f'    prefix: "{name}"', ""]
        lines += [f"use rule * from {name} as {name}_*", ""]
    lines += ["rule both:", "    default_target: True", f'    input: "one/{TARGET}", "two/{TARGET}"', ""]
    (elsewhere / "Snakefile").write_text("\n".join(lines))
    done = run(python, elsewhere, "-n").stdout
    found = jobs_in(done)
    ones = {rule.removeprefix("one_"): jobs for rule, jobs in found.items() if rule.startswith("one_")}
    twos = {rule.removeprefix("two_"): jobs for rule, jobs in found.items() if rule.startswith("two_")}
    plain = run(python, checkout, "-n", TARGET, "--configfile", CONFIGURATION).stdout
    assert ones == twos == jobs_in(plain)
    assert ends(done) == 2 * ends(plain)


def test_a_checkout_with_a_space_in_its_path(python: Path, project: Callable[[], Path], tmp_path: Path) -> None:
    folder = project().rename(tmp_path / "my checkout")
    run(python, folder, "--cores", "1", "results/data/digits/manifest.csv", "--configfile", CONFIGURATION)
    assert (folder / "results/data/digits/manifest.csv").is_file()
