"""The page's script and style are those that were built, from the packages that the sources name."""

import hashlib
import json
from pathlib import Path

import pytest

FILES = ("app.js", "app.css")


@pytest.fixture
def page(root: Path) -> Path:
    return root / "lucidag" / "atlas" / "page"


def test_checksums_are_those_of_the_built_files(page: Path) -> None:
    sums = json.loads((page / "bundle.json").read_text(encoding="utf-8"))["sha256"]
    assert sums == {name: hashlib.sha256((page / name).read_bytes()).hexdigest() for name in FILES}


def test_versions_are_those_of_the_sources_and_each_has_its_licence(root: Path, page: Path) -> None:
    packages = json.loads((page / "bundle.json").read_text(encoding="utf-8"))["packages"]
    wanted = json.loads((root / "atlas" / "package.json").read_text(encoding="utf-8"))["dependencies"]
    assert {name: told["version"] for name, told in packages.items()} == wanted
    texts = (page / "licences.txt").read_text(encoding="utf-8").split("-" * 80)
    assert [text.strip().splitlines()[0] for text in texts] == list(packages)
    assert all(told["licence"] for told in packages.values())


def test_files_are_small_and_close_no_script(page: Path) -> None:
    assert sum((page / name).stat().st_size for name in FILES) < 600_000
    script = (page / "app.js").read_text(encoding="utf-8")
    assert "</script" not in script.lower()
    assert "<!--" not in script


def test_the_lock_names_no_registry(root: Path) -> None:
    lock = json.loads((root / "atlas" / "package-lock.json").read_text(encoding="utf-8"))
    assert all("resolved" not in told for told in lock["packages"].values())
