"""Explained images that are drawn at random: which, from where, and the one line that a mistake gives."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image

from lucidag.config import drawn
from lucidag.config.images import write_out_images
from lucidag.config.jobs import job_settings
from lucidag.config.load import load_config
from lucidag.config.plan import Plan
from lucidag.data.registry import source_class
from lucidag.ground.errors import InputError
from lucidag.ground.kept import read_kept

WORDS = """
datasets: {d: {source: lesions, number: 60}}
models: {m: {dataset: d, architecture: resnet18, train: {}}}
explain: {images: {d: 6}}
faithfulness: {}
"""
DRAWN = {"scenes": {"number": 96, "size": 32}, "lesions": {"number": 60, "size": 24}, "digits": {}}


def checked(images: Any = 6, dataset: dict[str, Any] | None = None, kept: Path | None = None, **explain: Any) -> Plan:
    words = yaml.safe_load(WORDS)
    words["datasets"]["d"] = dataset or words["datasets"]["d"]
    words["explain"] = {"images": {"d": images}, **explain}
    return Plan(write_out_images(load_config(words, "c.yaml"), "c.yaml", kept))


def fault(*arguments: Any, **named: Any) -> str:
    with pytest.raises(InputError) as caught:
        checked(*arguments, **named)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("name", DRAWN)
def test_what_is_known_before_is_what_is_loaded(name: str) -> None:
    source = source_class(name)(source=name, seed=3, **DRAWN[name])
    known, table = source.known_images(), source.load().table
    assert list(known.images) == list(table["image"])
    assert list(known.labels) == list(table["label"])
    assert list(known.splits) == list(table["split"])


def test_places_are_known_too() -> None:
    source = source_class("scenes")(source="scenes", number=60, size=32, label="place")
    assert list(source.known_images().labels) == list(source.load().table["label"])


@pytest.mark.parametrize("seed", range(3))
def test_images_are_of_the_test_split_and_of_all_classes(seed: int) -> None:
    plan = checked(seed=seed)
    known = plan.config.datasets["d"].known_images()
    where = dict(zip(known.images, zip(known.labels, known.splits, strict=True), strict=True))
    found = [where[image] for image in plan.explained["m"]]
    assert {split for _, split in found} == {"test"}
    assert set(Counter(label for label, _ in found)) == {"benign", "malignant"}
    assert len(set(plan.explained["m"])) == 6
    assert plan.explained["m"] != checked(seed=seed + 1).explained["m"]
    assert checked(8, seed=seed).explained["m"][:6] == plan.explained["m"]


def test_intervals_are_given_for_drawn_images_and_not_for_named_ones() -> None:
    for images, named in ((4, False), (["lesion-00001"], True), ({"lesion-00001": {}}, True)):
        plan = checked(images)
        for stage in ("agreement", "localisation", "faithfulness"):
            assert job_settings(plan, stage, {"model": "m"})["hand_picked"] is named


@pytest.mark.parametrize("number", [0, -1, 2.5, True, "ten"])
def test_what_is_no_number_of_images_is_refused(number: Any) -> None:
    assert fault(number).startswith("c.yaml: explain.images.d: ")


def test_more_images_than_there_are_is_refused() -> None:
    assert fault(13) == "c.yaml: explain.images.d: 13 images are asked for, and split 'test' has 12 images"


def test_a_source_that_reads_its_images_first_is_refused(tmp_path: Path) -> None:
    said = fault(dataset={"source": "mnist", "root": str(tmp_path), "download": True})
    assert said.startswith("c.yaml: explain.images.d: none can be drawn, as source 'mnist'")


def folder(tmp_path: Path, ids: bool) -> dict[str, Any]:
    rows = ["image,label,split" + ",whose" * ids]
    for number in range(12):
        Image.fromarray(np.full((4, 4, 3), 10 * number, np.uint8)).save(tmp_path / f"p{number}.png")
        split = "train" if number < 4 else "test"
        rows.append(f"p{number}.png,{'ab'[number % 2]},{split}" + f",w{number // 4}" * ids)
    (tmp_path / "labels.csv").write_text("\n".join(rows) + "\n")
    columns = {"columns": {"id": "whose"}} if ids else {}
    return {"source": "folder", "path": str(tmp_path / "labels.csv"), **columns}


def test_a_data_set_that_cannot_be_split_is_named() -> None:
    told = fault(1, {"source": "scenes", "number": 12, "size": 32})
    assert told.startswith("c.yaml: explain.images.d: splits: class ")


def test_images_of_a_folder_are_drawn_from_its_test_images(tmp_path: Path) -> None:
    assert set(checked(8, folder(tmp_path, False)).explained["m"]) == {f"p{number}" for number in range(4, 12)}


def test_one_image_of_each_patient(tmp_path: Path) -> None:
    found = checked(2, folder(tmp_path, True)).explained["m"]
    assert {int(image[1:]) // 4 for image in found} == {1, 2}
    assert "has 2 patients or lesions" in fault(3, folder(tmp_path, True))


def test_all_images_of_a_folder_are_not_hand_picked(tmp_path: Path) -> None:
    assert not checked("all", folder(tmp_path, False)).hand_picked("m")


def test_what_was_drawn_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "drawn.json"
    first = checked(kept=file).explained["m"]
    assert list(read_kept(file).values()) == [first]
    monkeypatch.setattr(drawn, "_drawn", lambda *_: pytest.fail("drawn again"))
    assert checked(kept=file).explained["m"] == first


def test_what_was_kept_of_other_data_is_drawn_anew(tmp_path: Path) -> None:
    file = tmp_path / "drawn.json"
    one = checked(kept=file, dataset={"source": "lesions", "number": 60}).explained["m"]
    other = checked(kept=file, dataset={"source": "lesions", "number": 80}).explained["m"]
    assert other != one
    assert other == checked(dataset={"source": "lesions", "number": 80}).explained["m"]
    file.write_text("no JSON")
    assert checked(kept=file).explained["m"] == checked().explained["m"]
