"""The workflow called from other places: as a module, by its path, from a folder with a space, twice at once."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

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


def as_module(checkout: Path, folder: Path, prefix: str = "", names: str = "") -> None:
    words = f'    prefix: "{prefix}"\n' if prefix else ""
    place = f"{prefix}/" if prefix else ""
    text = MODULE.format(checkout=checkout, prefix=words, names=names, place=place, target=TARGET)
    (folder / "Snakefile").write_text(text)


@pytest.mark.parametrize(
    ("prefix", "names"),
    [("", ""), ("", " as lucidag_*"), ("part", " as lucidag_*")],
    ids=["plain", "renamed", "prefix"],
)
def test_a_module_plans_what_the_workflow_plans(
    python: Path, checkout: Path, elsewhere: Path, prefix: str, names: str
) -> None:
    expected = jobs_in(run(python, checkout, "-n", TARGET, "--configfile", CONFIGURATION).stdout)
    as_module(checkout, elsewhere, prefix, names)
    found = jobs_in(run(python, elsewhere, "-n").stdout)
    assert found.pop("mine") == [""]
    first = names.partition("*")[0].removeprefix(" as ")
    assert found == {first + rule: jobs for rule, jobs in expected.items()}


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
    found = jobs_in(run(python, elsewhere, "-n").stdout)
    ones = {rule.removeprefix("one_"): jobs for rule, jobs in found.items() if rule.startswith("one_")}
    twos = {rule.removeprefix("two_"): jobs for rule, jobs in found.items() if rule.startswith("two_")}
    assert ones == twos == jobs_in(run(python, checkout, "-n", TARGET, "--configfile", CONFIGURATION).stdout)


def test_a_checkout_with_a_space_in_its_path(python: Path, project: Callable[[], Path], tmp_path: Path) -> None:
    folder = project().rename(tmp_path / "my checkout")
    run(python, folder, "--cores", "1", "results/data/digits/manifest.csv", "--configfile", CONFIGURATION)
    assert (folder / "results/data/digits/manifest.csv").is_file()
