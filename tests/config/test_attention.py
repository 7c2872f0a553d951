"""Methods that need attention, and networks whose attention they cannot use: told before anything runs."""

from collections.abc import Mapping
from typing import Any

import pytest

from lucidag.config import probe
from lucidag.config.load import load_config
from lucidag.config.plan import Plan
from lucidag.explain.methods.attended_probe import look
from lucidag.ground.errors import InputError

FRAME = {"size": 32, "channels": 3, "resize": "stretch", "mean": [0.5] * 3, "std": [0.5] * 3}
WORDS = {
    "datasets": {"d": {"source": "lesions", "number": 40}},
    "models": {
        "windows": {"dataset": "d", "architecture": "swin_t", "train": {}},
        "whole": {"dataset": "d", "architecture": "vit_b_16", "train": {}},
        "own": {"dataset": "d", "architecture": "lucidag.models.small:small_cnn", "train": {}},
    },
    "explain": {"images": {"d": ["lesion-00003"]}, "methods": ["gradcam", "rollout", "legrad"]},
}


def asked_about(words: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, Any], str]:
    """Check a configuration; return what was asked of each network, and the error if any network is windowed."""
    seen: dict[str, Any] = {}

    def looked_at(asked: Mapping[str, Any], *_: object) -> dict[str, Any]:
        seen.update(asked)
        return {name: {"error": "windows"} if name == "windows" else {} for name in asked}

    monkeypatch.setattr(probe, "_looked_at", looked_at)
    config = load_config(dict(words), "c.yaml")
    try:
        probe.check_attention(Plan(config), "c.yaml", None)
    except InputError as error:
        return seen, str(error)
    return seen, ""


def test_a_network_is_named_with_the_key_and_the_methods_it_is_asked_about(monkeypatch: pytest.MonkeyPatch) -> None:
    seen, error = asked_about(WORDS, monkeypatch)
    assert error == "c.yaml: explain.methods: model 'windows': windows"
    assert list(seen) == ["windows", "whole"]
    assert seen["whole"]["methods"] == ["rollout", "legrad"]
    assert seen["whole"]["input"]["channels"] == 3


def test_a_model_that_such_methods_leave_out_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    explain = {**WORDS["explain"], "without": {"windows": ["rollout", "legrad"]}}
    seen, error = asked_about({**WORDS, "explain": explain}, monkeypatch)
    assert (list(seen), error) == (["whole"], "")
    plain = {**WORDS["explain"], "methods": ["gradcam", "rise", "attention"]}
    assert asked_about({**WORDS, "explain": plain}, monkeypatch) == ({}, "")


def test_tokens_whose_places_are_named() -> None:
    asked = {"architecture": "tests.models.vits:by_columns", "options": {}, "classes": 3, "methods": ["rollout"]}
    asked |= {"input": {**FRAME, "size": 12}, "named_grid": None}
    assert "`models.NAME.token_grid`" in look(asked)["error"]
    assert look({**asked, "named_grid": [3, 3, 1]}) == {}


@pytest.mark.parametrize(
    ("architecture", "method", "sentence"),
    [
        ("tests.models.vits:windowed", "legrad", "legrad: network 'SwinTransformer': the attention of 'features.1.0"),
        ("squeezenet1_1", "rollout", ""),
        ("no_such_network", "rollout", ""),
        ("tests.models.vits:for_classes", "rollout", ""),
        ("tests.models.vits:for_classes", "legrad", ""),
    ],
)
def test_what_a_network_says(architecture: str, method: str, sentence: str) -> None:
    size = 12 if architecture.endswith("for_classes") else 32
    asked = {"architecture": architecture, "options": {}, "classes": 3, "input": {**FRAME, "size": size}}
    assert look({**asked, "methods": [method]}).get("error", "").startswith(sentence)
    assert bool(sentence) == bool(look({**asked, "methods": [method]}))
