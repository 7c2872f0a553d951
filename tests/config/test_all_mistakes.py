"""All mistakes of a configuration in one error, a line each, and what to write for what YAML reads otherwise."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image

from lucidag.config.doubled import check_doubled
from lucidag.config.images import write_out_images
from lucidag.config.load import load_config
from lucidag.config.sources import check_sources
from lucidag.ground.errors import InputError

BASE = """
datasets:
  d: {source: folder, path: own}
models:
  m: {dataset: d, architecture: resnet18, input: {size: 8}, train: {epochs: 2}}
"""


def lines(text: str) -> list[str]:
    """Give what is said of the base with these sections merged in, without the file's name."""
    whole: dict[str, Any] = yaml.safe_load(BASE)
    for key, value in yaml.safe_load(text).items():
        whole[key] = whole[key] | value if isinstance(whole.get(key), dict) else value
    with pytest.raises(InputError) as caught:
        load_config(whole, "c.yaml")
    said = str(caught.value).splitlines()
    assert all(line.startswith("c.yaml: ") for line in said)
    return [line.removeprefix("c.yaml: ") for line in said]


def keys(text: str) -> list[str]:
    return [line.partition(": ")[0] for line in lines(text)]


def test_every_fault_of_form_has_a_line() -> None:
    said = keys("""
models:
  m: {dataset: d, architecture: resnet18, train: {epocs: 1, lr: -1}}
  n: {dataset: d, train: {epochs: x}}
roff: {}
rof: {methods: [l3]}
""")
    assert set(said) == {
        "models.m.train.epocs",
        "models.m.train.lr",
        "models.n.architecture",
        "models.n.train.epochs",
        "roff",
        "rof.methods.0",
    }
    assert len(said) == 6
    assert said[:2] == ["models.m.train.epocs", "roff"]  # what else may follow from


def test_names_of_all_sections_are_looked_up() -> None:
    said = keys("""
rof: {models: [q]}
explain: {models: [m], images: {dd: [a], d: [b]}, cam: {layers: {r: x}}}
faithfulness: {models: [s]}
generalisation: {g: {models: [m, t]}}
shortcuts: {c: {trained_with: u, trained_without: m, artefacts: {patch: x}}}
""")
    assert {
        "rof.models",
        "explain.images",
        "explain.cam.layers",
        "faithfulness.models",
        "generalisation.g.models",
        "shortcuts.c.trained_with",
    } <= set(said)


def test_what_follows_from_a_mistake_is_no_mistake_of_its_own() -> None:
    assert keys("{models: {n: {dataset: e, architecture: resnet18, train: {}}}}") == ["models.n.dataset"]
    assert keys("{models: {m: {dataset: e, architecture: resnet18, train: {}}}}") == ["models.m.dataset"]
    assert keys("{explain: {models: [q], images: {d: [a]}}}") == ["explain.models"]
    assert keys("{explain: {images: {dd: [a]}}}") == ["explain.images"]


@pytest.mark.parametrize(
    ("text", "key", "parts"),
    [
        ("explain: {images: {d: [0, 1]}}", "explain.images.d.0", ["number 0", "quotes, such as '0'", "1 more"]),
        ("explain: {images: {d: [a, 1]}}", "explain.images.d.1", ["number 1", "'1'"]),
        ("explain: {images: {d: {0: {}}}}", "explain.images.d.0", ["number 0", "'0'"]),
        ("explain: {images: {d: {a: {target: no}}}}", "explain.images.d.a.target", ["found false", "'no'"]),
        ("explain: {images: {d: [2020-01-02]}}", "explain.images.d.0", ["date 2020-01-02", "'2020-01-02'"]),
        (
            "datasets: {d: {source: folder, path: own, classes: [no, yes]}}",
            "datasets.d.classes.0",
            ["found false", "reads in no", "quotes, such as 'no'", "1 more"],
        ),
        (
            "datasets: {d: {source: folder, path: own, classes: [a, on]}}",
            "datasets.d.classes.1",
            ["found true", "'yes'"],
        ),
        ("datasets: {d: {source: folder, path: ~}}", "datasets.d.path", ["found nothing", "~", "quotes"]),
        ("datasets: {d: {source: folder, path: ~/x}}", "datasets.d.path", ["'~/x'", "'/home/me/x'"]),
        ("datasets: {d: {source: folder, path: $DATA/x/y}}", "datasets.d.path", ["'$DATA/x/y'", "variables"]),
        ("results: ~me/r", "results", ["'~me/r'", "home folders", "'/home/me/r'"]),
        (
            "models: {m: {dataset: d, architecture: resnet18, weights: ~/w.pth}}",
            "models.m.weights",
            ["'~/w.pth'", "'/home/me/w.pth'"],
        ),
        ("rof: {models: [1]}", "rof.models.0", ["number 1", "'1'"]),
    ],
)
def test_what_yaml_reads_otherwise(text: str, key: str, parts: list[str]) -> None:
    (line,) = lines(text)
    assert line.startswith(f"{key}: ")
    for part in parts:
        assert part in line


def test_a_value_of_several_kinds_gives_the_deepest_reason() -> None:
    assert keys("explain: {images: {d: {a: {lime: {num_samples: x}}}}}") == ["explain.images.d.a.lime.num_samples"]


def test_all_missing_files(tmp_path: Path) -> None:
    whole = yaml.safe_load(BASE)
    whole["datasets"] |= {"e": {"source": "folder", "path": str(tmp_path / "gone")}}
    whole["datasets"]["d"]["path"] = str(tmp_path / "none")
    network = {"dataset": "e", "architecture": "resnet18"}
    whole["models"] |= {name: {**network, "weights": f"w/{name}.pth"} for name in ("x", "y")}
    with pytest.raises(InputError) as caught:
        check_sources(load_config(whole, "c.yaml"), "c.yaml")
    said = [line.split(": ")[1] for line in str(caught.value).splitlines()]
    assert said == ["datasets.d.path", "datasets.e.path", "models.x.weights", "models.y.weights"]


def test_all_images_that_are_not_there(tmp_path: Path) -> None:
    for place in ("a/0.png", "a/1.png", "b/2.png"):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        Image.new("L", (2, 2)).save(tmp_path / place)
    whole = yaml.safe_load(BASE)
    whole["datasets"]["d"]["path"] = str(tmp_path)
    config = load_config(whole, "c.yaml")
    (first, *_) = config.datasets["d"].image_ids() or []
    whole["explain"] = {"images": {"d": {"x": {}, first: {"target": "ten"}, "y": {}}}}
    with pytest.raises(InputError) as caught:
        write_out_images(load_config(whole, "c.yaml"), "c.yaml")
    said = [line.split(": ")[1:3] for line in str(caught.value).splitlines()]
    assert [key for key, _ in said] == ["explain.images.d", f"explain.images.d.{first}.target", "explain.images.d"]
    assert ["'x'" in said[0][1], "'ten'" in said[1][1], "'y'" in said[2][1]] == [True, True, True]


def test_all_doubled_keys(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text("a: 1\nb: {c: 1, c: 2}\na: 2\nd: [{e: 1, e: 1}]\n")
    with pytest.raises(InputError) as caught:
        check_doubled(file)
    assert [line.split(": ")[1] for line in str(caught.value).splitlines()] == ["b.c", "a", "d.0.e"]
