"""A key that once had another name is refused with the new one's."""

import pytest
import yaml

from lucidag.config.load import load_config
from lucidag.config.renamed import CHOICES, KEYS, MOVED
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
explain: {models: [m], images: {d: [a]}, cam: {}, agreement: {}}
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


def refusal(path: str, value: object) -> str:
    with pytest.raises(InputError) as caught:
        load_config(changed(path, value), "c.yaml")
    return str(caught.value)


def test_the_configuration_is_good_without_an_old_key() -> None:
    load_config(yaml.safe_load(WHOLE), "c.yaml")


@pytest.mark.parametrize("old", KEYS)
def test_an_old_key_is_refused_with_the_new_name(old: str) -> None:
    path = filled(old)
    new = path.rpartition(".")[0] + "." + KEYS[old]
    assert refusal(path, 5) == f"c.yaml: {path}: is now called {new}"


@pytest.mark.parametrize("old", KEYS)
def test_the_new_name_is_a_key(old: str) -> None:
    """What the sentence says to write is taken."""
    path = filled(old).rpartition(".")[0] + "." + KEYS[old].split(",")[0]
    load_config(changed(path, 0.1 if path.endswith("iou") else 50), "c.yaml")


@pytest.mark.parametrize("old", CHOICES)
def test_an_old_choice_is_refused_with_the_new_name(old: str) -> None:
    path, choice = old.replace("*", "d").split(": ")
    assert refusal(path, choice) == f"c.yaml: {path}: '{choice}' is now called {CHOICES[old]}"
    load_config(changed(path, CHOICES[old]), "c.yaml")


def test_a_key_that_never_was_is_no_renamed_one() -> None:
    assert "did you mean 'resamples'" in refusal("rof.resample", 5)
    assert "is now called" not in refusal("models.m.draws", 5)


@pytest.mark.parametrize("old", MOVED)
def test_a_key_that_moved_is_refused_with_its_new_place_which_is_a_key(old: str) -> None:
    path, new = filled(old), filled(MOVED[old])
    assert refusal(path, ["gradcam"]) == f"c.yaml: {path}: is now part of {new}"
    load_config(changed(new, ["gradcam"]), "c.yaml")
