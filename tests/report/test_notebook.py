"""Notebooks that run: what they show, that nothing else decides their bytes, and how they fail."""

import base64
import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from nbformat import NotebookNode

from lucidag.ground.errors import InputError
from lucidag.report.cells import Section, code, text
from lucidag.report.contents import files_shown, sections
from lucidag.report.notebook import build, execute, text_of
from lucidag.report.page import page
from tests.report.results import CONTENTS, write

# Runs the cells of a notebook in this process, and tells which files of the folder were opened for it.
OPENER = """
import json, os, sys
opened, folder = [], os.getcwd() + os.sep
cells = json.load(sys.stdin)

def hook(event, arguments):
    if event == "open" and isinstance(arguments[0], (str, os.PathLike)):
        path = os.path.abspath(os.fspath(arguments[0]))
        if path.startswith(folder):
            opened.append(os.path.relpath(path))

import IPython.display
IPython.display.display = lambda *shown, **options: None
sys.addaudithook(hook)
names = {}
for cell in cells:
    exec(cell, names)
print("\\n" + json.dumps(sorted(set(opened))))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a made-up folder of results."""
    folder = tmp_path_factory.mktemp("results")
    write(folder)
    return folder


@pytest.fixture(scope="module")
def done(folder: Path) -> NotebookNode:
    """Return the notebook of all analyses after its run."""
    return execute(build(sections(CONTENTS)), folder)


@pytest.fixture(scope="module")
def html(done: NotebookNode) -> str:
    """Return its page."""
    return page(done, "report")


def of(notebook: NotebookNode, name: str) -> NotebookNode:
    (cell,) = (cell for cell in notebook.cells if cell.id == name)
    return cell


def tables(notebook: NotebookNode, section: str) -> list[pd.DataFrame]:
    """Read the tables that a section shows back from their HTML, without their index."""
    found = []
    for cell in notebook.cells:
        if cell.id.startswith(f"{section}-"):
            for output in cell.get("outputs", []):
                if "text/html" in output.get("data", {}):
                    rows = re.findall(r"<tr.*?</tr>", output.data["text/html"], flags=re.DOTALL)
                    cells = [re.findall(r"<t([hd])[^>]*>(.*?)</t[hd]>", row, flags=re.DOTALL) for row in rows]
                    head = [value for _, value in cells[0]]
                    body = [[value for kind, value in row if kind == "d"] for row in cells]
                    body = [row for row in body if row]
                    width = max(map(len, body), default=0)
                    # A table with two rows of names over its columns keeps none.
                    known = body and len(head) >= width
                    found.append(pd.DataFrame(body, columns=head[len(head) - width :] if known else None))
    return found


