"""The page from made-up results: what goes in comes out, text stays text, the same results give the same bytes."""

import base64
import hashlib
import re

import numpy as np
import pandas as pd
import pytest

from lucidag.atlas.about import About, Network
from lucidag.atlas.build import Size, page
from lucidag.atlas.contents import Contents
from lucidag.atlas.encode import packed, unpacked
from lucidag.atlas.explained import by_image, read
from lucidag.atlas.results import Results
from lucidag.atlas.sections.decided import decided
from lucidag.atlas.sections.images import maps, marks
from lucidag.atlas.shrink import LEVELS, MIDDLE, coarse, in_letters, nibbles
from lucidag.atlas.table import short, table
from lucidag.data.features import read_features
from lucidag.ground.tables import write_table
from lucidag.report.settings import Atlas
from lucidag.units.passes.region_maps import read_region_maps
from tests.atlas.made_up_results import CLASSES, METHODS, SIGNED, make

SECTION = re.compile(r'<script type="application/gzip;base64" data-section="([^"]+)">([A-Za-z0-9+/=]*)</script>')
UNITS, IMAGES, PROBE = 20, 6, 24
CONTENTS = Contents(
    datasets=["made-up"],
    examined=["large"],
    dossiers={"large": ["layer4"]},
    last={"large": "layer4"},
    probes={"large": "made-up"},
    explained={"large": ["explanations/large/maps/all/made-up-00000.safetensors"]},
)
ABOUT = About({"large": Network("made-up", "made-up", "resnet", "large")}, seeds={"train.seed": 3})


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    make(folder, UNITS, IMAGES, PROBE)
    return Results(folder)


def built(results, **size):
    return page(results, CONTENTS, Size(**{**Atlas().model_dump(), **size}), ABOUT)


@pytest.fixture(scope="module")
def html(results):
    return built(results)


def sections(html):
    return {name: unpacked(text) for name, text in SECTION.findall(html)}


def test_every_section_comes_back(html):
    found = sections(html)
    expected = {"core", "function:large", "data", "units:large/layer4", "images:large", "maps:large", "thumbs:made-up"}
    expected |= {"measures", "decided:large", "regions:large/layer4"}
    assert set(found) == expected
    assert set(found["core"]["sections"]) == expected - {"core"}
    assert found["core"]["seeds"] == {"train.seed": 3}


def test_the_same_results_give_the_same_bytes(results, html):
    assert built(results) == html


def test_names_that_look_like_html_stay_data(html):
    found = sections(html)
    assert tuple(found["data"]["datasets"][0]["counts"]["data"]["class"]) == CLASSES
    rest = SECTION.sub("", html)
    assert not [name for name in ("<script>alert", "![](x)", "a & b", "</script>alert") if name in rest]


def test_nothing_but_the_pages_own_script_may_run_and_nothing_is_loaded(html):
    (script,) = re.findall(r"<script>(.*?)</script>", html, flags=re.DOTALL)
    allowed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', html)
    assert f"script-src 'sha256-{allowed}'" in policy.replace("&#39;", "'")
    assert policy.startswith("default-src 'none'")
    assert not re.search(r'(?:src|href)="https?:', SECTION.sub("", html).replace(script, ""))


def test_units_have_their_rows_images_and_losses(results, html):
    found = sections(html)["units:large/layer4"]
    truth = results.table("units/large/layer4.csv")
    assert found["units"]["data"]["unit"] == truth["unit"].tolist()
    assert found["images"]["top"][3] == truth["top_images"][3].split(";")
    losses = results.table("units/large/effects.csv").set_index(["unit", "name"])["loss"]
    place = found["effects"]["classes"].index("heart")
    assert found["effects"]["loss"][7][place] == pytest.approx(losses[7, "heart"], rel=1e-3)


def test_units_have_their_place_in_each_order(results, html):
    found = sections(html)["units:large/layer4"]["ranks"]
    assert found == {"l1": results.table("units/large/layer4.csv")["test_rank:l1"].tolist()}


def test_regions_are_where_the_maps_exceed_the_threshold(results, html):
    found = sections(html)["regions:large/layer4"]
    truth = read_region_maps(results.path("units/large/regions.safetensors"))["layer4"]
    flat = np.frombuffer(base64.b64decode(found["data"]), np.uint8)
    levels = np.stack([flat >> 4, flat & 15], axis=1).reshape(-1)[: truth.maps.size].reshape(truth.maps.shape)
    most = truth.maps.max(axis=(1, 2, 3), keepdims=True)
    assert np.abs(levels / LEVELS - truth.maps / most).max() <= 0.5 / LEVELS + 1e-6
    assert found["threshold"] == pytest.approx((truth.threshold / most.ravel()).tolist(), rel=1e-3)
    assert found["images"] == [list(ids) for ids in truth.images]


def test_what_a_decision_rests_on_adds_up(results, html):
    found = sections(html)["decided:large"]
    content = read_features(results.path("features/large/test.safetensors"))
    assert found["layer"] == "layer4"
    assert list(found["rests_on"]) == list(content.images)
    for row, told in enumerate(found["rests_on"].values()):
        logits = content.weight.astype(float) @ content.features[row] + content.bias
        first, second = np.argsort(-logits)[:2]
        assert (told["decided"], told["rival"]) == (content.classes[first], content.classes[second])
        assert told["lead"] == pytest.approx(logits[first] - logits[second], rel=1e-3)
        assert sum(told["adds"]) + told["others"] == pytest.approx(told["lead"], rel=1e-2, abs=1e-2)


