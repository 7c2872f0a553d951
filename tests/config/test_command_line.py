"""Values from ``--config``, read by Snakemake's own parser: the same as the same words in a file, or refused."""

import copy
from typing import Any

import pytest
import yaml
from snakemake.cli import parse_config
from snakemake.utils import update_config

from lucidag.config.load import load_config
from lucidag.ground.errors import InputError

FILE = """
datasets:
  d: {source: folder, path: d, classes: [a, b]}
  e: {source: digits}
models:
  m: {dataset: d, architecture: "net:make", options: {width: 3}, train: {epochs: 2}, seeds: [1, 2]}
  n: {dataset: e, architecture: resnet18, input: {channels: 3}, new_head: true, train: {}}
rof: {}
explain:
  models: [m]
  images: {d: {one: {}}}
  lime: {segmentation: {algorithm: slic}}
dissect: {probe: d, netdissect: null, models: [n], clip_dissect: {evidence: annotations, columns: [x]}}
"""


def loaded(*entries: str) -> dict[str, Any]:
    """Give the configuration with entries of the command line."""
    given = parse_config(entries)
    words = copy.deepcopy(yaml.safe_load(FILE))
    update_config(words, given)
    return load_config(words, "c.yaml", given).model_dump(mode="json")


def written(text: str) -> dict[str, Any]:
    """Give the configuration with the same words in a file."""
    words = copy.deepcopy(yaml.safe_load(FILE))
    update_config(words, yaml.safe_load(text))
    return load_config(words, "c.yaml").model_dump(mode="json")


SAME = [
    "rof: null",
    "rof: {random_orders: 3, methods: [l1]}",
    "models: {m: {seeds: null}}",
    "models: {m: {seeds: [3]}}",
    "models: {m: {train: {lr: 1e-2, schedule: cosine}}}",
    "models: {m: {train: {class_weights: [1, 2.5]}}}",
    "models: {m: {train: {trainable: [a, b]}}}",
    "models: {n: {new_head: false, weights: x.pth}}",
    "models: {n: {new_head: null}}",
    "models: {n: {input: {channels: 1, mean: [0.5]}}}",
    "datasets: {d: {splits: null, track: table}}",
    "datasets: {d: {columns: {mask: null}}}",
    "datasets: {d: {corrupt_labels: 0.25, seed: 7}}",
    "datasets: {e: {min_group: 4}}",
    "explain: {lime: {hide_color: 128}}",
    "explain: {lime: {hide_color: [1, 2, 3]}}",
    "explain: {lime: {hide_color: null, segmentation: {algorithm: quickshift, kernel_size: 2}}}",
    "explain: {lime: {tuning: {seconds: null, trials: 4}}}",
    "explain: {shards: 2}",
    "explain: {images: {d: {one: {target: null}}}}",
    "dissect: {clip_dissect: {concepts: 7}}",
    "dissect: {clip_dissect: {concepts: classes}}",
    "report: {notebook: false}",
    "dissect: null",
]


@pytest.mark.parametrize("text", SAME)
def test_the_command_line_says_what_the_same_words_say_in_a_file(text: str) -> None:
    entries = [line.replace(": ", "=", 1) for line in text.splitlines()]
    assert loaded(*entries) == written(text)


def test_a_section_is_switched_off() -> None:
    assert loaded("rof=null")["rof"] is None
    assert loaded("rof=")["rof"] is None
    assert loaded("explain={lime: {tuning: null}}")["explain"]["lime"]["tuning"] is None


@pytest.mark.parametrize("word", ["no", "yes", "off", "null", "true", "3", "1e3", "~"])
def test_a_class_may_have_any_name(word: str) -> None:
    """Quotes are gone by then, and where only names may stand none are needed."""
    assert loaded(f"datasets={{d: {{classes: [{word}, b]}}}}")["datasets"]["d"]["classes"] == [word, "b"]


@pytest.mark.parametrize("word", ["false", "true", "no", "3", "0.5", "null", "[1, no]", "{deep: off}"])
def test_an_option_whose_type_nobody_knows_is_refused(word: str) -> None:
    with pytest.raises(InputError, match=r"^c.yaml: models.m.options.norm.*--config.*configuration file"):
        loaded(f"models={{m: {{options: {{norm: {word}}}}}}}")


def test_an_option_that_is_a_word_is_taken_and_those_of_the_file_stay() -> None:
    found = loaded("models={m: {options: {norm: batch}}}")["models"]
    assert found["m-s1"]["options"] == {"width": 3, "norm": "batch"}


@pytest.mark.parametrize(
    ("entry", "parts"),
    [
        ("report={notebook: perhaps}", ["report.notebook", "perhaps"]),
        ("models={m: {train: {epochs: few}}}", ["models.m.train.epochs", "few"]),
        ("models={n: {input: {channels: 2}}}", ["models.n.input.channels", "1, 3"]),
        ("models={m: {train: {epoch: 3}}}", ["models.m.train.epoch", "did you mean 'epochs'?"]),
        ("models={m: null}", ["models.m"]),
    ],
)
def test_a_wrong_value_is_refused_with_its_key(entry: str, parts: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        loaded(entry)
    assert all(part in str(caught.value) for part in parts)
