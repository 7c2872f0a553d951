"""Names from data reach no page, no notebook, no shell and no format string as anything but text."""

import ast
import re
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pandas as pd
import pytest

from lucidag.ground.errors import one_line
from lucidag.ground.tables import write_table
from lucidag.report.cells import Section, code, images, quoted, text
from lucidag.report.contents import SETUP
from lucidag.report.notebook import build, execute
from lucidag.report.page import page

NAMES = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(2)>',
    "<a href='javascript:alert(3)'>x</a>",
    "![](http://127.0.0.1:9/x) [x](javascript:alert(4))",
    "{{ 7 * 7 }} {% raw %} {x} {0.__class__} %s",
    "$x_$ \\frac{1",
    "`touch canary` $(touch canary); touch canary",
    '"); import os; os.system("touch canary"); ("',
    "=cmd|' /C calc'!A0",
    "&amp; &lt;b&gt;",
    "\u202eabc",
]
# What runs text as code, or reads a file that may; each with the one place where it may stand.
RUNS = {"eval", "exec", "compile", "__import__", "system", "popen", "unpack_archive", "extractall"}


class Elements(HTMLParser):
    """The attributes of all elements of a page, and what its scripts say."""

    def __init__(self):
        super().__init__()
        self.attributes, self.scripts, self.inside = [], [], ""

    def handle_starttag(self, tag, attrs):
        self.inside = tag
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag):
        self.inside = ""

    def handle_data(self, data):
        if self.inside == "script":
            self.scripts.append(data)


@pytest.fixture(scope="module")
def html(tmp_path_factory):
    """Return the page of a notebook that shows the names in a table, in what it prints, and beside an image."""
    folder = tmp_path_factory.mktemp("results")
    write_table(folder / "t.csv", pd.DataFrame({"class": NAMES, "value": range(len(NAMES))}))
    from PIL import Image

    Image.new("L", (2, 2)).save(folder / "i.png")
    cells = (
        SETUP,
        code("found = read_table('t.csv')", "display(found)"),
        code("print(*found['class'], sep='\\n')"),
        *(images(("i.png", name)) for name in NAMES),
        code(*(f"x = {quoted(name)}" for name in NAMES), "sorted(found['class'])"),
    )
    done = execute(build([Section("s", "Names", (text("Names."), *cells))]), folder)
    nbformat.validate(done)
    assert not list(folder.glob("canary*"))
    return page(done, "report")


def test_no_name_is_an_element_of_the_page(html):
    seen = Elements()
    seen.feed(html)
    assert len(seen.attributes) > 100
    assert not any(name.startswith("on") for name, _ in seen.attributes)
    links = [value for name, value in seen.attributes if name in ("href", "src", "action")]
    assert not any("javascript:" in link or "127.0.0.1" in link for link in links)
    assert not any("alert(" in script for script in seen.scripts)
    assert set(NAMES[:2]) <= {value for name, value in seen.attributes if name == "alt"}
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "{{ 7 * 7 }}" in html


def nodes():
    for file in sorted(Path(__file__).parents[2].glob("lucidag/**/*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                yield file, node, called


def test_nothing_in_the_package_runs_text_or_unpacks_archives():
    for file, node, called in nodes():
        of = ast.unparse(node.func)
        if called in RUNS and of not in ("re.compile", "torch.compile") and not of.endswith("model.eval"):
            assert called == "eval", (file, of)
            assert not node.args, (file, of)  # `model.eval()` of torch
        assert not any(word.arg == "shell" for word in node.keywords), (file, of)
        assert of not in ("pickle.load", "pickle.loads", "yaml.load", "yaml.unsafe_load"), (file, of)
        if of == "torch.load":
            assert "weights_only=True" in ast.unparse(node), file
        if of == "np.load":
            assert "allow_pickle=False" in ast.unparse(node), file


def test_only_templates_of_the_project_are_filled_in():
    """What `format` is called on is a constant, written in capital letters, or a setting that is checked."""
    for file, node, called in nodes():
        if called == "format" and isinstance(node.func, ast.Attribute):
            of = ast.unparse(node.func.value)
            assert re.fullmatch(r"[A-Z_]+(\[.*\])?|part|super\(\)", of), (file, of)


def test_no_rule_has_a_shell_command(root):
    for file in [root / "Snakefile", *sorted((root / "rules").glob("*.smk"))]:
        assert not re.search(r"^\s*(shell|run):", file.read_text(encoding="utf-8"), flags=re.M), file


def test_a_note_shows_no_code_of_a_terminal():
    assert one_line("read \x1b]0;title\x07 \x1b[2J") == r"read \x1b]0;title\x07 \x1b[2J"
