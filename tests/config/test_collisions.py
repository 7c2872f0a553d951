"""Names whose results would be one file are refused, and no others."""

import re
from pathlib import Path

import pytest
import yaml

from lucidag.config.collisions import BESIDE_LAYERS, ENDINGS, check_collisions
from lucidag.config.load import load_config
from lucidag.config.plan import Plan
from lucidag.ground.errors import InputError

WORDS = """
datasets: {d: {source: lesions, number: 40}}
models:
  a: &m {dataset: d, architecture: "lucidag.models.small:small_cnn", train: {}}
  b: *m
explain: {methods: [gradcam], images: {d: [lesion-00001]}}
relevance: {}
faithfulness: {}
"""


def said(change=lambda words: None, layers=None):
    words = yaml.safe_load(WORDS)
    change(words)
    plan = Plan(load_config(words, "c.yaml"))
    plan.layers = layers or {}
    try:
        check_collisions(plan, "c.yaml")
    except InputError as error:
        return list(error.lines)
    return []


@pytest.mark.parametrize("ending", [*ENDINGS["explain"], *ENDINGS["faithfulness"]])
def test_a_model_that_is_called_as_results_of_another(ending):
    (line,) = said(lambda words: words["models"].update({f"a-{ending}": words["models"]["a"]}))
    assert line.startswith(f"c.yaml: models.a-{ending}: results of 'a' in")


@pytest.mark.parametrize("name", ["c-summary", "a-s0", "summary", "a-units", "a-best"])
def test_other_names_pass(name):
    assert said(lambda words: words["models"].update({name: words["models"]["a"]})) == []


@pytest.mark.parametrize("layers", [["unit_roles"], ["x", "x-ranking"], ["fc", "summary"]])
def test_a_layer_that_is_called_as_a_table(layers):
    (line,) = said(layers={"a": layers})
    assert line.startswith("c.yaml: dissect: layer ")
    assert said(layers={"a": ["fc", "x-other", "summary2"]}) == []


def test_an_image_that_is_called_as_the_references():
    def rename(words):
        words["datasets"]["d"] = {"source": "mnist", "root": "r", "download": True}
        words["explain"]["images"]["d"] = ["references", "test-00001"]

    told = {
        "c.yaml: explain.images.d: 'references' is the name of a file of `relevance`; leave that image out",
    }
    assert set(said(rename)) == told


def test_the_list_holds_every_file_beside_one_of_a_wildcard(root):
    """Of all paths in the rules, those that a model's, a layer's or an image's own path could also be."""
    text = "".join(file.read_text(encoding="utf-8") for file in sorted(Path(root, "rules").glob("*.smk")))
    paths = {path.replace("{{", "{").replace("}}", "}") for path in re.findall(r'f"\{R\}/([^"]+)"', text)}
    found = set()
    for one in (path for path in paths if re.search(r"/\{(model|layer|image)\}\.(csv|json|safetensors)$", path)):
        pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(one))
        for other in paths - {one}:
            if re.fullmatch(pattern, re.sub(r"\{\w+\}", "x", other)):
                found.add((one.partition("/")[0], other.rpartition("/")[2].rpartition(".")[0]))
    known = {
        ({"discover": "discovery"}.get(section, section), f"{{model}}-{ending}")
        for section, endings in ENDINGS.items()
        for ending in endings
    }
    known |= {(section, file) for section, (files, _) in BESIDE_LAYERS.items() for file in files}
    known |= {(section, f"{{layer}}-{ending}") for section, (_, endings) in BESIDE_LAYERS.items() for ending in endings}
    known = {("agreement" if section == "explain" else section, file) for section, file in known}
    found.discard(("localisation", "{model}-summary"))  # of `explain` too
    assert found == known | {("relevance", "references")}
