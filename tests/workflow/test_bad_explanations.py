"""What a user sees of odd images and mistakes when images are explained."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from lucidag.explain.store import Explained, read_explained
from lucidag.ground.files import read_json
from lucidag.models.small import small_cnn
from tests.workflow.mistakes import assert_one_line, said, write

pytestmark = pytest.mark.workflow

METHODS = ["gradcam", "ablationcam", "scorecam", "gradcam++", "layercam", "eigencam"]
# One image, white on its left half and black on its right, in all these ways; `against` explains the other class.
SAME = ("plain", "grey", "transparent", "cmyk", "palette", "rotated")
IMAGES = {image: {} for image in (*SAME, "pixel", "black")} | {"against": {"target": "a"}}
WELL = "explained/explanations/well/maps"
MASKED = ("plain", "black", "against")
NETWORK = {
    "architecture": "lucidag.models.small:small_cnn",
    "options": {"width": 4, "depth": 2},
    "input": {"size": 16},
    "weights": "w/network.safetensors",
}


def draw(folder: Path) -> None:
    """Draw the images, list them, and cut one off."""
    folder.mkdir()
    white = np.zeros((16, 24), dtype=bool)
    white[:, :12] = True
    grey = Image.fromarray(np.where(white, 255, 0).astype(np.uint8))
    see_through = np.zeros((16, 24, 4), dtype=np.uint8)
    see_through[~white, 3] = 255
    turn = Image.Exif()
    turn[0x0112] = 6  # shown after a quarter turn clockwise
    grey.convert("RGB").save(folder / "plain.png")
    grey.convert("RGB").save(folder / "against.png")
    grey.save(folder / "grey.png")
    Image.fromarray(see_through).save(folder / "transparent.png")
    grey.convert("CMYK").save(folder / "cmyk.tif")
    grey.convert("P").save(folder / "palette.png")
    grey.convert("RGB").transpose(Image.Transpose.ROTATE_90).save(folder / "rotated.png", exif=turn)
    Image.new("RGB", (1, 1), (200, 10, 30)).save(folder / "pixel.png")
    Image.new("RGB", (24, 16)).save(folder / "black.png")
    grey.save(folder / "mask.png")
    names = {file.stem: file.name for file in folder.iterdir()}
    grey.save(folder / "other.png")
    rows = [f"{names[image]},b,{'mask.png' if image in MASKED else ''}" for image in IMAGES] + ["other.png,a,"]
    (folder / "labels.csv").write_text("\n".join(["image,label,mask", *rows]) + "\n")
    (folder / "cut.png").write_bytes((folder / "plain.png").read_bytes()[:60])
    (folder / "more.csv").write_text("\n".join(["image,label,mask", *rows, "cut.png,b,"]) + "\n")


def settings() -> dict[str, Any]:
    """Describe two networks of equal weights: `well`, and `bad` with a cut image."""
    listed = {"source": "folder", "classes": ["a", "b"], "columns": {"mask": "mask"}}
    return {
        "results": "explained",
        "datasets": {"odd": listed | {"path": "odd/labels.csv"}, "more": listed | {"path": "odd/more.csv"}},
        "models": {"well": NETWORK | {"dataset": "odd"}, "bad": NETWORK | {"dataset": "more"}},
        "explain": {
            "images": {"odd": IMAGES, "more": [*IMAGES, "cut"]},
            "images_per_job": len(IMAGES),  # so that the cut one is a job of its own
            "methods": [*METHODS, "lime"],
            "lime": {"segmentation": {"algorithm": "slic", "n_segments": 4}, "num_features": 8, "num_samples": 12},
            "agreement": {"thresholds": [0.5], "resamples": 10},
        },
    }


@pytest.fixture(scope="module")
def folder(project: Callable[[], Path]) -> Path:
    """Return a project with the images, and weights of which all speak for class b and against class a."""
    folder = project()
    draw(folder / "odd")
    (folder / "w").mkdir()
    torch.manual_seed(0)
    tensors = {key: value.clone() for key, value in small_cnn(2, width=4, depth=2).state_dict().items()}
    sizes = tensors["fc.weight"][0].abs()
    tensors["fc.weight"] = torch.stack([-sizes, sizes])
    tensors["fc.bias"] = torch.zeros(2)
    save_file(tensors, folder / "w" / "network.safetensors")
    return folder


@pytest.fixture(scope="module")
def run(folder: Path, snakemake) -> subprocess.CompletedProcess[str]:
    """Return a run in which everything about `well` succeeds, and of `bad` what is about the cut image fails."""
    targets = [
        "agreement/well.csv",
        "localisation/well.csv",
        "explanations/well/gradcam/black.png",
        "explanations/bad/maps/cam/plain.safetensors",
        "explanations/bad/maps/cam/cut.safetensors",
    ]
    file = write(folder, "odd", settings())
    paths = [f"explained/{target}" for target in targets]
    return snakemake(folder, *paths, "--cores", "2", "--configfile", file, check=False, timeout=600)


@pytest.fixture(scope="module")
def maps(folder: Path, run) -> dict[str, Explained]:
    """Return the class activation maps by image."""
    return {each.image: each for each in read_explained(folder / WELL / "cam/plain.safetensors")}


@pytest.fixture(scope="module")
def fits(folder: Path, run) -> dict[str, Explained]:
    """Return LIME's explanations by image."""
    return {each.image: each for each in read_explained(folder / WELL / "lime/plain.safetensors")}


