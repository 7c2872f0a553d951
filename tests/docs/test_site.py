"""The site of documents: it is built without a warning, and leaves out no page and no package."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


def test_every_page_is_in_the_index(root: Path) -> None:
    pages = {file.stem for file in (root / "docs").glob("*.md")} - {"index"}
    blocks = re.findall(r"^```\{toctree\}\n(.*?)^```", (root / "docs/index.md").read_text(), re.MULTILINE | re.DOTALL)
    listed = [line for block in blocks for line in block.splitlines() if line and not line.startswith(":")]
    assert sorted(listed) == sorted(pages)


@pytest.mark.long
def test_the_site_is_built_without_a_warning(root: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html"]
    # The pages of the library are written beside their sources, so these are a copy.
    # Copies and not links: a link between pages is followed to where its page really lies.
    docs = tmp_path / "docs"
    shutil.copytree(root / "docs", docs, ignore=shutil.ignore_patterns("api", "_build"))
    built = subprocess.run(
        [*command, str(docs), str(tmp_path / "site")], cwd=root, env=os.environ, capture_output=True, text=True
    )
    assert built.returncode == 0, built.stdout + built.stderr
    packages = [file.parent.relative_to(root) for file in (root / "lucidag").rglob("__init__.py")]
    assert {file.stem for file in (tmp_path / "site" / "api").iterdir()} == {".".join(each.parts) for each in packages}
    page = (tmp_path / "site" / "api" / "lucidag.rof.html").read_text(encoding="utf-8")
    assert 'id="lucidag.rof.sweep.sweep"' in page  # a function, with the text of its docstring
    assert "Parameters" in page
    assert "What units detect" in (tmp_path / "site" / "dissection.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["method", "source"])
def test_both_ways_of_a_page_have_the_same_class(root: Path, name: str) -> None:
    page = (root / "docs" / f"write-a-{name}.md").read_text()
    own, part = re.findall(r"^```python file=\S+\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert own == part
