"""The generated documents are those of the configuration model, and the shipped files obey its schema."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from lucidag.config.docs import REFERENCE_PATH, SCHEMA_PATH, STAGES_PATH, json_schema, reference, stages_page
from lucidag.config.load import load_config
from lucidag.config.schema import Config

CONFIGS = sorted(path.name for path in (Path(__file__).parents[2] / "config").glob("*.yaml"))
CONFIGS.remove("claims.yaml")  # claims of earlier projects, which configurations name


def test_documents_have_not_drifted(root: Path) -> None:
    assert (root / SCHEMA_PATH).read_text() == json_schema(), "run `make docs`"
    assert (root / REFERENCE_PATH).read_text() == reference(), "run `make docs`"
    assert (root / STAGES_PATH).read_text() == stages_page(), "run `make docs`"


def test_every_key_is_explained() -> None:
    def explained(schema: dict) -> None:
        for name, field in schema.get("properties", {}).items():
            assert field.get("description"), name

    whole = Config.model_json_schema()
    for section in [whole, *whole["$defs"].values()]:
        explained(section)


@pytest.mark.parametrize("name", CONFIGS)
def test_shipped_files_are_valid(root: Path, name: str) -> None:
    words = yaml.safe_load((root / "config" / name).read_text())
    jsonschema.validate(words, Config.model_json_schema())
    load_config(words, name)


def test_the_reference_names_every_section_and_key() -> None:
    page = reference()
    for section in Config.model_json_schema()["$defs"].values():
        for name in section.get("properties", {}):
            assert f"| `{name}` |" in page


@pytest.mark.parametrize(
    ("section", "key", "shape"),
    [
        ("Rof", "models", lambda one: ["net", one]),
        ("Explain", "models", lambda one: [one]),
        ("Dissect", "compare", lambda one: [[one, "net"]]),
        ("Shortcut", "trained_with", lambda one: one),
        ("Repair", "model", lambda one: one),
        ("Repair", "without", lambda one: ["net", one]),
        ("Shortcut", "trained_without", lambda one: ["net", one]),
    ],
)
def test_editors_take_selections_where_models_are_named(section, key, shape):
    schema = json.loads(json_schema())
    check = jsonschema.Draft202012Validator({"$defs": schema["$defs"]} | schema["$defs"][section]["properties"][key])
    assert check.is_valid(shape("net"))
    assert check.is_valid(shape({"family": "net", "train.lr": [0.1, 0.01]}))
    assert not check.is_valid(shape({"train.lr": 0.1}))
    assert not check.is_valid(shape(3))
