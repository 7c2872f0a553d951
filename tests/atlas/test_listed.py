"""The sentences of a page as the report of Snakemake opens with them."""

from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import pytest
from docutils.core import publish_parts
from jinja2 import Environment

from lucidag.atlas.build import rendered
from lucidag.atlas.encode import packed
from lucidag.atlas.listed import findings_of, listed

HOSTILE = ("<script>alert(1)</script>", "</ul> & {{ 7 * 7 }}", "![](x)", ".. raw:: html")


def core(failed=None):
    found = [
        {"analysis": analysis, "level": level, "sentence": f"{level}: {name} loses .3 nats."}
        for level in ("result", "doubt")
        for analysis in ("Units", HOSTILE[0])
        for name in HOSTILE
    ]
    return {"findings": found, "failed": failed}


class Seen(HTMLParser):
    """What a browser makes of it: tags, and texts of lists."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.items = [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        if self.tags and self.tags[-1] == "li" and data.strip():
            self.items.append(data)


def test_every_sentence_is_there_as_text_in_the_order_of_the_page():
    html = findings_of(rendered({"core": packed(core())}))
    seen = Seen(html)
    assert seen.items == [each["sentence"] for each in core()["findings"]]
    assert set(seen.tags) == {"meta", "h2", "h3", "ul", "li"}
    assert html.index("What was found") < html.index("What not to trust")


def test_what_failed_comes_first():
    assert Seen(listed(core([["sweep net", "no room <left>", "log"]]))).items[0] == "sweep net: no room <left>"


def test_what_is_no_page_is_refused():
    with pytest.raises(ValueError, match="no page"):
        findings_of("<html></html>")


def test_the_description_of_the_report_has_them_as_snakemake_renders_it(root, tmp_path):
    file = tmp_path / "atlas/findings.html"
    file.parent.mkdir()
    file.write_text(listed(core()), encoding="utf-8")
    template = (root / "workflow/report/workflow.rst").read_text(encoding="utf-8")

    def opened(*paths):
        text = Environment(trim_blocks=True, lstrip_blocks=True).from_string(template)
        files = [SimpleNamespace(path=Path(path)) for path in paths]
        return publish_parts(text.render(files=files, categories={}), writer="html")["html_body"]

    first = opened("results/report.html", file)
    assert listed(core()).strip() in first
    assert "system-message" not in first
    assert "<script" not in first
    assert "What was found" not in opened("results/report.html")
