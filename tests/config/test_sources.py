"""Files that Snakemake cannot take as inputs are noticed in another way."""

import pytest

from lucidag.config.images import write_out_images
from lucidag.config.load import load_config
from lucidag.config.plan import Plan
from lucidag.config.sources import digests, listable, source_notes


@pytest.fixture
def plan(tmp_path):
    for place in ("a/0.png", "a/{dataset}.png", "b/{x y}.png", "b/1.png", "b/notes.txt"):
        file = tmp_path / "set" / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(place.encode())
    words = {
        "results": "out",
        "datasets": {"d": {"source": "folder", "path": str(tmp_path / "set")}},
        "models": {"m": {"dataset": "d", "architecture": "resnet18", "train": {}}},
        "explain": {"images": {"d": ["a-0", "a-~7Bdataset~7D"]}, "methods": ["gradcam"]},
    }
    return Plan(write_out_images(load_config(words, "c.yaml"), "c.yaml"))


def test_a_name_with_braces_is_known_by_its_content(plan, tmp_path):
    files = plan.config.datasets["d"].files()
    assert len(files) == 4
    assert len(listable(files)) == 2
    before = digests(files)
    assert sorted(listable(files) + list(before)) == sorted(files)
    (tmp_path / "set" / "a" / "{dataset}.png").write_bytes(b"another")
    after = digests(files)
    assert [file.rpartition("/")[2] for file in files if before.get(file) != after.get(file)] == ["{dataset}.png"]


def test_an_explained_image_whose_name_has_braces_waits_for_the_table(plan):
    (plain,) = plan.image_files("m", ["a-0"])
    assert plain.endswith("a/0.png")
    table = ["out/data/d/manifest.csv", "out/data/d/dataset.json"]
    assert plan.image_files("m", ["a-~7Bdataset~7D"]) == table
    assert plan.image_files("m", ["a-0", "a-~7Bdataset~7D"]) == [plain, *table]


def test_what_a_data_set_says_starts_with_its_key(plan):
    (said,) = source_notes(plan.config)
    assert said.startswith("datasets.d: left out: 1 files whose suffix is of no image (b/notes.txt)")
