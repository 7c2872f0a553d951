"""The page after a failure: made of what stands, with what failed at its head."""

from dataclasses import asdict

import pytest

from lucidag.atlas.encode import unpacked
from lucidag.atlas.incomplete import PAGE, make
from lucidag.atlas.results import Results
from lucidag.config.origins import origins
from lucidag.report.settings import Atlas
from tests.atlas.made_up_results import make as make_up
from tests.atlas.test_page import ABOUT, CONTENTS, SECTION
from tests.atlas.test_provenance import JOB


@pytest.fixture
def told(tmp_path):
    make_up(tmp_path, 6, 2, 12)
    files = sorted(Results(tmp_path).files)
    about = {"models": {name: asdict(own) for name, own in ABOUT.models.items()}, "ranking": "l1", "seeds": {}}
    settings = {"contents": asdict(CONTENTS), "files": files, "size": Atlas().model_dump(), "about": about}

    def page(untold=(), failed=()):
        make(tmp_path, settings, origins([JOB]), failed, untold)
        html = (tmp_path / PAGE).read_text(encoding="utf-8")
        return {name: unpacked(text) for name, text in SECTION.findall(html)}

    return page, files


def test_what_failed_is_said_and_what_stands_is_shown(told):
    page, _ = told
    failed = [["sweep large", "no room left", "logs/sweep.log"]]
    found = page(["rof/large/sweep.csv", "units/large/effects.csv"], failed)
    assert found["core"]["failed"] == failed
    assert "function:large" not in found
    assert found["provenance"]["table"]["rows"] == 0  # the sweep is left out here too
    assert found["units:large/layer4"]["effects"] is None
    assert "images:large" in found


def test_a_page_is_made_whichever_file_is_missing(told):
    page, files = told
    for file in files:
        assert page([file])["core"]["failed"] == []


def test_the_page_is_older_than_what_it_is_made_from(told, tmp_path):
    page, files = told
    page()
    assert (tmp_path / PAGE).stat().st_mtime < min((tmp_path / file).stat().st_mtime for file in files)
