"""The `explain` section: images by id, jobs, settings of an image's own, and the one line that a mistake gives."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image

from lucidag.config.images import write_out_images
from lucidag.config.jobs import job_settings
from lucidag.config.load import load_config
from lucidag.config.plan import Plan
from lucidag.config.sources import check_sources
from lucidag.explain.lime.settings import Slic
from lucidag.explain.lime.tune import settings_fragment
from lucidag.ground.errors import InputError
from tests.lime.words import lime_settings

DRAWN = """
datasets:
  d: {source: lesions, number: 40}
models:
  m: {dataset: d, architecture: resnet18, train: {}, seeds: [0, 1]}
explain:
  images: {d: [lesion-00003, lesion-00001, lesion-00007, lesion-00002, lesion-00009]}
  images_per_job: 2
"""
FOLDER = """
datasets:
  d: {source: folder, path: PATH, columns: {mask: outline}, classes: [cat, dog]}
models:
  m: {dataset: d, architecture: resnet18, weights: DEFAULT}
explain:
  images: {d: all}
"""


def checked(text: str, **explain: Any):
    words = yaml.safe_load(text)
    words["explain"].update(explain)
    config = load_config(words, "c.yaml")
    check_sources(config, "c.yaml")
    return write_out_images(config, "c.yaml")


def fault(text: str, **explain: Any) -> str:
    with pytest.raises(InputError) as caught:
        checked(text, **explain)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def folder(tmp_path: Path) -> str:
    rows = ["image,label,outline"]
    for number, label in enumerate(("cat", "dog", "dog")):
        Image.fromarray(np.full((4, 4, 3), 10 * number, np.uint8)).save(tmp_path / f"p{number}.png")
        rows.append(f"p{number}.png,{label},")
    (tmp_path / "labels.csv").write_text("\n".join(rows) + "\n")
    return FOLDER.replace("PATH", str(tmp_path / "labels.csv"))


def test_every_member_of_a_family_is_explained() -> None:
    config = checked(DRAWN, models=["m"])
    assert Plan(config).explained_models == ["m-s0", "m-s1"]
    assert Plan(config).explained["m-s1"] == [f"lesion-0000{number}" for number in (3, 1, 7, 2, 9)]


def test_jobs_are_runs_of_the_list_named_by_their_first_image() -> None:
    config = checked(DRAWN)
    assert list(Plan(config).batches("m-s0", "cam").items()) == [
        ("lesion-00003", ["lesion-00003", "lesion-00001"]),
        ("lesion-00007", ["lesion-00007", "lesion-00002"]),
        ("lesion-00009", ["lesion-00009"]),
    ]
    assert Plan(config).batches("m-s0", "lime") == Plan(config).batches("m-s0", "cam")


def test_a_further_image_leaves_full_jobs_as_they_are() -> None:
    ids = [f"lesion-{number:05d}" for number in range(5)]
    before, after = checked(DRAWN, images={"d": ids[:4]}), checked(DRAWN, images={"d": ids})
    for batch in Plan(before).batches("m-s0", "cam"):
        where = {"model": "m-s0", "family": "cam", "batch": batch}
        assert job_settings(Plan(before), "explanations", where) == job_settings(Plan(after), "explanations", where)
    assert set(Plan(after).batches("m-s0", "cam")) - set(Plan(before).batches("m-s0", "cam")) == {ids[4]}


@pytest.mark.parametrize("shards", [1, 3, 7])
def test_shards_are_jobs_of_about_one_size_in_place_of_fixed_ones(shards: int) -> None:
    batches = Plan(checked(DRAWN, shards=shards)).batches("m-s0", "cam")
    ids = Plan(checked(DRAWN)).explained["m-s0"]
    assert [image for images in batches.values() for image in images] == ids
    assert [images[0] for images in batches.values()] == list(batches)
    sizes = [len(images) for images in batches.values()]
    assert len(sizes) == min(shards, len(ids))
    assert max(sizes) - min(sizes) <= 1
    alone = checked(DRAWN, images={"d": {image: {} for image in ids[:-1]} | {ids[-1]: {"lime": {"seed": 1}}}})
    found = Plan(checked(DRAWN, images=alone.explain.images, shards=shards)).batches("m-s0", "lime")
    assert found.pop(ids[-1]) == [ids[-1]]
    assert [image for images in found.values() for image in images] == ids[:-1]


@pytest.mark.parametrize("shards", [0, -1, 1.5, "many"])
def test_a_number_of_shards_that_is_none_is_refused(shards: Any) -> None:
    assert fault(DRAWN, shards=shards).startswith("c.yaml: explain.shards: ")


def test_a_image_with_settings_of_its_own_has_a_job_of_its_own() -> None:
    images = {"lesion-00001": {}, "lesion-00002": {"lime": {"num_samples": 50}}, "lesion-00003": {}}
    config = checked(DRAWN, images={"d": images}, lime={"num_features": 3})
    assert Plan(config).batches("m-s0", "lime") == {
        "lesion-00002": ["lesion-00002"],
        "lesion-00001": ["lesion-00001", "lesion-00003"],
    }
    found = {}
    for batch in ("lesion-00002", "lesion-00001"):
        settings = job_settings(Plan(config), "explanations", {"model": "m-s0", "family": "lime", "batch": batch})
        own = settings["family"]["options"]["own"]
        assert list(own) == [row["image"] for row in settings["images"]]
        found |= {image: (how["num_samples"], how["num_features"]) for image, how in own.items()}
    assert found == {"lesion-00002": (50, 3), "lesion-00001": (300, 3), "lesion-00003": (300, 3)}


def test_a_changed_setting_of_one_image_changes_that_job_alone() -> None:
    def jobs(samples: int) -> dict[str, Any]:
        images = {"lesion-00001": {}, "lesion-00002": {"lime": {"num_samples": samples}}, "lesion-00003": {}}
        config = checked(DRAWN, images={"d": images})
        plan = Plan(config)
        return {
            f"{family} {batch}": job_settings(plan, "explanations", {"model": "m-s0", "family": family, "batch": batch})
            for family in plan.families("m-s0")
            for batch in plan.batches("m-s0", family)
        }

    before, after = jobs(50), jobs(60)
    assert [name for name in before if before[name] != after[name]] == ["lime lesion-00002"]


def test_all_of_a_folder_with_its_files(folder: str) -> None:
    config = checked(folder)
    assert Plan(config).explained["m"] == ["p0", "p1", "p2"]
    assert [Path(file).name for file in config.datasets["d"].image_files(["p2", "p0"])] == ["p2.png", "p0.png"]
    where = {"model": "m", "family": "cam", "batch": "p1"}
    (row,) = job_settings(Plan(checked(folder, images={"d": ["p1"]})), "explanations", where)["images"]
    assert (row["image"], row["label"], row["mask"], row["target"]) == ("p1", "dog", "", None)


@pytest.mark.parametrize(
    ("explain", "parts"),
    [
        ({"images": {"dd": ["x"]}}, ["explain.images", "data set 'dd'", "did you mean 'd'?"]),
        ({"images": {"d": []}}, ["explain.images", "data set 'd'", "model 'm-s0'"]),
        ({"images": {"d": "all"}}, ["explain.images.d", "list ids"]),
        ({"images": {"d": ["lesion-0003"]}}, ["explain.images.d", "lesion-0003", "did you mean 'lesion-000"]),
        ({"images": {"d": ["lesion-00040"]}}, ["lesion-00040"]),
        ({"images": {"d": ["lesion-00001", "lesion-00001"]}}, ["explain.images.d: 'lesion-00001' is listed twice"]),
        ({"models": ["n"]}, ["explain.models", "'n'"]),
        ({"methods": ["gradcamm"]}, ["explain.methods: method 'gradcamm'", "did you mean 'gradcam'?"]),
        ({"methods": ["gradcam", "gradcam"]}, ["explain.methods: 'gradcam' is listed twice"]),
        ({"methods": ["lime", "mine:Own", "yours:Own"]}, ["explain.methods: 'Own' is listed twice"]),
        ({"methods": ["my own:Method"]}, ["explain.methods: method 'my own:Method' must be", "`package.module:Class`"]),
        ({"methods": ["gradcam"], "agreement": {"methods": ["lime"]}}, ["explain.agreement.methods", "'lime'"]),
        ({"methods": ["gradcam"], "localisation": {"methods": ["lime"]}}, ["explain.localisation.methods", "'lime'"]),
        ({"options": {"gradcam": {"x": 1}}}, ["options: method with a job of its own 'gradcam' does not exist"]),
        ({"cam": {"layers": {"mm": "layer4"}}}, ["explain.cam.layers", "'mm'", "m-s0"]),
        ({"lime": {"tuning": {"models": ["n"]}}}, ["explain.lime.tuning.models", "'n'", "m-s0"]),
        ({"methods": []}, ["explain.methods", "at least 1"]),
        ({"without": {"n": ["lime"]}}, ["explain.without: explained model 'n' does not exist"]),
        ({"without": {"m": ["limes"]}}, ["explain.without.m: method of explain.methods", "did you mean 'lime'?"]),
        ({"methods": ["lime"], "without": {"m": ["lime"]}}, ["explain.without.m: no method is left"]),
        (
            {"methods": ["lime", "gradcam"], "without": {"m": ["lime"]}, "agreement": {"methods": ["lime"]}},
            ["explain.agreement.methods: none of them explains model 'm'"],
        ),
        ({"lime": {"segmentation": {"algorithm": "quickshit"}}}, ["algorithm", "did you mean 'quickshift'?"]),
        ({"lime": {"segmentation": {"n_segments": 5}}}, ["lime.segmentation.algorithm", "missing", "slic"]),
        ({"lime": {"segmentation": {"algorithm": "slic", "n_segmens": 5}}}, ["did you mean 'n_segments'?"]),
        ({"lime": {"hide_color": 256}}, ["hide_color"]),
        ({"agreement": {"thresholds": [0.5, 0.2, 0.5]}}, ["explain.agreement.thresholds: '0.5' is listed twice"]),
        ({"lime": {"hide_color": [1, 2]}}, ["a colour has 3"]),
        ({"images": {"d": {"lesion-00001": {"lime": {"num_sample": 5}}}}}, ["did you mean 'num_samples'?"]),
    ],
)
def test_a_mistake_gives_one_line_with_its_key(explain: dict[str, Any], parts: list[str]) -> None:
    message = fault(DRAWN, **explain)
    assert message.startswith("c.yaml: explain")
    for part in parts:
        assert part in message


@pytest.mark.parametrize("classes", [", classes: [cat, dog]", ""])
def test_a_target_that_is_no_class_is_found_before_anything_runs(folder: str, classes: str) -> None:
    text = folder.replace(", classes: [cat, dog]", classes)
    message = fault(text, images={"d": {"p0": {"target": "catt"}}})
    assert "explain.images.d.p0.target" in message
    assert "did you mean 'cat'?" in message
    assert checked(text, images={"d": {"p0": {"target": "dog"}}})


@pytest.mark.parametrize(
    ("source", "image", "right", "wrong"),
    [
        ("source: lesions", "lesion-00001", "malignant", "maligant"),
        ("source: digits", "digit-0001", "7", "seven"),
        ("source: scenes", "scene-00001", "star", "stars"),
        ("source: scenes, label: place", "scene-00001", "sea", "star"),
    ],
)
def test_a_target_that_a_source_does_not_have(source: str, image: str, right: str, wrong: str) -> None:
    text = DRAWN.replace("source: lesions, number: 40", source)
    message = fault(text, images={"d": {image: {"target": wrong}}})
    assert message.startswith(f"c.yaml: explain.images.d.{image}.target: class '{wrong}' does not exist")
    assert right in message
    assert checked(text, images={"d": {image: {"target": right}}})


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a\n\nb\n", ["line 2", "empty"]),
        ("a\nb\na\n", ["line 3", "'a'", "line 1"]),
        ("", ["empty"]),
        (None, ["cannot be read"]),
    ],
)
def test_a_bad_file_of_classes(folder: str, tmp_path: Path, text: str | None, parts: list[str]) -> None:
    names = tmp_path / "classes.txt"
    if text is not None:
        names.write_text(text)
    message = fault(folder.replace("[cat, dog]", str(names)))
    assert message.startswith("c.yaml: datasets.d.classes")
    for part in parts:
        assert part in message


def test_tuned_settings_over_those_of_another_algorithm() -> None:
    """Configuration files are merged key by key, so what is left of the first one's algorithm has to go."""
    first = {"segmentation": {"algorithm": "quickshift", "kernel_size": 2, "sigma": 1.0}, "num_features": 3}
    second = settings_fragment(lime_settings("slic", {"n_segments": 30}, num_features=5))["explain"]["lime"]
    merged = {**first, **second, "segmentation": {**first["segmentation"], **second["segmentation"]}}
    lime = checked(DRAWN, lime=merged).explain.lime
    assert lime.segmentation == Slic(algorithm="slic", n_segments=30)
    assert lime.num_features == 5
