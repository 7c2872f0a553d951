"""The small configuration that campaigns and tests run has every rule of the workflow."""

import re
from pathlib import Path

import pytest

from tests.every import CONFIGURATION, WHOLE, prepare
from tests.workflow.conftest import jobs_in

pytestmark = pytest.mark.workflow
IN_SHARDS = {"faithfulness", "dissect_passes"}  # rules in whose place others run where there are several jobs


def test_it_has_every_rule_that_makes_a_file(root: Path, tmp_path: Path, snakemake) -> None:
    prepare(tmp_path)
    planned = {}
    for form in (CONFIGURATION, WHOLE):
        done = snakemake(tmp_path, "--dry-run", "--configfile", form)
        planned[form] = {re.sub(r"_\d+$", "", name) for name in jobs_in(done.stdout + done.stderr)}
    written = {
        name
        for file in (root / "rules").glob("*.smk")
        for name, body in re.findall(r"^rule (\w+):\n((?:    .*\n|\n)+)", file.read_text(), flags=re.MULTILINE)
        if "    output:" in body
    }
    assert written - planned[CONFIGURATION] == IN_SHARDS
    assert planned[WHOLE] >= IN_SHARDS
