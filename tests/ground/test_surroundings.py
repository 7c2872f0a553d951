"""Variables of the environment for a while."""

import os

import pytest

from lucidag.ground.surroundings import environment


def test_variables_are_set_and_taken_away_for_the_block_alone_whatever_happens_in_it(monkeypatch) -> None:
    monkeypatch.setenv("MINE", "1")
    monkeypatch.setenv("OTHER", "2")
    monkeypatch.delenv("NEW", raising=False)
    before = dict(os.environ)
    with pytest.raises(ValueError, match="stop"):
        _change_and_stop()
    assert dict(os.environ) == before


def _change_and_stop() -> None:
    with environment({"MINE": None, "OTHER": "3", "NEW": "4"}):
        assert (os.environ.get("MINE"), os.environ["OTHER"], os.environ["NEW"]) == (None, "3", "4")
        os.environ["MINE"] = "5"
        del os.environ["NEW"]
        raise ValueError("stop")
