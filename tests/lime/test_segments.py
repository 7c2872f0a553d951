"""Superpixels are those of the library, numbered from 0 without gaps."""

import numpy as np
import pytest
from lime.wrappers.scikit_image import SegmentationAlgorithm

from lucidag.explain.lime.segments import segment
from lucidag.explain.lime.settings import LimeSettings
from lucidag.ground.errors import InputError

CASES = [
    ("quickshift", LimeSettings().at(224)[0], {"kernel_size": 4, "max_dist": 200, "ratio": 0.2}),
    ("quickshift", {"kernel_size": 2, "max_dist": 20, "ratio": 0.2}, {"kernel_size": 2, "max_dist": 20, "ratio": 0.2}),
    ("slic", {"n_segments": 25, "compactness": 5.0}, {"n_segments": 25, "compactness": 5.0, "start_label": 0}),
    ("felzenszwalb", {"scale": 60, "min_size": 10}, {"scale": 60, "min_size": 10}),
]


@pytest.mark.parametrize(("algorithm", "parameters", "in_full"), CASES)
@pytest.mark.parametrize("seed", [0, 1])
def test_the_superpixels_are_the_librarys(make_frame, algorithm, parameters, in_full, seed):
    frame = make_frame(seed)
    expected = SegmentationAlgorithm(algorithm, **in_full)(frame.transpose(1, 2, 0))
    found = segment(frame, algorithm, parameters, seed=seed)
    assert found.dtype == np.int32
    assert (found == expected).all()
    assert np.unique(found).tolist() == list(range(found.max() + 1))
    assert found.max() > 0


def halves_and_spots(size):
    """Draw a scene that is the same at every size: two halves and some discs, with noise."""
    y, x = (np.mgrid[:size, :size] + 0.5) / size
    frame = np.where(x < 0.5, 60.0, 140.0)
    for place, (top, left) in enumerate([(0.2, 0.2), (0.7, 0.3), (0.3, 0.8), (0.8, 0.8)]):
        frame[np.hypot(y - top, x - left) < 0.12] = 200 - 50 * place
    noise = np.random.default_rng(size).normal(0, 8, (3, size, size))
    return np.clip(frame + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("size", [8, 12, 16, 28, 32, 47, 48, 64, 96, 128])
def test_a_small_frame_has_about_as_many_superpixels_as_a_large_one(size):
    parameters, times = LimeSettings().at(size)
    found = segment(halves_and_spots(size), "quickshift", parameters, 0, times)
    assert found.shape == (size, size)
    assert np.unique(found).tolist() == list(range(found.max() + 1))
    assert 12 <= found.max() + 1 <= 64


@pytest.mark.parametrize("size", [224, 256, 299, 384])
def test_a_large_frame_has_the_lime_packages_superpixels(size):
    shift = {"kernel_size": 4.0, "max_dist": 200.0, "ratio": 0.2, "sigma": 0.0}
    assert LimeSettings().at(size) == (shift, 1)


@pytest.mark.parametrize("size", [8, 32, 500])
@pytest.mark.parametrize(
    "named", [{"algorithm": "quickshift", "kernel_size": 3.0}, {"algorithm": "slic"}, {"algorithm": "felzenszwalb"}]
)
def test_what_is_named_does_not_depend_on_the_frame(size, named):
    parameters, times = LimeSettings(segmentation=named).at(size)
    assert (parameters, times) == LimeSettings(segmentation=named).at(224)
    assert times == 1
    assert parameters.get("kernel_size") == named.get("kernel_size")


@pytest.mark.parametrize("written", [{"algorithm": "quickshift"}, {"algorithm": "quickshift", "kernel_size": None}])
def test_settings_come_back_from_json_without_a_kernel(written):
    settings = LimeSettings.model_validate(LimeSettings(segmentation=written).model_dump(mode="json"))
    assert settings.at(32) == LimeSettings().at(32)
    assert LimeSettings.from_json(settings.to_json()).at(32) == LimeSettings().at(32)


def test_slic_starts_at_0_where_scikit_image_starts_at_1(make_frame):
    frame = make_frame(3)
    plain = SegmentationAlgorithm("slic", n_segments=20)(frame.transpose(1, 2, 0))
    assert plain.min() == 1
    assert (segment(frame, "slic", {"n_segments": 20}, 0) == plain - 1).all()


def test_labels_have_no_gaps_where_the_algorithms_have(make_frame):
    frame = make_frame(4)
    gappy = {"n_segments": 60, "enforce_connectivity": False, "compactness": 0.1}
    plain = SegmentationAlgorithm("slic", start_label=0, **gappy)(frame.transpose(1, 2, 0))
    assert len(np.unique(plain)) < plain.max() + 1, "the case shows nothing without a gap"
    found = segment(frame, "slic", gappy, 0)
    assert np.unique(found).tolist() == list(range(len(np.unique(plain))))
    pairs = np.unique(np.stack([plain.ravel(), found.ravel()]), axis=1)
    assert (np.diff(pairs) > 0).all(), "the same superpixels in the same order"


@pytest.mark.parametrize("algorithm", ["quickshift", "slic", "felzenszwalb"])
def test_a_grey_image_is_that_image_in_three_channels(make_frame, algorithm):
    grey = make_frame(1, channels=1)
    assert (segment(grey, algorithm, {}, 0) == segment(np.repeat(grey, 3, 0), algorithm, {}, 0)).all()


def test_the_seed_of_quickshifts_ties_can_be_given():
    frame = np.full((3, 24, 24), 90, np.uint8)
    few = {"kernel_size": 1, "max_dist": 3}
    found = [segment(frame, "quickshift", {**few, "rng": rng}, 0) for rng in (1, 1, 2)]
    assert (found[0] == found[1]).all()
    assert (found[0] != found[2]).any()


@pytest.mark.parametrize(
    ("algorithm", "parameters", "message"),
    [
        ("quikshift", {}, "did you mean 'quickshift'"),
        ("slic", {"n_segment": 4}, r"slic parameter 'n_segment' does not exist \(did you mean 'n_segments'\?\)"),
        ("slic", {"start_label": 1}, "does not exist"),
        ("felzenszwalb", {"mask": None}, "does not exist"),
        ("quickshift", {"kernel_size": 0.5}, "kernel_size"),
        ("quickshift", {"ratio": "much"}, "quickshift does not work with {'ratio': 'much'}"),
        ("slic", {"n_segments": 0}, "slic does not work"),
    ],
)
def test_what_an_algorithm_does_not_take_is_refused(make_frame, algorithm, parameters, message):
    with pytest.raises(InputError, match=message):
        segment(make_frame(0), algorithm, parameters, 0)