def test_it_is_valid_and_every_cell_has_run_well(done: NotebookNode) -> None:
    read = nbformat.reads(text_of(done), as_version=4)
    nbformat.validate(read)
    assert read == done
    cells = [cell for cell in read.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert {output.output_type for output in outputs} <= {"execute_result", "display_data", "stream"}
    assert {output.name for output in outputs if output.output_type == "stream"} == {"stdout"}  # so, no warning
    assert len({cell.id for cell in read.cells}) == len(read.cells)


def test_the_kernel_does_not_load_torch(folder: Path) -> None:
    last = Section(
        "last", "Last", (code("import sys", '[name for name in ("torch", "lucidag") if name in sys.modules]'),)
    )
    ended = execute(build([*sections(CONTENTS), last]), folder)
    assert of(ended, "last-1").outputs[0].data["text/plain"] == "[]"


def test_it_opens_exactly_the_files_that_it_names(folder: Path, done: NotebookNode) -> None:
    cells = [cell.source for cell in done.cells if cell.cell_type == "code"]
    ran = subprocess.run(
        [sys.executable, "-c", OPENER], input=json.dumps(cells), cwd=folder, capture_output=True, text=True, check=True
    )
    assert json.loads(ran.stdout.splitlines()[-1]) == sorted(files_shown(CONTENTS))


def test_every_image_is_shown_as_it_is(folder: Path, done: NotebookNode) -> None:
    shown = [
        (base64.b64decode(output.data["image/png"]), output.metadata["image/png"]["alt"])
        for cell in done.cells
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    ]
    files = [file for file in files_shown(CONTENTS) if file.endswith(".png")]
    assert [image for image, _ in shown] == [(folder / file).read_bytes() for file in files]
    assert all(len(words) > 5 for _, words in shown)


def test_models_stand_beside_the_commonest_class(done: NotebookNode) -> None:
    (table, _history) = tables(done, "models")
    assert table["accuracy"].tolist() == ["1", "0.625", "1"]
    assert table["always commonest"].tolist() == ["0.5", "0.625", "1"]  # 2 of 4, 5 of 8, 8 of 8
    assert table["worst group"].tolist() == ["0.0625"] * 3
    assert table["auc"].tolist() == ["1", "0.8", "NaN"]


def test_classes_are_counted_by_split(done: NotebookNode) -> None:
    (table,) = tables(done, "data")
    # A class without images is left out; the last row is the sum.
    assert table.to_dict("list") == {"train": ["41", "23", "64"], "test": ["7", "5", "12"]}


def test_without_validation_images_the_reason_is_said(done: NotebookNode) -> None:
    said = [output.text for output in of(done, "rof-4").outputs if output.output_type == "stream"]
    assert said == ["there are no validation images\n"]
    roles = tables(done, "rof")[2]
    assert roles["units"].tolist() == ["2", "1"]  # both, neither
    assert roles["degenerate"].tolist() == ["True", "True"]


def test_agreement_is_that_of_equal_areas(done: NotebookNode) -> None:
    pairs, _checks, _tuning = tables(done, "explanations")
    assert pairs["mean"].tolist() == ["0.625"]
    assert pairs["one_family"].tolist() == ["False"]  # Grad-CAM and LIME


def test_an_untrained_network_stands_beside_the_model(done: NotebookNode) -> None:
    shown = [table for table in tables(done, "dissection") if "untrained.value" in table]
    seconds, first = shown[:2]
    assert seconds["two.value"].tolist() == seconds["untrained.value"].tolist() == ["0.25"] * 4
    assert len(shown) == 4  # of both models
    assert first["labelled.value"].tolist() == ["0.5"] * 4
    assert first["untrained.value"].tolist() == ["0.25"] * 4


def test_the_units_shown_are_those_with_the_strongest_labels(done: NotebookNode) -> None:
    found = [table for table in tables(done, "dissection") if "strength_or_iou" in table]
    assert [table["concept"].tolist() for table in found] == [["red", "blue", "green", "oak"], ["red"]]
    assert found[0]["strength_or_iou"].astype(float).tolist() == [9, 5, 0.03, 0.125]


def test_the_units_of_a_dossier_are_those_that_are_missed_most(done: NotebookNode) -> None:
    (found,) = (table for table in tables(done, "units") if "warnings" in table)
    assert found["unit"].tolist() == ["1", "0"]
    assert found["zero_first_class"].tolist() == ["007", "007"]
    assert "selectivity" not in found  # which this layer has not


def test_images_whose_prediction_is_wrong_are_graded_apart(done: NotebookNode) -> None:
    right, wrong = tables(done, "localisation")
    assert (right["mean"].tolist(), wrong["mean"].tolist()) == (["0.75"], ["0.125"])
    said = [output.text for output in of(done, "localisation-3").outputs if output.output_type == "stream"]
    assert said == ["4 images with a mask: right\n1 images with a mask: wrong\n5 images with a mask: all\n"]


def test_a_method_that_beats_one_control_does_not_beat_both(done: NotebookNode) -> None:
    ranking, pairs, floors = tables(done, "faithfulness")
    assert ranking["beats both controls"].tolist() == ["True", "False", "False", "False"]
    assert ranking["not_told_apart"].tolist() == ["", "centre", "lime", ""]
    assert ranking["no_class"].tolist() == ["", "lime", "", ""]
    # Neither the pair that is told apart nor the one with a control.
    assert pairs["advantage"].tolist() == ["0.0625"]
    assert floors["mean"].tolist() == ["0.25", "0.375"]


def test_the_same_files_give_the_same_bytes(
    folder: Path, done: NotebookNode, html: str, tmp_path: Path, monkeypatch
) -> None:
    """Whatever the user has set up: a start file of IPython that speaks, a kernel of the same name that is broken."""
    start = tmp_path / "ipython" / "profile_default" / "startup"
    start.mkdir(parents=True)
    (start / "00.py").write_text("print('hello'); import pandas; pandas.options.display.max_rows = 1\n")
    kernel = tmp_path / "jupyter" / "kernels" / "python3"
    kernel.mkdir(parents=True)
    (kernel / "kernel.json").write_text('{"argv": ["false"], "display_name": "Broken", "language": "python"}')
    settings = {
        "IPYTHONDIR": tmp_path / "ipython",
        "JUPYTER_PATH": tmp_path / "jupyter",
        "PYTHONSTARTUP": start / "00.py",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, str(value))
    environment = dict(os.environ)
    again = execute(build(sections(CONTENTS)), folder)
    assert text_of(again) == text_of(done)
    assert page(again, "report") == html
    assert dict(os.environ) == environment


def test_the_bytes_say_nothing_of_the_machine(folder: Path, done: NotebookNode, html: str) -> None:
    for written in (text_of(done), html):
        for private in (str(folder), str(Path.home()), sys.prefix, "object at 0x"):
            assert private not in written


class Loaded(HTMLParser):
    """Collect what a page would load."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("src", "srcset", "data", "poster", "action") or (name == "href" and tag != "a"):
                self.found.append(str(value))
            elif name == "href":
                assert str(value).startswith("#")


def test_the_page_loads_nothing(html: str) -> None:
    parser = Loaded()
    parser.feed(html)
    assert len(parser.found) == sum(file.endswith(".png") for file in files_shown(CONTENTS))
    assert all(found.startswith("data:image/png;base64,") for found in parser.found)
    assert "<script" not in html
    without_comments = re.sub(r"/\*.*?\*/", "", html, flags=re.DOTALL)
    assert set(re.findall(r"url\(\s*['\"]?([a-z]+):", without_comments)) <= {"data"}
    assert "@import" not in without_comments
    assert "No description has been provided" not in html


def test_the_page_has_the_headings_and_its_links_lead_to_them(html: str) -> None:
    assert "<title>report</title>" in html
    for section in sections(CONTENTS)[1:]:
        anchor = section.title.replace(" ", "-")
        assert f'<h2 id="{anchor}">' in html
        assert f'href="#{anchor}"' in html


def test_a_missing_file_is_named_with_the_section(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"section 'Models', cell models-2: FileNotFoundError: .*models/net/evaluation"
    ):
        execute(build(sections({"models": CONTENTS["models"]})), tmp_path)


@pytest.mark.parametrize(
    ("line", "timeout", "words"),
    [
        ("1 / 0", 60, r"cell odd-2: ZeroDivisionError: division by zero"),
        ("import time; time.sleep(60)", 1, r"cell odd-2 took more than 1 s"),
        ("import os; os._exit(3)", 60, r"cell odd-2: the kernel died"),
    ],
)
def test_a_failure_is_one_sentence(tmp_path: Path, line: str, timeout: int, words: str) -> None:
    odd = Section("odd", "An odd one", (text("### Words"), code(line)))
    with pytest.raises(InputError, match=f"^the notebook's section 'An odd one', {words}$"):
        execute(build([Section("opening", "All", (text("words"),)), odd]), tmp_path, timeout)


def test_proposals_stand_first_and_repairs_beside_what_they_were(done: NotebookNode) -> None:
    proposed, units = tables(done, "discovery")
    assert proposed["proposed"].tolist() == ["True", "False"]
    assert proposed["recall"].tolist()[0] == "0.5"
    assert units["auc"].tolist() == ["0.75"]
    effects, accuracy = tables(done, "repair")
    assert effects["change"].tolist() == ["0.5", "0.125"]
    assert accuracy["accuracy"].tolist() == ["0.75"]
