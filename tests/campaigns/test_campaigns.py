"""Every campaign in short, its long form, and the harness against inputs whose end is known."""

import importlib
import os
import time
from pathlib import Path

import pytest

from lucidag.ground.errors import InputError
from tests.campaigns import harness
from tests.campaigns.__main__ import NAMES
from tests.campaigns.harness import Campaign, bad, counts, outcomes

SHORT = {"configurations": 40, "tables": 60, "images": 60, "checkpoints": 120, "polygons": 40}


def use_by(word):
    """Return what ends in a known way."""

    def use():
        Path("inside").write_text("may be")
        if word == "traceback":
            raise ValueError("x")
        if word == "lines":
            error = InputError("x")
            error.args = ("a\nb",)
            raise error
        if word == "memory":
            bytearray(3 * 2**30)
        if word == "hang":
            time.sleep(60)
        if word == "killed":
            os._exit(3)
        if word == "escape":
            Path("../outside").write_text("x")
        if word == "canary":
            os.system("touch ../canary")
        if word == "refused":
            raise InputError("no")

    return use


@pytest.mark.parametrize("word", ["used", "refused", "traceback", "lines", "memory", "hang", "killed", "escape"])
def test_the_harness_tells_how_an_input_ends(word, tmp_path, monkeypatch):
    monkeypatch.setattr(harness, "SECONDS", 0.3)
    monkeypatch.setattr(harness, "PATIENCE", 4.0)
    found = outcomes(Campaign("x", lambda _: "what", use_by(word)), range(2), 0, tmp_path)
    assert [each.kind for each in found] == [word, word]
    assert [each.number for each in found] == [0, 1]
    assert len(bad(found)) == (0 if word in ("used", "refused") else 2)


def test_code_that_runs_is_found_twice(tmp_path):
    """By what it starts, and by what it leaves."""
    found = outcomes(Campaign("x", lambda _: "what", use_by("canary")), range(1), 0, tmp_path)
    assert counts(found) == {"used": 0, "refused": 0, "escape": 1}
    assert "os.system" in found[0].words


def test_the_same_seed_and_number_make_the_same_input(tmp_path):
    campaign = importlib.import_module("tests.campaigns.images").CAMPAIGN
    alone = outcomes(campaign, [7], 3, tmp_path)
    among = outcomes(campaign, range(5, 9), 3, tmp_path)
    assert (alone[0].what, alone[0].kind) == (among[2].what, among[2].kind)


@pytest.mark.parametrize("name", NAMES)
def test_no_input_ends_otherwise_than_well_or_in_one_sentence(name, tmp_path):
    campaign = importlib.import_module(f"tests.campaigns.{name}").CAMPAIGN
    found = outcomes(campaign, range(SHORT[name]), 0, tmp_path)
    assert bad(found) == []
    assert {each.kind for each in found} == {"used", "refused"}  # else the campaign tries one side alone


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_no_input_of_a_larger_campaign_does_either(name, tmp_path):
    campaign = importlib.import_module(f"tests.campaigns.{name}").CAMPAIGN
    assert bad(outcomes(campaign, range(10_000, 10_600), 0, tmp_path)) == []
