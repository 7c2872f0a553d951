"""What a source says before anything runs is what it then loads, and a user's own is told what is wrong with it."""

import json
from pathlib import Path

import jsonschema
import pytest

from lucidag.config.docs import json_schema
from lucidag.config.load import load_config
from lucidag.config.sources import check_sources
from lucidag.data.registry import SOURCES
from lucidag.data.source import DataSource
from lucidag.ground.errors import InputError
from lucidag.ground.named import named

SPLITS = {"train": 0.5, "val": 0, "test": 0.5}
DRAWN = {
    "digits": {"source": "digits"},
    "lesions": {"source": "lesions", "number": 40, "size": 24, "splits": SPLITS},
    "objects": {"source": "scenes", "number": 96, "size": 32, "splits": SPLITS},
    "places": {"source": "scenes", "number": 96, "size": 32, "label": "place", "splits": SPLITS},
}
OWN = """
from lucidag.data.source import DataSource, Source


class Mine(DataSource):
    width: int = 2

    def load(self) -> Source: ...

    def files(self) -> list[str]:
        return [self.folder]


class Other: ...


class Silent(DataSource): ...
"""


def words(**section: object) -> dict:
    network = {"dataset": "d", "architecture": "resnet18", "train": {}}
    return {"datasets": {"d": section}, "models": {"m": network}}


def told(**section: object) -> DataSource:
    return load_config(words(**section), "c.yaml").datasets["d"]


@pytest.mark.parametrize("case", DRAWN)
def test_what_is_known_before_is_what_is_loaded(case: str) -> None:
    source = told(**DRAWN[case])
    loaded = source.load()
    assert loaded.table["image"].tolist() == source.image_ids()
    assert list(loaded.classes) == source.known_classes()
    assert source.arrays is (loaded.images is not None)
    assert source.label_maps is (loaded.concepts is not None)
    assert source.image_files(source.image_ids()[:2]) == source.files() == []


@pytest.mark.parametrize(
    "section",
    [
        *DRAWN.values(),
        {"source": "mnist", "root": "there", "train": 7},
        {"source": "polygons", "path": "there", "min_images": 3},
        {"source": "folder", "path": "t.csv", "columns": {"label": "kind", "id": None}, "groups": ["b", "label", "a"]},
    ],
)
def test_the_settings_of_a_job_make_the_same_source_again(section: dict) -> None:
    source = told(**section)
    settings = json.loads(json.dumps(source.settings()))
    again = named(settings["source"], DataSource).model_validate(settings)
    assert again.settings() == source.settings()
    shared = {key for key in section if key not in ("source", "groups", "columns")}
    assert {key: getattr(again, key) for key in shared} == {key: getattr(source, key) for key in shared}


def test_every_source_is_in_the_schema_and_a_users_own_is_allowed() -> None:
    schema = json.loads(json_schema())
    (kinds,) = schema["properties"]["datasets"]["patternProperties"].values()
    assert set(kinds["discriminator"]["mapping"]) == {*SOURCES, "package.module:Class"}
    jsonschema.validate(words(source="mine.stripes:Stripes", seed=3, width=4), schema)
    for wrong in ({"source": "digits", "width": 4}, {"source": "stripes"}, {"source": "mine:Stripes", "seed": -1}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(words(**wrong), schema)


@pytest.mark.parametrize(
    ("section", "parts"),
    [
        ({"source": "mine_a:Mine", "widht": 3}, ["datasets.d.widht", "did you mean 'width'?", "seed"]),
        ({"source": "mine_a:Mine", "width": "x"}, ["datasets.d.width", "'x'"]),
        ({"source": "mine_a:Mime"}, ["datasets.d.source", "no class 'Mime'", "did you mean 'Mine'?"]),
        ({"source": "mine_a:Other"}, ["datasets.d.source", "must be derived from lucidag.data.source.DataSource"]),
        ({"source": "mine_a:Silent"}, ["datasets.d.source", "does not define the method 'load'"]),
        ({"source": "mine_b:Mine"}, ["datasets.d.source", "'mine_b' cannot be imported", "No module named"]),
        ({"source": "mine_a:Mine"}, ["datasets.d", "mine_a:Mine", "AttributeError", "folder"]),
    ],
)
def test_a_mistake_with_a_source_of_ones_own_gives_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, section: dict, parts: list[str]
) -> None:
    (tmp_path / "mine_a.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(InputError) as caught:
        check_sources(load_config(words(**section), "c.yaml"), "c.yaml")
    message = str(caught.value)
    assert message.startswith("c.yaml: ")
    assert "\n" not in message
    for part in parts:
        assert part in message
