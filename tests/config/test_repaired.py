"""Repaired models: what they are called, what they share with the originals, and mistakes."""

import pytest
import yaml

from lucidag.config.jobs import job_settings
from lucidag.config.load import load_config
from lucidag.config.plan import Plan
from lucidag.config.repaired import repair_arms
from lucidag.ground.errors import InputError

WORDS = """
datasets:
  drawn: {source: lesions, number: 40}
  plain: {source: lesions, number: 40}
models:
  net: {dataset: drawn, architecture: resnet18, seeds: [0, 2], train: {}}
  other: {dataset: plain, architecture: resnet18, train: {}}
repair:
  fixed: {model: net, without: other, columns: [ring]}
"""
STUDY = {"trained_with": "fixed", "trained_without": "other", "artefacts": {"ring": "malignant"}}


def plan(**changes) -> Plan:
    words = yaml.safe_load(WORDS)
    for key, value in changes.items():
        words[key] = {**words.get(key, {}), **value}
    return Plan(load_config(words, "c.yaml"))


def test_repaired_models_are_models_like_any_other():
    own = plan(shortcuts={"s": STUDY})
    assert list(own.config.models) == ["net-s0", "net-s2", "other", "fixed-s0", "fixed-s2"]
    assert own.repaired == ["fixed-s0", "fixed-s2"]
    assert own.trained == ["net-s0", "net-s2", "other"]
    assert own.imported == []
    assert own.original("fixed-s2") == "net-s2"
    assert own.family("fixed") == ["fixed-s0", "fixed-s2"]
    assert own.config.models["fixed-s2"].architecture == "resnet18"
    assert repair_arms(own.config, "fixed") == {
        "original": ["net-s0", "net-s2"],
        "repaired": ["fixed-s0", "fixed-s2"],
        "without": ["other"],
    }
    assert own.repair_features("fixed-s0") == "results/features/net-s0/val.safetensors"
    assert own.needing_units == {"net-s0", "net-s2"}


def test_a_single_model_is_repaired_under_the_name_of_the_repair():
    assert plan(repair={"mended": {"model": "other", "columns": ["ring"]}}).original("mended") == "other"


def test_a_job_sees_what_its_repair_says():
    settings = job_settings(plan(), "repair_model", {"model": "fixed-s0"})
    assert settings["columns"] == ["ring"]
    assert settings["architecture"] == "resnet18"
    assert "pasted" not in settings


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"repair": {"fixed": {"model": "nett", "columns": ["ring"]}}}, r"repair\.fixed\.model: .*did you mean 'net'"),
        ({"repair": {"net": {"model": "net", "columns": ["ring"]}}}, r"two models would be called 'net-s0'"),
        ({"repair": {"more": {"model": "fixed", "columns": ["ring"]}}}, r"repair\.more\.model"),
        ({"repair": {"fixed": {"model": "net", "without": "net-s0", "columns": ["ring"]}}}, r"'net-s0' is repaired"),
        ({"repair": {"fixed": {"model": "net", "columns": []}}}, r"repair\.fixed\.columns"),
    ],
)
def test_mistakes_are_told_with_their_key(changes, message):
    with pytest.raises(InputError, match=message):
        plan(**changes)
