"""Snakemake's own report of a finished run: every figure and table is in it, filed and with its caption."""

import json
import re
import zipfile
from html import escape
from pathlib import Path
from typing import Any

import pytest

from lucidag.atlas.encode import unpacked
from tests.atlas.test_page import SECTION

pytestmark = pytest.mark.workflow

# The folder of a result, and where the report files it.
KINDS = {".png": ("figure",), ".csv": ("table",), ".json": ("table", "numbers"), ".html": ("page",)}
CATEGORIES = {
    "data": "Data",
    "models": "Models",
    "rof": "Retrieval of function",
    "explanations": "Explanations",
    "localisation": "Explanations",
    "agreement": "Explanations",
    "dissect": "Units and concepts",
}


@pytest.fixture(scope="module")
def report(finished: Path, snakemake, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return the files of the report, by their paths inside it."""
    file = tmp_path_factory.mktemp("report") / "report.zip"
    snakemake(finished, "--report", str(file))
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        return {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def results(report: dict[str, bytes]) -> dict[str, dict[str, Any]]:
    """Return what the page of the report says about each result, by the result's path."""
    return variable(report, "results")


def variable(report: dict[str, bytes], name: str) -> Any:
    """Read a variable of the page's script that is JSON."""
    page = report["report.html"].decode()
    (start,) = re.finditer(rf"^ *var {name} = (?=\{{)", page, flags=re.MULTILINE)
    return json.JSONDecoder().raw_decode(page, start.end())[0]


def figures(finished: Path) -> list[str]:
    found = sorted(str(path.relative_to(finished)) for path in finished.glob("results/figures/**/*.png"))
    assert len(found) >= 5
    return found


def test_every_figure_is_in_the_report_as_it_is(finished: Path, report, results) -> None:
    assert set(figures(finished)) <= set(results)
    for path, about in results.items():
        assert report[about["data_uri"]] == (finished / path).read_bytes()


def test_every_figure_is_also_there_for_a_paper(finished: Path) -> None:
    for path in figures(finished):
        assert (finished / path).with_suffix(".pdf").read_bytes().startswith(b"%PDF-")


def test_every_result_is_filed(finished: Path, report, results) -> None:
    filed = {
        path: (category, subcategory)
        for category, within in variable(report, "categories").items()
        for subcategory, paths in within.items()
        for path in paths
    }
    assert set(filed) == set(results)
    for path in figures(finished):
        *_, stage, name, _ = Path(path).parts
        assert filed[path] == (CATEGORIES[stage], name)


def test_every_result_has_labels_and_a_caption(results) -> None:
    shown = set()
    for path, about in results.items():
        labels = about["labels"]
        assert set(labels) == {"result", "kind"}
        assert labels["kind"] in KINDS[Path(path).suffix]
        caption = about["caption"]
        assert len(re.sub(r"<[^>]+>", "", caption)) > 100, path
        # Neither a template that was not filled in, nor what docutils says of a markup it does not know.
        for fault in ("{{", "}}", "{%", "system-message", "None", "Undefined"):
            assert fault not in caption, f"{path}: {caption}"
        shown.add((Path(path).parent, labels["kind"], labels["result"]))
    # No two results of one model look alike in the list.
    assert len(shown) == len(results)


def test_the_notebook_is_in_the_report(finished: Path, report, results) -> None:
    pages = {path: about for path, about in results.items() if path.endswith(".html")}
    assert set(pages) == {"results/report.html", "results/atlas/index.html", "results/atlas/findings.html"}
    for path, about in pages.items():
        assert report[about["data_uri"]] == (finished / path).read_bytes()
    assert list(variable(report, "categories")["Report"].values()) == [["results/report.html"]]
    (atlas,) = variable(report, "categories")["Atlas"].values()
    assert set(atlas) == set(pages) - {"results/report.html"}


def test_the_report_opens_with_the_findings(finished: Path, report) -> None:
    page = report["report.html"].decode()
    (start,) = re.finditer(r"\bworkflow_desc\b\s*[=:]\s*(?=\")", page)
    first = json.JSONDecoder().raw_decode(page, start.end())[0]
    html = (finished / "results/atlas/index.html").read_text(encoding="utf-8")
    found = unpacked(dict(SECTION.findall(html))["core"])["findings"]
    assert len(found) > 5
    assert not [each["sentence"] for each in found if f"<li>{escape(each['sentence'])}</li>" not in first]
    assert "system-message" not in first


def test_captions_name_what_they_are_about(finished: Path, results) -> None:
    for path in figures(finished):
        *_, name, _ = Path(path).parts
        assert f"<strong>{name}</strong>" in results[path]["caption"], path
