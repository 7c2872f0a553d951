"""Weights that are files: found whatever the case of their suffix, watched by their jobs, and missed in the dry run."""

from pathlib import Path

import pytest
import yaml

from lucidag.config.load import load_config
from lucidag.config.schema import Config
from lucidag.config.sources import check_sources, clip_weight_files, weight_files
from lucidag.ground.errors import InputError
from lucidag.models.settings import Model
from lucidag.units.clip.settings import Clip

FILES = ["w.pth", "w.PTH", "w.Pt", "w.SafeTensors", "w.bin", "w.ckpt", "folder/any", "any"]


def model(weights: str) -> Model:
    return Model(dataset="d", architecture="resnet18", weights=weights)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_an_input(name: str, here: Path) -> None:
    (here / name).parent.mkdir(exist_ok=True)
    (here / name).touch()
    assert weight_files(model(name)) == [name]
    assert clip_weight_files(Clip(architecture="ViT-B-16", weights=name)) == [name]


@pytest.mark.parametrize("name", FILES[:-1])
def test_a_missing_file_is_missed(name: str) -> None:
    with pytest.raises(InputError, match=r"^weights: file '.*' does not exist"):
        weight_files(model(name))
    with pytest.raises(InputError, match=r"^weights: file or folder '.*' does not exist"):
        clip_weight_files(Clip(architecture="ViT-B-16", weights=name))


@pytest.mark.parametrize("name", ["IMAGENET1K_V1", "ResNet18_Weights.IMAGENET1K_V1", "DEFAULT"])
def test_published_weights_are_no_file(name: str) -> None:
    assert weight_files(model(name)) == []


def test_published_clips_and_those_trained_here_have_no_file() -> None:
    assert clip_weight_files(Clip(architecture="ViT-B-16", weights="openai")) == []
    assert clip_weight_files(Clip(architecture="hf-hub:timm/vit")) == []
    assert clip_weight_files(Clip(train={"dataset": "d"})) == []


def test_every_file_of_a_clips_folder_is_an_input(here: Path) -> None:
    (here / "clip" / "cache").mkdir(parents=True)
    for name in ("open_clip_config.json", "open_clip_model.safetensors", "tokenizer.json", ".hidden"):
        (here / "clip" / name).touch()
    found = clip_weight_files(Clip(weights="clip"))
    names = ("open_clip_config.json", "open_clip_model.safetensors", "tokenizer.json")
    assert found == [f"clip/{name}" for name in names]


CONFIG = """
datasets: {d: {source: digits}}
models: {m: {dataset: d, architecture: resnet18, train: {}}}
clips: {c: {architecture: ViT-B-16, weights: gone.PT}}
dissect: {netdissect: null, clip_dissect: {concepts: classes}}
"""


def test_the_sentence_has_the_key() -> None:
    config: Config = load_config(yaml.safe_load(CONFIG), "c.yaml")
    with pytest.raises(InputError, match=r"^c.yaml: clips.c.weights: file or folder 'gone.PT' does not exist"):
        check_sources(config, "c.yaml")
