"""What runs before a commit and on a server is what `make test` runs, from the project's own environment."""

import re
import tomllib
from pathlib import Path

import yaml


def test_hooks_are_local_and_are_those_of_make_test(root: Path) -> None:
    words = yaml.safe_load((root / ".pre-commit-config.yaml").read_text())
    assert [repo["repo"] for repo in words["repos"]] == ["local"]
    hooks = [hook["entry"] for repo in words["repos"] for hook in repo["hooks"]]
    assert all(hook.startswith(".venv/bin/") for hook in hooks)
    made = (root / "Makefile").read_text().partition("\ntest:")[2].partition("\n\n")[0]
    checks = set(re.findall(r"\$\(VENV\)/bin/(ruff (?:check|format)|snakefmt|mypy)", made))
    assert checks == {re.match(r"ruff \w+|\w+", hook.removeprefix(".venv/bin/"))[0] for hook in hooks}


def test_the_server_runs_what_a_clean_checkout_runs(root: Path) -> None:
    (job,) = yaml.safe_load((root / ".github/workflows/ci.yml").read_text())["jobs"].values()
    assert [step["run"].split()[-1] for step in job["steps"] if "run" in step] == [".ci/run"]
    assert job["timeout-minutes"] <= 60
    (python,) = (step["with"]["python-version"] for step in job["steps"] if "setup-python" in step.get("uses", ""))
    assert tomllib.loads((root / "pyproject.toml").read_text())["project"]["requires-python"] == f">={python}"


def test_two_forms_of_the_suite_are_run_and_with_the_zoo_they_hold_every_test(root: Path) -> None:
    lines = (root / ".ci/run").read_text().splitlines()
    assert [line for line in lines if line.startswith("make ")] == ["make test", "make test-long"]
    options = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]["addopts"]
    assert re.findall(r"-m '([^']*)'", options) == ["not long"]
    long, zoo = (
        (root / "Makefile").read_text().partition(f"\n{target}:")[2].partition("\n\n")[0]
        for target in ("test-long", "zoo")
    )
    assert 'pytest -m "long and not zoo" ' in long
    assert re.findall(r'pytest -m "([^"]*)" tests/zoo ', zoo) == ["zoo and not heavy", "zoo and heavy"]


def test_every_template_is_read(root: Path) -> None:
    for file in sorted((root / ".github").rglob("*.yml")):
        assert isinstance(yaml.safe_load(file.read_text()), dict), file.name
