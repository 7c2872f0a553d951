"""What a stage cannot do with a network is said before any job runs, with the key and what to do instead."""

import json
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
import yaml

from lucidag.config import probe
from lucidag.config.images import write_out_images
from lucidag.config.layers import penultimate_name
from lucidag.config.load import load_config
from lucidag.config.plan import Plan
from lucidag.ground.errors import InputError
from lucidag.ground.provenance import CodeIndex

WORDS = """
datasets:
  drawn: {source: scenes, number: 40}
models:
  net: {dataset: drawn, architecture: "", train: {}, input: {size: 16}}
rof: null
explain: {images: {drawn: [scene-00001]}, methods: [gradcam, scorecam]}
"""

Check = Callable[..., list[str]]


class Unchanged(CodeIndex):
    """Code that is never edited: what was found of a network is found again under the same key."""

    def __init__(self) -> None:
        pass

    def fingerprint(self, *_: object) -> str:
        return ""


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Check:
    """Return a function that gives the lines of the check of a configuration with a network of `tests.config.networks`.

    What the workflow asks a process of its own is answered here, and has to be plain JSON all the same.
    """

    def run(module: str, words: Any) -> CompletedProcess[str]:
        asked = json.loads(json.dumps(words))
        return CompletedProcess([], 0, json.dumps([import_module(module).look(each) for each in asked]), "")

    monkeypatch.setattr(probe, "run_apart", run)

    def lines(network: str, model: dict[str, Any] | None = None, **sections: Any) -> list[str]:
        words = yaml.safe_load(WORDS) | {"results": str(tmp_path / "results")}
        architecture = network if ":" in network else f"tests.config.networks:{network}"
        net = words["models"].pop("net") | {"architecture": architecture} | (model or {})
        words["models"] = sections.pop("models", {}) | {"net": net}
        for key, section in sections.items():
            words[key] = section if section is None else (words.get(key) or {}) | section
        plan = Plan(write_out_images(load_config(words, "c.yaml"), "c.yaml"))
        try:
            whole = probe.check_networks(plan, "c.yaml", Unchanged())
            probe.check_methods(Plan(whole), "c.yaml", Unchanged())
            probe.check_relevance(Plan(whole), "c.yaml", Unchanged())
        except InputError as error:
            return str(error).splitlines()
        return []

    return lines


def one(lines: list[str], *parts: str) -> None:
    """Expect one line with all of these parts, in their order."""
    assert len(lines) == 1, lines
    assert lines[0].startswith("c.yaml: ")
    at = 0
    for part in parts:
        at = lines[0].find(part, at)
        assert at >= 0, (part, lines[0])


def cam(layer: str) -> dict[str, Any]:
    return {"cam": {"layers": {"net": layer}}}


@pytest.mark.parametrize(
    ("network", "parts"),
    [
        ("Tokens", ["network 'Tokens' goes on with tokens", "'patch'", "name the layer"]),
        ("Vectors", ["network 'Vectors': no layer gives maps", "no class activation maps"]),
    ],
)
def test_class_activation_maps_without_maps(check: Check, network: str, parts: list[str]) -> None:
    cure = "with `explain.without: {net: [gradcam, scorecam]}`"
    one(check(network), "explain.methods (gradcam, scorecam): model 'net'", *parts, cure)
    # The way out is one: with another method, or where nobody asks.
    without = {"methods": ["gradcam", "scorecam", "lime"], "without": {"net": ["gradcam", "scorecam"]}}
    assert check(network, explain=without) == []
    assert check(network, explain={"methods": ["lime"]}) == []


def test_class_activation_maps_without_maps_in_a_study(check: Check) -> None:
    tokens = {"dataset": "drawn", "architecture": "tests.config.networks:Tokens", "train": {}, "input": {"size": 16}}
    study = {"trained_with": "net", "trained_without": "other", "artefacts": {"ring": "bedroom"}}
    asked = {"models": {"other": tokens}, "explain": {"models": ["net"]}}
    found = check("Functions", **asked, shortcuts={"s": {**study, "methods": ["gradcam"]}})
    one(found, "shortcuts.s.methods (gradcam): model 'other': network 'Tokens' goes on with tokens", "name methods")
    found = check("Functions", **asked, shortcuts={"s": {**study, "layer": "second"}})
    one(found, "shortcuts.s.layer: layer 'second' does not exist", "layers that will do: patch")


