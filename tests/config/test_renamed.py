"""A key that once had another name is refused with the new one's."""

import pytest
import yaml

from lucidag.config.load import load_config
from lucidag.config.renamed import CHOICES, KEYS
from lucidag.ground.errors import InputError

WHOLE = """
datasets:
  d: {source: folder, path: own}
  p: {source: polygons, path: places}
models:
  m: {dataset: d, architecture: resnet18, train: {}}
  n: {dataset: p, architecture: resnet18, train: {}}
rof: {}
generalisation: {s: {models: [m]}}
explain: {models: [m], images: {d: [a]}, agreement: {}, cam: {}}
relevance: {atlas: {}}
faithfulness: {}
dissect: {models: [n], netdissect: {}, clip_dissect: null, sheet: {}}
artefacts: {datasets: [d]}
shortcuts: {s: {trained_with: m, trained_without: n, artefacts: {ring: c}}}
"""
NAMED = {"datasets": "p", "generalisation": "s", "shortcuts": "s"}  # what stands for the star


def changed(path: str, value: object) -> dict:
    """Give the whole configuration with one value more."""
    words = yaml.safe_load(WHOLE)
    *parents, last = path.split(".")
    place = words
    for parent in parents:
        place = place[parent]
    place[last] = value
    return words


def filled(pattern: str) -> str:
    return pattern.replace("*", NAMED.get(pattern.split(".")[0], "*"))


def new_path(old: str) -> str:
    """Give the new name with its section, and what else is said of it."""
    new = KEYS[old]
    return new if "." in new else filled(old).rpartition(".")[0] + "." + new


def refusal(path: str, value: object) -> str:
    with pytest.raises(InputError) as caught:
        load_config(changed(path, value), "c.yaml")
    return str(caught.value)


def test_the_configuration_is_good_without_an_old_key() -> None:
    load_config(yaml.safe_load(WHOLE), "c.yaml")


@pytest.mark.parametrize("old", KEYS)
def test_an_old_key_is_refused_with_the_new_name(old: str) -> None:
    path = filled(old)
    assert refusal(path, 5) == f"c.yaml: {path}: is now called {new_path(old)}"


@pytest.mark.parametrize("old", KEYS)
def test_the_new_name_is_a_key(old: str) -> None:
    """What the sentence says to write is taken."""
    path = new_path(old).split(",")[0]
    value = {"min_iou": 0.1, "methods": ["gradcam", "lime"]}.get(path.rpartition(".")[2], 50)
    load_config(changed(path, value), "c.yaml")


@pytest.mark.parametrize("old", CHOICES)
def test_an_old_choice_is_refused_with_the_new_name(old: str) -> None:
    path, choice = old.replace("*", "d").split(": ")
    assert refusal(path, choice) == f"c.yaml: {path}: '{choice}' is now called {CHOICES[old]}"
    load_config(changed(path, CHOICES[old]), "c.yaml")


def test_a_key_that_never_was_is_no_renamed_one() -> None:
    assert "did you mean 'resamples'" in refusal("rof.resample", 5)
    assert "is now called" not in refusal("models.m.draws", 5)
