"""The tuner on planted images, and its choices on hand-made rows."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from lucidag.explain.lime import explain as explain_module
from lucidag.explain.lime.settings import Lime, LimeSettings
from lucidag.explain.lime.space import SEARCH_SPACE, trials
from lucidag.explain.lime.tune import (
    choose,
    front,
    grades,
    halves,
    settings_fragment,
    tune,
    tune_subjects,
    tuning_report,
    write_tuning,
)
from lucidag.explain.subjects import Subject
from lucidag.ground.errors import InputError
from lucidag.ground.tables import read_table
from lucidag.models.inputs import Inputs
from lucidag.models.network import Network
from tests.lime.words import lime_settings

COARSE = lime_settings("slic", {"n_segments": 4, "compactness": 30.0}, 0, 2, 30, seed=3)
SPACE = {
    "segmentation": {
        "felzenszwalb": {"scale": [100.0], "sigma": [0.0], "min_size": [4, 16]},
        "slic": {"n_segments": {"low": 2, "high": 6}, "compactness": [30.0]},
    },
    "hide_color": [None, 0],
    "num_features": {"low": 1, "high": 3},
    "num_samples": [60],
}


def row(trial, image, iou, seconds=1.0):
    return {"trial": trial, "image": image, "iou": iou, "seconds": seconds, "settings": json.dumps({"seed": trial})}


def white_squares(number):
    """Draw images of squares of which one is white: the mask, and what class 1 depends on."""
    random = np.random.default_rng(7)
    for index in range(number):
        frame = random.integers(20, 120, (3, 5, 5), dtype=np.uint8).repeat(8, axis=1).repeat(8, axis=2)
        mask = np.zeros((40, 40), dtype=bool)
        top, left = 8 * random.integers(0, 5, 2)
        mask[top : top + 8, left : left + 8] = True
        frame[:, mask] = 255
        yield Subject(f"p{index}", "", 1, torch.from_numpy(frame), mask)


@pytest.fixture(scope="module")
def planted(make_region_network):
    """Return the images, the trials and their rows."""
    pixels = list(white_squares(5))
    tried = trials(COARSE, 12, seed=1, space=SPACE)
    classify = make_region_network(np.ones((40, 40), dtype=bool))
    return classify, pixels, tried, tune(classify, pixels, tried, 32)


def test_settings_that_find_the_planted_region_are_chosen(planted):
    *_, tried, rows = planted
    report = tuning_report(rows, None, seed=0)
    chosen = LimeSettings.from_json(report["settings"])
    assert chosen == tried[report["chosen"]]
    assert chosen.algorithm == "felzenszwalb"
    assert chosen.hide_color == 0
    by_trial = {entry["trial"]: entry for entry in report["trials"]}
    assert by_trial[report["chosen"]]["held_out_iou"] == 1
    assert by_trial[0]["settings"] == COARSE.to_json()
    assert by_trial[0]["held_out_iou"] < 0.5
    assert report["gain"] == pytest.approx(1 - by_trial[0]["held_out_iou"])
    assert report["chosen"] in [entry["trial"] for entry in report["trials"] if entry["front"]]
    assert [entry["trial"] for entry in report["trials"] if entry["chosen"]] == [report["chosen"]]


def test_everything_but_seconds_is_the_same_again(planted):
    classify, pixels, tried, rows = planted
    again = tune(classify, pixels, tried, 32)
    assert [{**r, "seconds": 0} for r in again] == [{**r, "seconds": 0} for r in rows]
    assert [(r["image"], r["trial"]) for r in rows] == [(p.image, t) for p in pixels for t in range(12)]
    assert all(r["seconds"] > 0 for r in rows)


def test_equal_segmentations_are_made_once_and_count_for_each(make_region_network, monkeypatch):
    made = []
    segment = explain_module.segment

    def counted(*arguments):
        made.append(arguments)
        return segment(*arguments)

    monkeypatch.setattr(explain_module, "segment", counted)
    pixels = list(white_squares(2))
    others = [
        lime_settings("slic", {"n_segments": 4, "compactness": 30.0}, hide, 2, 30, seed=3) for hide in (0, 255, None)
    ]
    rows = tune(
        make_region_network(np.ones((40, 40), dtype=bool)),
        pixels,
        [
            *others,
            lime_settings("slic", {"n_segments": 5}, 0, num_samples=30, seed=3),
            lime_settings("slic", {"n_segments": 4, "compactness": 30.0}, 0, 2, 30, seed=4),
        ],
        16,
    )
    assert len(made) == 6  # other parameters or another seed: another segmentation
    assert len(rows) == 10


def test_the_first_batch_is_not_timed(make_region_network):
    calls = []
    classify = make_region_network(np.ones((40, 40), dtype=bool))

    def watch(frames):
        calls.append(len(frames))
        return classify(frames)

    tune(watch, list(white_squares(1)), [COARSE], 5)
    assert calls[0] == 5
    assert max(calls) <= 5


def test_the_front_holds_what_nothing_beats():
    rows = [
        row(0, "a", 0.4, 2.0),
        row(1, "a", 0.5, 3.0),
        row(2, "a", 0.4, 2.5),  # slower than 0 for no more
        row(3, "a", 0.3, 2.0),  # less than 0 in the same time
        row(4, "a", 0.1, 0.5),
        row(5, "a", 0.5, 3.0),  # as 1
        row(6, "a", math.nan, 0.1),
    ]
    assert front(rows) == [0, 1, 4, 5]


def test_the_front_is_of_means():
    rows = [row(0, "a", 1.0, 1.0), row(0, "b", 0.0, 1.0), row(1, "a", 0.6, 0.5), row(1, "b", 0.6, 1.5)]
    assert front(rows) == [1]


def test_no_trial_of_the_front_is_beaten_and_all_others_are():
    random = np.random.default_rng(0)
    for _ in range(20):
        points = random.integers(0, 5, (9, 2))
        found = front([row(t, "a", iou / 4, float(seconds)) for t, (iou, seconds) in enumerate(points)])
        for trial, (iou, seconds) in enumerate(points):
            beaten = any(
                (other[0] >= iou and other[1] < seconds) or (other[0] > iou and other[1] <= seconds) for other in points
            )
            assert (trial in found) == (not beaten)


def test_the_choice_has_the_highest_mean_within_the_limit():
    rows = [row(0, "a", 0.5, 2.0), row(1, "a", 0.7, 4.0), row(2, "a", 0.7, 3.0), row(3, "a", 0.6, 1.0)]
    assert choose(rows, None) == 1
    assert choose(rows, 3.5) == choose(rows, 3.0) == 2
    assert choose(rows, 2.0) == 3
    assert choose(rows, 0.1) == 3, "none is so fast: the fastest"
    assert choose([row(0, "a", 0.5), row(1, "a", 0.5)], None) == 0, "the current settings stay"


def test_a_limit_that_nothing_keeps_is_said():
    rows = [row(t, image, 0.5, 2.0 + t) for t in range(2) for image in "ab"]
    assert tuning_report(rows, 2.0, 0)["within_limit"] is True
    report = tuning_report(rows, 1.0, 0)
    assert report["within_limit"] is False
    assert report["chosen"] == 0


def test_two_empty_masks_are_left_out_and_counted():
    rows = [row(0, "a", math.nan), row(0, "b", 0.2, 3.0), row(1, "a", math.nan), row(1, "b", math.nan)]
    found = grades(rows)
    assert found[0] == (0.2, 2.0, 1)
    assert math.isnan(found[1].iou)
    assert found[1].undefined == 2
    assert choose(rows, None) == 0
    with pytest.raises(InputError, match="nothing can be graded"):
        choose(rows[2:], None)


def test_an_empty_mask_that_lime_leaves_empty_is_undefined(make_region_network):
    frame = torch.full((3, 24, 24), 9, dtype=torch.uint8)
    blank = Subject("blank", "", 1, frame, np.zeros((24, 24), dtype=bool))
    found = tune(make_region_network(np.ones((24, 24), dtype=bool)), [blank], [COARSE], 8)
    assert math.isnan(found[0]["iou"])


def test_the_held_out_half_chooses_nothing(planted):
    rows = planted[-1]
    report = tuning_report(rows, None, seed=0)
    assert sorted(report["chosen_on"] + report["reported_on"]) == [f"p{i}" for i in range(5)]
    random = np.random.default_rng(0)

    def spoilt(images):
        return [
            {**r, "iou": random.random(), "seconds": 9 * random.random()} if r["image"] in images else r for r in rows
        ]

    keys = ("trial", "iou", "undefined", "seconds", "front", "chosen")
    for _ in range(5):
        other = tuning_report(spoilt(report["reported_on"]), None, seed=0)
        assert other["chosen"] == report["chosen"]
        assert [[t[k] for k in keys] for t in other["trials"]] == [[t[k] for k in keys] for t in report["trials"]]
    assert any(tuning_report(spoilt(report["chosen_on"]), None, 0)["chosen"] != report["chosen"] for _ in range(9))


def test_halves_are_drawn_from_the_seed_alone():
    images = [f"i{n}" for n in range(9)]
    first, second = halves(images, 4)
    assert (len(first), len(second)) == (5, 4)
    assert sorted(first + second) == images
    assert halves(images[::-1], 4) == (first, second)
    assert any(halves(images, seed)[0] != first for seed in range(5))
    with pytest.raises(InputError, match=r"1 image\(s\) with a mask"):
        halves(["a"], 0)


def test_trials_begin_with_the_current_settings_and_are_different_draws():
    found = trials(COARSE, 40, seed=5)
    assert found[0] == COARSE
    assert found == trials(COARSE, 40, seed=5)
    assert found[:10] == trials(COARSE, 10, seed=5)
    assert found[1:] != trials(COARSE, 40, seed=6)[1:]
    assert len({json.dumps(each.to_json()) for each in found}) == 40
    for each in found:
        assert (each.top_labels, each.kernel_width, each.seed) == (COARSE.top_labels, COARSE.kernel_width, COARSE.seed)


def test_draws_stay_in_their_ranges_and_reach_all_of_them():
    found = trials(LimeSettings(), 400, seed=0)[1:]
    assert {each.algorithm for each in found} == set(SEARCH_SPACE["segmentation"])
    assert {each.hide_color for each in found} == {None, 0, 128, 255}
    assert {each.num_features for each in found} == set(range(2, 13))
    assert {each.num_samples for each in found} == {100, 200, 300, 500}
    for each in found:
        for name, values in SEARCH_SPACE["segmentation"][each.algorithm].items():
            drawn = each.parameters[name]
            if isinstance(values, list):
                assert drawn in values
            else:
                assert values["low"] <= drawn <= values["high"]
                assert type(drawn) is type(values["low"])


def test_every_draw_is_a_configuration(make_frame, make_network):
    for settings in trials(LimeSettings(), 12, seed=2):
        fragment = settings_fragment(settings)
        checked = Lime.model_validate(fragment["explain"]["lime"]).model_dump(mode="json")
        for key, value in fragment["explain"]["lime"].items():
            if key == "segmentation":
                value = {**checked[key], **{name: part for name, part in value.items() if part is not None}}
            assert checked[key] == value
        found = LimeSettings.from_json({key: checked[key] for key in settings.to_json()})
        assert found.num_samples == settings.num_samples
        explain_module.segment(make_frame(0), found.algorithm, found.parameters, 0)


def test_a_space_that_is_too_small_is_refused():
    space = {
        "segmentation": {"slic": {"n_segments": [3, 4]}},
        "hide_color": [[1, 2, 3]],
        "num_features": [2],
        "num_samples": [9],
    }
    assert trials(COARSE, 3, 0, space)[1].hide_color == [1, 2, 3]
    with pytest.raises(InputError, match="fewer than 4 different settings"):
        trials(COARSE, 4, 0, space)


class White(nn.Module):
    """A network of two classes, which says `light` where the share of white pixels is above a bound."""

    def __init__(self, bound):
        super().__init__()
        self.bound, self.fc = bound, nn.Linear(1, 2)

    def forward(self, x):
        light = 50 * ((x[:, 0] > 0.95).float().mean((1, 2)) - self.bound)
        return torch.stack([-light, light], 1)


SETTINGS = {"batch_size": 16, "lime": COARSE.to_json(), "tuning": {"trials": 2, "seconds": None, "seed": 0}}


def asked(labels, targets):
    images = zip(white_squares(len(labels)), labels, targets, strict=True)
    return [replace(image, label=label, target=target) for image, label, target in images]


@pytest.mark.parametrize(
    ("labels", "targets", "left_out"),
    [
        (["light"] * 4, [None] * 4, []),
        (["light", "dark", "light", "light"], [None] * 4, ["p1"]),
        # A target of one's own is what is explained.
        (["light", "dark", "light", "dark"], [None, 0, 0, None], ["p2", "p3"]),
    ],
)
def test_images_whose_mask_shows_another_class_do_not_choose(labels, targets, left_out, tmp_path):
    network = Network(White(0), Inputs(size=40), None)
    report = tune_subjects(network, asked(labels, targets), ["dark", "light"], SETTINGS, "cpu")
    assert report["left_out"] == left_out
    assert sorted([*report["chosen_on"], *report["reported_on"], *left_out]) == ["p0", "p1", "p2", "p3"]
    write_tuning(tmp_path / "tuning.csv", tmp_path / "seconds.csv", tmp_path / "tuned.yaml", report)
    assert not {"seconds", "front"} & set(read_table(tmp_path / "tuning.csv"))
    assert list(read_table(tmp_path / "seconds.csv")) == ["trial", "seconds", "front"]
    said = f"# {len(left_out)} more images have a mask" in (tmp_path / "tuned.yaml").read_text()
    assert said == bool(left_out)


def test_one_rightly_predicted_image_cannot_choose():
    network = Network(White(0), Inputs(size=40), None)
    with pytest.raises(InputError, match=r"3 of the images have a mask, and 1 of these are explained for the class"):
        tune_subjects(network, asked(["light", "dark", "dark"], [None] * 3), ["dark", "light"], SETTINGS, "cpu")