@pytest.mark.parametrize("layer", ["relu", "relu_1", "twice_0", "second"])
def test_functions_are_layers_of_class_activation_maps(check: Check, layer: str) -> None:
    assert check("Functions", explain=cam(layer)) == []


@pytest.mark.parametrize(
    ("network", "layer", "parts"),
    [
        ("Functions", "twice", ["'twice' is called 2 times", "layers that will do: first, relu, twice_0"]),
        ("Functions", "unused", ["'unused' is not called", "layers that will do"]),
        ("Functions", "fc", ["'fc' gives a tensor of shape (1, ", "it must give N x K x H x W"]),
        ("Functions", "secon", ["'secon' does not exist (did you mean 'second'?)", "layers that will do"]),
        ("Functions", "beside", ["'beside': no path leads from it to the logits", "layers that will do: first, relu"]),
        ("Functions", "relu_2", ["'relu_2' does not exist (did you mean 'relu_1'?)"]),
        ("Tokens", "norm", ["'norm': of its tokens only those beside the image's", "layers that will do: patch"]),
        ("Columns", "norm", ["'norm' gives a tensor of shape (1, 16, 8)", "token_grid", "layers that will do: patch"]),
        ("Vectors", "relu", ["'relu' gives a tensor of shape (1, 6)", "no layer of this network will do"]),
    ],
)
def test_layers_of_class_activation_maps(check: Check, network: str, layer: str, parts: list[str]) -> None:
    one(check(network, explain=cam(layer)), "explain.cam.layers.net: layer ", *parts)


def test_a_layer_can_be_named_where_none_is_taken(check: Check) -> None:
    assert check("Tokens", explain=cam("patch")) == []


def dissected(*layers: str) -> dict[str, Any]:
    return {"clip_dissect": None, "layers": {"net": list(layers)}}


@pytest.mark.parametrize(
    ("network", "layers"),
    [
        ("Functions", ["first", "beside", "fc"]),
        ("ChannelsLast", ["patch", "mix", "relu"]),
        ("Vectors", ["hidden"]),
        ("Tokens", ["norm", "mix"]),
    ],
)
def test_layers_that_can_be_dissected(check: Check, network: str, layers: list[str]) -> None:
    assert check(network, explain=None, dissect=dissected(*layers)) == []
    assert check(network, explain=None, dissect={"clip_dissect": None}) == []


@pytest.mark.parametrize(
    ("network", "layer", "parts"),
    [
        ("Functions", "relu_2", ["'relu_2' does not exist (did you mean 'relu_1'?)", "will do: first, relu, twice_0"]),
        ("Functions", "twice", ["'twice' is called 2 times"]),
        ("Functions", "unused", ["'unused' is not called"]),
        ("Functions", "firts", ["'firts' does not exist (did you mean 'first'?)"]),
        (
            "Columns",
            "norm",
            [
                "'norm' gives a tensor of shape (1, 16, 8)",
                "`models.NAME.token_grid",
                "will do: patch, transpose, mean, head",
            ],
        ),
    ],
)
def test_layers_that_cannot_be_dissected(check: Check, network: str, layer: str, parts: list[str]) -> None:
    one(check(network, explain=None, dissect=dissected(layer)), "dissect.layers.net: layer ", *parts)


def inside(layer: str, by_model: bool = False) -> dict[str, Any]:
    return {"models": ["net"], "layers": {"net": [layer]} if by_model else [layer]}


@pytest.mark.parametrize("layer", ["first", "relu_1", "beside", "fc"])
def test_layers_whose_units_can_be_taken_away(check: Check, layer: str) -> None:
    found = check("Functions", explain=None, units=inside(layer))
    assert found == [] if layer != "beside" else "no path leads from it to the logits" in found[0]


@pytest.mark.parametrize("by_model", [True, False])
def test_layers_whose_units_cannot_be_taken_away(check: Check, by_model: bool) -> None:
    key = "units.layers.net: layer " if by_model else "units.layers: model 'net': layer "
    one(check("Functions", explain=None, units=inside("firts", by_model)), key, "did you mean 'first'?")
    one(check("Functions", explain=None, units=inside("twice", by_model)), key, "'twice' is called 2 times")


def test_the_layer_of_the_units_in_front_of_the_last_one_is_told(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str | None] = []
    monkeypatch.setattr(probe, "penultimate_name", lambda *given: seen.append(penultimate_name(*given)))
    assert check("Functions", explain=None, units={}) == []
    assert check("Functions", explain=None, units=inside("relu_1")) == []
    assert seen == ["relu_1", "relu_1"]


