"""What the page of a finished run says of its files is what the records beside them say."""

import json
from pathlib import Path

import pandas as pd
import pytest

from lucidag.atlas.encode import unpacked
from lucidag.config.origins import code_digest
from tests.atlas.test_page import SECTION

pytestmark = pytest.mark.workflow


def test_the_page_says_what_the_records_say(finished: Path) -> None:
    results = finished / "results"
    found = dict(SECTION.findall((results / "atlas/index.html").read_text(encoding="utf-8")))
    told = unpacked(found["provenance"])
    rows = pd.DataFrame(told["table"]["data"]).to_dict("records")
    assert len(rows) > 20
    for row, at in zip(rows, told["job"], strict=True):
        job = told["jobs"][at]
        record = json.loads((results / job["record"]).read_text(encoding="utf-8"))
        assert record["rule"] == row["rule"]
        assert record["outputs"][row["file"]] in (None, {"bytes": row["bytes"], "sha256": row["sha256"]})
        settings = {key: json.loads(told["values"][place]) for key, place in job["settings"].items()}
        assert settings == record["settings"]
        assert code_digest(record["code"] | record["packages"]) == row["code"]
        assert job["seeds"] == record["seeds"]
        assert told["packages"][job["packages"]] == sorted(record["packages"].values())
    own = json.loads(next((results / "provenance/atlas").glob("atlas@*.json")).read_text(encoding="utf-8"))
    assert {row["file"] for row in rows} == set(own["inputs"])
