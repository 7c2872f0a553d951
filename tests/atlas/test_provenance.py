"""What made each file: digests are those of the files, all else is what the plan says."""

import hashlib

import pytest

from lucidag.atlas.build import Size, page
from lucidag.atlas.provenance import provenance
from lucidag.atlas.results import Results
from lucidag.config.origins import Origin, origins
from lucidag.report.settings import Atlas
from tests.atlas.made_up_results import make
from tests.atlas.test_page import ABOUT, CONTENTS, sections

FILES = ("rof/large/sweep.csv", "rof/large/gone.csv")
JOB = Origin("sweep", {"model": "large"}, {"rank": {"seed": 7}, "k": 3}, {"numpy": "numpy 2"}, FILES, FILES)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    make(folder, 6, 2, 12)
    return Results(folder)


def test_a_row_has_the_digest_of_the_file_and_what_the_plan_says(results):
    found = provenance(results, origins([JOB]))
    content = results.path(FILES[0]).read_bytes()
    row = {name: values[0] for name, values in found["table"]["data"].items()}
    assert found["table"]["rows"] == 1  # what is not there has none
    assert row["sha256"] == hashlib.sha256(content).hexdigest()
    assert (row["file"], row["bytes"], row["rule"], row["of"]) == (FILES[0], len(content), "sweep", "model large")
    (job,) = found["jobs"]
    assert job["seeds"] == {"rank.seed": 7}
    assert {key: found["values"][place] for key, place in job["settings"].items()} == {"rank": '{"seed":7}', "k": "3"}
    assert found["packages"][job["packages"]] == ["numpy 2"]


def test_the_page_has_it_and_two_pages_have_the_same_bytes(results):
    size = Size(**Atlas().model_dump())
    pages = [page(results, CONTENTS, size, ABOUT, others=origins([JOB])) for _ in range(2)]
    assert pages[0] == pages[1]
    assert sections(pages[0])["provenance"] == provenance(results, origins([JOB]))
    assert "provenance" not in sections(page(results, CONTENTS, size, ABOUT))


def test_without_any_job_the_table_is_empty(results):
    assert provenance(results, origins([]))["table"]["rows"] == 0