def test_tokens_whose_places_are_named(check: Check) -> None:
    named = {"token_grid": [4, 4]}
    assert check("Columns", named, explain=None, dissect=dissected("norm")) == []
    assert check("Columns", named) == []
    one(check("Columns"), "explain.methods (gradcam, scorecam)", "goes on with tokens", "token_grid: [14, 14]")
    found = check("Columns", {"token_grid": [3, 4], "class_tokens": 1}, explain=None, dissect=dissected("patch"))
    one(found, "models.net.token_grid: no layer gives 1 + 3 * 4 tokens; they give 16")
    found = check("Vectors", {"token_grid": [3, 5]}, explain=None, dissect=dissected("hidden"))
    one(found, "models.net.token_grid: no layer gives 0 + 3 * 5 tokens; none gives N x T x D")


def test_units_that_a_layer_does_not_have(check: Check) -> None:
    sheet = {"sheet": {"units": {"first": [0, 5, 6], "fc": [0]}}}
    found = check("Functions", explain=None, dissect=dissected("first", "fc") | sheet)
    one(found, "dissect.sheet.units.first: model 'net' has no unit 6", "0 to 5")


def test_roles_and_labels_need_the_units_in_front_of_the_last_layer(check: Check) -> None:
    found = check("Functions", explain=None, rof={}, dissect=dissected("first", "second"))
    one(
        found,
        "dissect.layers.net",
        "none of first, second gives the units in front of the last layer",
        "such as 'relu_1'",
    )
    assert check("Functions", explain=None, rof={}, dissect=dissected("first", "relu_1")) == []
    assert check("Functions", explain=None, rof={}, dissect={"clip_dissect": None}) == []


def related(layer: str | None) -> dict[str, Any]:
    return {"relevance": {"atlas": {"layers": {} if layer is None else {"net": layer}}}}


@pytest.mark.parametrize(
    ("layer", "parts"),
    [
        ("relu_1", ["'relu_1' is a function"]),
        ("beside", ["'beside': no path leads from it to the logits", "layers that will do: first, second, fc"]),
        ("secon", ["'secon' does not exist (did you mean 'second'?)"]),
    ],
)
def test_layers_of_an_atlas(check: Check, layer: str, parts: list[str]) -> None:
    found = check("Functions", explain={"methods": ["lime"]}, **related(layer))
    one(found, "relevance.atlas.layers.net: layer ", *parts)


def test_an_atlas_of_a_network_without_units_before_its_head(check: Check) -> None:
    found = check("Tokens", explain={"methods": ["lime"]}, relevance={})
    assert any(
        "relevance.atlas.layers.net: no layer with maps" in line and "`relevance.models`" in line for line in found
    )


def test_the_layer_that_is_found_for_an_atlas_is_one_that_it_takes(check: Check) -> None:
    assert check("ChannelsLast", explain={"methods": ["lime"]}, relevance={}) == []
    for layer in ("patch", "relu", "mix"):
        assert check("ChannelsLast", explain={"methods": ["lime"]}, **related(layer)) == []
    found = check("Columns", explain={"methods": ["lime"]}, **related("norm"))
    one(found, "relevance.atlas.layers.net: layer 'norm' gives", "token_grid", "layers that will do: patch, head")


PLAIN = ["epsilon_plus_flat", "epsilon_gamma_box", "epsilon_alpha2_beta1"]


def test_relevance_is_refused_by_the_composites_that_are_named(check: Check) -> None:
    assert check("Cosines", explain={"methods": PLAIN}) == []
    found = check("Cosines", explain={"methods": [*PLAIN, "attn_lrp"]})
    one(found, f"explain.methods ({', '.join(PLAIN)}, attn_lrp): model 'net'", "computes 'cos', which has no rule")
    named = {"layers": {"net": "patch"}}
    asked = {"explain": {"methods": ["lime"]}, "relevance": {"atlas": {**named, "composite": "attn_lrp"}}}
    one(check("Cosines", **asked), "relevance: model 'net'", "computes 'cos', which has no rule")
    asked["relevance"] = {"atlas": named}
    assert check("Cosines", **asked) == []


