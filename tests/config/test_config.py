"""Configuration: defaults, references, repeated models, and the one line that a mistake gives."""

import copy
from typing import Any

import pytest
import yaml

from lucidag.config.arms import arms
from lucidag.config.jobs import job_settings
from lucidag.config.load import load_config
from lucidag.config.plan import Plan
from lucidag.ground.errors import InputError

BASE = """
datasets:
  d: {source: digits}
models:
  m: {dataset: d, architecture: resnet18, train: {epochs: 2}}
rof: {}
"""


def words(**changes: Any) -> dict[str, Any]:
    """Return the base configuration with values set at dotted paths (None removes)."""
    whole = copy.deepcopy(yaml.safe_load(BASE))
    for path, value in changes.items():
        *parents, last = path.split("__")
        place = whole
        for parent in parents:
            place = place[parent]
        if value is None:
            del place[last]
        else:
            place[last] = value
    return whole


def fault(**changes: Any) -> str:
    with pytest.raises(InputError) as caught:
        load_config(words(**changes), "c.yaml")
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_defaults_are_filled_in() -> None:
    config = load_config(words(), "c.yaml")
    assert config.models["m"].train is not None
    assert config.models["m"].train.epochs == 2
    assert config.models["m"].train.lr == 1e-3
    assert config.rof is not None
    assert Plan(config).examined == ["m"]


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"models__m__train__epocs": 3}, ["models.m.train.epocs", "did you mean 'epochs'?"]),
        ({"datasets__d__seeed": 3}, ["datasets.d.seeed", "did you mean 'seed'?"]),
        ({"roff": {}}, ["roff", "did you mean 'rof'?"]),
        ({"models__m__shards": 0}, ["models.m.shards", "1", "0"]),
        ({"models__m__shards": -3}, ["models.m.shards", "1", "-3"]),
        ({"dissect": {"shards": 0}}, ["dissect.shards", "1", "0"]),
        ({"faithfulness": {"shards": -1}}, ["faithfulness.shards", "1", "-1"]),
        ({"datasets__d__source": "digitz"}, ["datasets.d.source", "did you mean 'digits'?"]),
        ({"datasets__d__source": None}, ["datasets.d.source", "missing", "lesions"]),
        ({"models__m__dataset": "dd"}, ["models.m.dataset", "'dd'", "did you mean 'd'?"]),
        ({"models__m__architecture": None}, ["models.m.architecture", "missing"]),
        ({"models__m__train": None}, ["models.m", "train:", "weights:"]),
        ({"models__m__train__optimizer": "adamm"}, ["models.m.train.optimizer", "did you mean 'adam'?", "sgd"]),
        ({"models__m__train__lr": -1}, ["models.m.train.lr", "-1", "greater than 0"]),
        ({"datasets__d__seed": "x"}, ["datasets.d.seed", "'x'", "integer"]),
        ({"datasets__d__splits": {"train": 0.5, "val": 0.2}}, ["datasets.d.splits", "must be 1, not 0.9"]),
        ({"datasets__spare": {"source": "digits"}}, ["datasets.spare", "no model uses"]),
        ({"rof__models": ["n"]}, ["rof.models", "'n'", "there are: m"]),
        ({"rof__methods": ["l1", "l3"]}, ["rof.methods.1", "'l3'", "variance"]),
        ({"rof__methods": ["random"]}, ["rof", "must contain the ranking 'l1'"]),
        ({"rof__methods": ["l1", "random", "l1"]}, ["rof.methods: 'l1' is listed twice"]),
        ({"models__m__input": {"channels": 3, "mean": [0.1, 0.2]}}, ["models.m.input", "mean has 2 numbers"]),
        ({"models__m__seeds": [1, 1]}, ["models.m.seeds: '1' is listed twice"]),
        ({"generalisation": {"s": {"models": ["m", "q"]}}}, ["generalisation.s.models", "'q'"]),
        ({"generalisation": {"s": {"models": ["m", "m"]}}}, ["generalisation.s.models", "'m' is listed twice"]),
        (
            {"models__m__seeds": [3, 5], "generalisation": {"s": {"models": ["m", "m-s5"]}}},
            ["generalisation.s.models", "'m-s5' is listed twice"],
        ),
        ({"datasets__a b": {"source": "digits"}}, ["datasets.a b", "pattern"]),
    ],
)
def test_a_mistake_gives_one_line_with_file_key_and_hint(changes: dict[str, Any], parts: list[str]) -> None:
    message = fault(**changes)
    assert message.startswith("c.yaml: ")
    for part in parts:
        assert part in message


def test_seeds_repeat_a_model_and_its_family_names_them() -> None:
    config = load_config(words(models__m__seeds=[3, 5], rof__models=["m"]), "c.yaml")
    assert list(config.models) == ["m-s3", "m-s5"]
    assert [model.train.seed for model in config.models.values() if model.train] == [3, 5]
    assert Plan(config).family("m") == ["m-s3", "m-s5"]
    assert Plan(config).family("m-s5") == ["m-s5"]
    assert Plan(config).examined == ["m-s3", "m-s5"]


def test_a_study_tests_what_a_discovery_proposes_in_its_networks() -> None:
    study = {"trained_with": "m", "trained_without": "other", "artefacts": {"ring": "1"}, "proposals": True}
    other = {"dataset": "d", "architecture": "resnet18", "train": {}}
    asked = {"models__m__seeds": [3, 5], "models__other": other, "shortcuts": {"s": study}}
    plan = Plan(load_config(words(**asked, discover={"models": ["m-s5"]}), "c.yaml"))
    assert plan.tested == {"s": ["m-s5"]}
    assert Plan(load_config(words(**asked, discover={}), "c.yaml")).tested == {"s": ["m-s3", "m-s5"]}
    given = job_settings(plan, "shortcut_proposals", {"study": "s"})
    assert given["proposers"] == ["m-s5"]
    assert given["families"][0]["methods"] == ["epsilon_plus_flat"]
    key = "shortcuts.s.proposals: "
    assert f"{key}needs a `discover:` section, which proposes something" in fault(**asked)
    assert f"{key}`discover.models` names no model of `trained_with`" in fault(**asked, discover={"models": ["other"]})
    assert key not in fault(**asked, discover={"models": ["othr"]})  # told of that name alone
    listed = fault(**asked | {"shortcuts": {"s": study | {"proposals": ["m"]}}}, discover={})
    assert "shortcuts.s.proposals: " in listed
    assert listed.count("\n") == 0


def test_two_models_of_one_name_are_refused() -> None:
    twin = {"dataset": "d", "architecture": "resnet18", "train": {}}
    message = fault(models__m__seeds=[3], **{"models__m-s3": twin})
    assert "two models would be called 'm-s3'" in message


def test_an_arm_of_a_study_is_a_model_or_a_family() -> None:
    study = {"trained_with": "m", "trained_without": "other", "artefacts": {"ring": "1"}}
    other = {"dataset": "d", "architecture": "resnet18", "train": {}}
    config = load_config(words(models__m__seeds=[3, 5], models__other=other, shortcuts={"s": study}), "c.yaml")
    assert arms(config, "s") == {"with": ["m-s3", "m-s5"], "without": ["other"]}
    given = job_settings(Plan(config), "shortcut", {"study": "s"})
    assert given["arms"] == arms(config, "s")
    assert list(given["networks"]) == ["m-s3", "m-s5", "other"]
    message = fault(models__m__seeds=[3, 5], shortcuts={"s": study | {"trained_without": "m-s5"}})
    assert "shortcuts.s: 'm-s5' is in both arms, by itself or by its family" in message