def table(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(folder / "explained" / name, dtype={"threshold": str})


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"images": {"odd": {"plain": {"target": "bb"}}, "more": ["cut"]}},
         ["explain.images.odd.plain.target", "class 'bb' does not exist", "there are: a, b"]),
        ({"cam": {"layers": {"bad": "block2"}}},
         ["explain.cam.layers.bad", "layer 'block2' does not exist", "did you mean 'blocks'?"]),
        ({"cam": {"layers": {"bad": "fc"}}},
         ["explain.cam.layers.bad", "layer 'fc' gives a tensor of shape (1, 2); it must give ",
          "layers that will do: blocks.block1"]),
    ],
    ids=["target", "layer", "no maps"],
)  # fmt: skip
def test_a_dry_run_stops_at_a_mistake_with_one_line(folder: Path, snakemake, changes, parts: list[str]) -> None:
    words = settings()
    words["explain"] |= changes
    file = write(folder, "mistaken", words)
    assert_one_line(snakemake(folder, "--dry-run", "--configfile", file, check=False), file, parts)


def test_a_job_that_fails_says_why_in_one_sentence(folder: Path, run) -> None:
    assert run.returncode == 1
    (cut,) = (line for line in said(run) if "maps are empty" not in line)
    assert cut == "lucidag: explanations bad cam cut: odd/cut.png cannot be read as an image: it is truncated"
    assert "Traceback" not in run.stdout + run.stderr
    made = folder / "explained" / "explanations" / "bad" / "maps" / "cam"
    assert [file.name for file in made.iterdir()] == ["plain.safetensors"]


@pytest.mark.parametrize("image", SAME)
def test_every_way_to_store_a_image_gives_one_frame_and_one_explanation(maps, fits, image: str) -> None:
    frame = maps[image].frame
    assert (frame[:, :, :7] > 250).all()
    assert (frame[:, :, 9:] < 5).all()
    for found in (maps, fits):
        assert np.array_equal(found[image].frame, maps["plain"].frame)
        assert found[image].record["target_name"] == "b"
        for method, values in found[image].maps.items():
            assert values.any(), method
            assert np.array_equal(values, found["plain"].maps[method]), method


def test_a_image_of_one_pixel_is_a_frame_of_one_colour(maps, fits) -> None:
    assert (maps["pixel"].frame == np.array([200, 10, 30], dtype=np.uint8)[:, None, None]).all()
    assert not fits["pixel"].maps["lime"].any()
    (note,) = fits["pixel"].record["notes"]
    assert note.startswith("hiding changes no pixel")


def test_more_features_than_superpixels_are_noted(fits) -> None:
    segments = int(fits["plain"].segments.max()) + 1
    assert 1 < segments < 8
    assert fits["plain"].record["notes"] == [
        f"num_features is 8, but the image has {segments} superpixels: all are kept"
    ]
    assert len(fits["plain"].record["explained"][0]["weights"]) == segments


def test_a_constant_image_has_empty_maps_and_says_so(folder: Path, maps, fits) -> None:
    assert list(maps["black"].maps) == METHODS
    for method, values in maps["black"].maps.items():
        assert not values.any(), method
        assert "the map is constant: there is nothing to show" in maps["black"].record["notes"][method]
    assert not fits["black"].maps["lime"].any()
    record = read_json(folder / "explained" / "explanations" / "well" / "lime" / "black.json")
    assert [note.split(":")[0] for note in record["notes"]] == ["hiding changes no pixel"]
    overlay = np.asarray(Image.open(folder / "explained" / "explanations" / "well" / "gradcam" / "black.png"))
    assert overlay.shape == (16, 16, 3)


def test_where_nothing_speaks_for_a_class_its_maps_are_empty(maps) -> None:
    assert maps["against"].record["target_name"] == "a"
    for method in ("gradcam", "ablationcam", "gradcam++", "layercam"):
        assert not maps["against"].maps[method].any()
        assert "nothing to show" in maps["against"].record["notes"][method]


def test_two_empty_masks_have_no_iou_and_count_in_no_mean(folder: Path, run) -> None:
    pairs, summary = table(folder, "agreement/well.csv"), table(folder, "agreement/well-summary.csv")
    two = (pairs["method_a"] == "gradcam") & (pairs["method_b"] == "ablationcam")
    for threshold in ("0.5", "area"):
        iou = pairs[two & (pairs["threshold"] == threshold)].set_index("image")["iou"]
        assert set(iou.index[iou.isna()]) >= {"black", "against"}
        assert iou[list(SAME)].notna().all()
        (row,) = summary[
            (summary["method_a"] == "gradcam")
            & (summary["method_b"] == "ablationcam")
            & (summary["threshold"] == threshold)
        ].itertuples()
        assert row.mean == pytest.approx(iou.dropna().mean())
        assert (row.n, row.undefined) == (iou.notna().sum(), iou.isna().sum())


def test_empty_maps_have_no_grade(folder: Path, run) -> None:
    table_of_grades = table(folder, "localisation/well.csv")
    assert set(table_of_grades["image"]) == set(MASKED)
    grades = table_of_grades[table_of_grades["method"] == "gradcam"].groupby("image")["value"]
    assert grades.apply(lambda values: values.isna().all()).to_dict() == {
        "plain": False,
        "black": True,
        "against": True,
    }


def test_no_table_and_no_map_holds_nan(folder: Path, maps, fits) -> None:
    tables = [file for name in ("agreement", "localisation") for file in (folder / "explained" / name).glob("*.csv")]
    files = [*tables, folder / "explained" / "explanations" / "well" / "lime" / "black.json"]
    assert len(files) == 6
    for file in files:
        words = file.read_text().lower().replace("\n", ",").split(",")
        assert not {"nan", "inf", "-inf"} & set(words), file.name
    for found in (maps, fits):
        for explained in found.values():
            for method, values in explained.maps.items():
                assert np.isfinite(values).all(), (explained.image, method)