@pytest.mark.parametrize("network", ["Functions", "lucidag.models.small:small_resnet"])
def test_relevance_through_attention_takes_networks_without_any(check: Check, network: str) -> None:
    assert check(network, explain={"methods": ["attn_lrp"]}) == []


@pytest.mark.parametrize("network", ["small_cnn", "small_resnet"])
def test_a_network_has_a_layer_of_its_own_for_its_atlas(check: Check, network: str) -> None:
    assert check(f"lucidag.models.small:{network}", explain={"methods": ["lime"]}, relevance={}) == []


@pytest.mark.parametrize(
    ("network", "changes", "parts"),
    [
        ("Functions", {"head": "fcc"}, ["models.net.head: layer 'fcc' does not exist (did you mean 'fc'?)"]),
        ("Functions", {"head": "second"}, ["models.net.head", "does not give the network's output; fc does"]),
        (
            "Scaled",
            {"train": {"trainable": "head"}},
            ["net.train.trainable", "ends neither in a linear layer", "'all'"],
        ),
        ("Functions", {"train": {"trainable": ["fc", "secon"]}}, ["train.trainable", "'secon'", "'second'"]),
        ("Functions", {"train": {"trainable": ["twice"]}}, ["train.trainable: none of twice holds weights"]),
    ],
)
def test_modules_that_are_named_for_training(
    check: Check, network: str, changes: dict[str, Any], parts: list[str]
) -> None:
    one(check(network, changes, explain={"methods": ["lime"]}), *parts)


def test_no_units_before_a_last_layer(check: Check) -> None:
    one(check("Scaled", explain=None, rof={}), "models.net: the network ends neither in a linear layer", "`rof.models`")


def test_units_that_cannot_be_taken_away_exactly(check: Check) -> None:
    one(check("Scaled", explain=None, units={}), "models.net: its logits are not linear", "`units.models`")
    asked: dict[str, Any] = {"explain": None, "units": {}, "rof": {"methods": ["l1", "forward"]}}
    found = check("torchvision.models:squeezenet1_1", {"input": {"size": 64}}, **asked)
    assert ["`units.models`" in line for line in found] == [True, False]
    assert "its logits are not linear in its units, and `forward`" in found[1]
    assert check("lucidag.models.small:small_cnn", **asked) == []


def test_forward_selection_of_too_many_units(check: Check) -> None:
    wide = {"options": {"width": 150}}
    found = check("lucidag.models.small:small_cnn", wide, explain=None, rof={"methods": ["l1", "forward"]})
    one(found, "models.net: it has ", "`forward` takes at most 512", "`rof.methods`")


GREY = {"input": {"size": 16, "channels": 1}}
NETWORK = "lucidag.models.small:small_cnn"


@pytest.mark.parametrize(
    ("lime", "images", "key"),
    [
        ({"hide_color": [1, 2, 3]}, ["scene-00001"], "explain.lime"),
        ({}, {"scene-00001": {"lime": {"hide_color": [1, 2, 3]}}}, "explain.images.drawn.scene-00001.lime"),
        (
            {"hide_color": [9, 9, 9]},
            {"scene-00001": {"lime": {"hide_color": 5}}, "scene-00002": {"lime": {"hide_color": [1, 2, 3]}}},
            "explain.images.drawn.scene-00002.lime",
        ),
    ],
)
def test_colours_that_hide_grey_images(check: Check, lime: Any, images: Any, key: str) -> None:
    model = GREY | {"options": {"channels": 1}}
    asked = {"explain": {"methods": ["lime"], "lime": lime, "images": {"drawn": images}}}
    one(check(NETWORK, model, **asked), f"{key}.hide_color: model 'net'", "[1, 2, 3]", "name one grey value")
    assert check(NETWORK, **asked) == []
    assert check(NETWORK, model, explain={**asked["explain"], "methods": ["gradcam"]}) == []


def test_a_colour_of_a_study(check: Check) -> None:
    model = GREY | {"options": {"channels": 1}}
    other = {"dataset": "drawn", "architecture": NETWORK, "train": {}, "input": {"size": 16}}
    study = {"trained_with": "net", "trained_without": "other", "artefacts": {"ring": "bedroom"}, "methods": ["lime"]}
    found = check(
        NETWORK,
        model,
        models={"other": other},
        explain=None,
        shortcuts={"s": study | {"lime": {"hide_color": [1, 2, 3]}}},
    )
    one(found, "shortcuts.s.lime.hide_color: model 'net' sees images of one channel")
