"""Modules of the user's own: any name works, and none hides what others mean by it."""

import importlib
import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from lucidag.ground.errors import InputError
from lucidag.ground.user_code import user_module

# Names of scripts of ours, of Python's own library, of installed packages, of folders of the checkout, and a plain one.
NAMES = [
    "train",
    "evaluate",
    "data",
    "random",
    "json",
    "test",
    "torch",
    "numpy",
    "yaml",
    "benchmarks",
    "config",
    "mynet",
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "modules", {**sys.modules})
    return tmp_path


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("package", [False, True])
def test_any_name_gives_the_users_own(folder: Path, name: str, package: bool) -> None:
    file = folder / name / "__init__.py" if package else folder / f"{name}.py"
    file.parent.mkdir(exist_ok=True)
    file.write_text("import random\nMINE = random.Random(1).random()\n")
    before = sys.modules.get(name)
    assert random.Random(1).random() == user_module(name).MINE
    assert user_module(name) is user_module(name)
    if before is not None:
        assert importlib.import_module(name) is before


@pytest.mark.parametrize("name", ["train", "random", "torch", "mynet"])
def test_modules_inside_a_package_and_their_relative_imports(folder: Path, name: str) -> None:
    (folder / name).mkdir()
    (folder / name / "__init__.py").write_text("")
    (folder / name / "nets.py").write_text("from .blocks import WIDTH\nfrom . import blocks\n")
    (folder / name / "blocks.py").write_text("WIDTH = 7\n")
    assert user_module(f"{name}.nets").WIDTH == 7


def test_neighbours_are_found_before_the_scripts_of_jobs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scripts = folder / "elsewhere" / "workflow" / "scripts"
    scripts.mkdir(parents=True)
    (scripts / "rank.py").write_text("raise RuntimeError('the script of a job')\n")
    monkeypatch.setattr(sys, "path", [*sys.path, str(scripts)])
    (folder / "rank.py").write_text("VALUE = 3\n")
    (folder / "mine.py").write_text("from rank import VALUE\n")
    assert user_module("mine").VALUE == 3
    assert user_module("rank").VALUE == 3


def test_what_is_installed_and_not_in_the_folder_is_imported_as_usual(folder: Path) -> None:
    assert user_module("json") is json


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("import nothing_of_this_name", "ModuleNotFoundError: No module named 'nothing_of_this_name'"),
        ("def broken(:", "SyntaxError"),
        ("1 / 0", "ZeroDivisionError"),
    ],
)
@pytest.mark.parametrize("name", ["random", "mynet"])
def test_lines_that_fail_are_said_and_leave_no_half_module(folder: Path, name: str, text: str, words: str) -> None:
    (folder / f"{name}.py").write_text(text + "\n")
    with pytest.raises(InputError, match=f"module '{name}' cannot be imported: .*{words}"):
        user_module(name)
    (folder / f"{name}.py").write_text("VALUE = 10  # mended, and longer than before\n")
    importlib.invalidate_caches()
    assert user_module(name).VALUE == 10


def test_a_class_in_such_a_module_pickles_nothing_and_knows_its_module(folder: Path) -> None:
    """Dataclasses look their module up by its name."""
    (folder / "random.py").write_text("from dataclasses import dataclass\n@dataclass\nclass Point:\n    x: 'int' = 2\n")
    assert user_module("random").Point().x == 2


def test_a_process_finds_the_same(folder: Path, root: Path) -> None:
    (folder / "statistics.py").write_text("VALUE = 5\n")
    words = "import statistics; from lucidag.ground.user_code import user_module as found"
    code = f"{words}; print(found('statistics').VALUE, statistics.mean([2, 4]))"
    environment = {"PYTHONPATH": str(root)}
    done = subprocess.check_output([sys.executable, "-P", "-c", code], cwd=folder, env=environment, text=True)
    assert done.split() == ["5", "3"]