def test_edits_are_those_of_the_model_and_the_image(tmp_path):
    row = {"image": "a", "artefact": "ring", "before": 0.9, "after": 0.2, "control": 0.8}
    for file, model in (("shortcuts/s/probabilities.csv", "net"), ("shortcuts/s/removal.csv", "other")):
        write_table(tmp_path / file, pd.DataFrame([{"model": model, **row}]))
    found = decided(Results(tmp_path), "net", None, ["a", "b"])["edits"]
    assert set(found) == {"a"}
    assert found["a"]["data"]["edit"] == ["pasted"]
    assert found["a"]["data"]["after"] == [0.2]


def test_images_are_told_apart_by_few_values_and_by_what_an_audit_found(tmp_path):
    table = {"image": ["a", "b", "c"], "label": "x", "split": "test", "skin": ["dark", "light", "dark"]}
    write_table(tmp_path / "data/d/manifest.csv", pd.DataFrame({**table, "one": "same"}))
    write_table(
        tmp_path / "artefacts/d.csv", pd.DataFrame({"image": ["a", "b"], "ring_score": [1, 9], "ring_found": [0, 1]})
    )
    assert marks(Results(tmp_path), "d", ["c", "b", "a"]) == [
        {"name": "skin", "artefact": False, "values": ["dark", "light", "dark"]},
        {"name": "ring found", "artefact": True, "values": [None, "yes", "no"]},
    ]


def test_images_stand_once_and_all_that_are_named_are_there(html):
    found = sections(html)
    ids = found["thumbs:made-up"]["ids"]
    named = {image for images in found["units:large/layer4"]["images"]["top"] for image in images}
    assert len(ids) == len(set(ids)) == len(found["thumbs:made-up"]["webp"])
    assert named | set(found["images:large"]["images"]["data"]["image"]) == set(ids)
    assert base64.b64decode(found["thumbs:made-up"]["webp"][0])[8:12] == b"WEBP"


def test_maps_come_back_within_a_level(results):
    seen = by_image(read(results, CONTENTS.explained["large"]))
    found = maps(seen, 14)
    size, flat = found["size"], np.frombuffer(base64.b64decode(found["data"]), np.uint8)
    levels = np.stack([flat >> 4, flat & 15], axis=1).reshape(IMAGES, len(METHODS), size, size)
    for row, parts in enumerate(seen.values()):
        for place, method in enumerate(METHODS):
            truth = coarse(parts[0].maps[method], 14)
            scaled = truth / np.abs(truth).max()
            signed = method in SIGNED
            back = (levels[row, place].astype(float) - MIDDLE) / MIDDLE if signed else levels[row, place] / LEVELS
            assert np.abs(back - scaled).max() <= (0.5 / MIDDLE if signed else 0.5 / LEVELS) + 1e-6


def test_a_coarse_map_is_the_mean_of_its_blocks():
    values = np.arange(16, dtype=np.float32).reshape(4, 4)
    assert coarse(values, 2).tolist() == [[2.5, 4.5], [10.5, 12.5]]
    assert coarse(values, 9) is values


def test_empty_maps_are_zero_and_an_odd_number_of_values_is_filled_up():
    empty = np.zeros((3, 3), np.float32)
    assert set(nibbles(empty, signed=True).flat) == {MIDDLE}
    assert set(nibbles(empty, signed=False).flat) == {0}
    assert base64.b64decode(in_letters(np.array([[1, 2, 3]], np.uint8))) == bytes([0x12, 0x30])


def test_a_page_that_is_too_large_gets_smaller_and_says_what_it_left_out(results, html):
    small = sections(built(results, megabytes=0.01, units=5, images=4))
    assert small["maps:large"]["size"] == sections(html)["maps:large"]["size"] // 4
    assert small["units:large/layer4"]["units"]["rows"] == 5
    said = " ".join(small["core"]["left_out"])
    assert f"{UNITS - 5} of the units of large/layer4" in said
    assert "images of made-up" in said


def test_curves_have_the_mean_of_random_orders_and_their_ends(results, html):
    truth = results.table("rof/large/sweep.csv")
    random = truth[(truth["split"] == "test") & (truth["method"] == "random") & (truth["k"] == 5)]["accuracy"]
    curves = sections(html)["function:large"]["curves"]
    (found,) = [curve for curve in curves if (curve["split"], curve["method"]) == ("test", "random")]
    place = found["k"].index(5)
    expected = {"accuracy": random.mean(), "accuracy_low": random.min(), "accuracy_high": random.max()}
    assert {key: found[key][place] for key in expected} == pytest.approx(expected, rel=1e-3)


def test_tables_keep_types_and_say_nothing_of_what_is_missing():
    frame = pd.DataFrame({"n": [1.5, np.nan], "flag": [True, False], "word": ["nan", ""], "empty": [np.nan, np.nan]})
    found = table(frame, "a.csv")
    assert {column["name"]: column["kind"] for column in found["columns"]} == {
        "n": "number",
        "flag": "flag",
        "word": "text",
    }
    assert found["data"] == {"n": [1.5, None], "flag": [True, False], "word": ["nan", ""]}
    assert [short(value) for value in (0.123456, float("inf"), 3.0, np.int64(2), pd.NA)] == [0.1235, "inf", 3, 2, None]
    assert unpacked(packed(found)) == found
    assert packed(found) == packed(found)
