"""Every file that a job reads is an input of its rule: what is read beside them would change unseen."""

from pathlib import Path

import pytest

from tests.workflow.reads import rules_seen, undeclared

pytestmark = pytest.mark.workflow


def test_jobs_read_what_their_rules_name_and_nothing_else(finished: Path) -> None:
    assert undeclared(finished) == {}
    assert {"data_folder", "train", "features", "evaluate", "explanations", "dissect_labels"} <= rules_seen(finished)
