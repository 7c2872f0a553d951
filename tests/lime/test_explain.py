"""Explanations against those of the lime package, and against what is known of planted classifiers."""

import json

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from lucidag.explain.lime import library
from lucidag.explain.lime.explain import explain
from lucidag.explain.lime.library import library_explanation
from lucidag.explain.lime.neighbourhood import draw_masks, hidden_image
from lucidag.explain.lime.settings import LimeSettings
from lucidag.ground.errors import InputError
from tests.lime.words import lime_settings

SHIFT = {"kernel_size": 2, "max_dist": 30, "ratio": 0.5}


def assert_same(found, expected, labels):
    for label in labels:
        assert [index for index, _ in found.fits[label].weights] == [index for index, _ in expected.local_exp[label]]
        np.testing.assert_allclose(
            [weight for _, weight in found.fits[label].weights],
            [weight for _, weight in expected.local_exp[label]],
            atol=1e-5,
            rtol=0,
        )
        assert found.fits[label].intercept == pytest.approx(expected.intercept[label], abs=1e-5)


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize(
    ("algorithm", "parameters"),
    [("quickshift", SHIFT), ("slic", {"n_segments": 16}), ("felzenszwalb", {"scale": 100, "min_size": 20})],
)
@pytest.mark.parametrize(
    ("hide_color", "num_features", "top_labels"),
    [(None, 5, 1), (0, 8, 3), (255, 4, 3), ((9, 90, 200), 100, 1)],
)
def test_the_explanation_is_the_librarys(
    make_frame, make_network, seed, algorithm, parameters, hide_color, num_features, top_labels
):
    settings = lime_settings(algorithm, parameters, hide_color, num_features, 120, top_labels, seed=seed + 10)
    frame, classify = make_frame(seed, size=32 + 8 * (seed % 3)), make_network(seed)
    expected = library_explanation(classify, frame, settings)
    found = explain(classify, frame, settings, None, batch_size=16)
    assert (found.segments == expected.segments).all()
    assert list(found.fits) == expected.top_labels
    assert found.target == expected.top_labels[0]
    assert len(found.fits[found.target].weights) == min(num_features, found.segments.max() + 1)
    assert_same(found, expected, expected.top_labels)
    # The package keeps these two of the class that it did last, the most probable one.
    assert found.fits[found.target].score == pytest.approx(expected.score, abs=1e-5)
    assert found.fits[found.target].local_prediction == pytest.approx(float(expected.local_pred[0]), abs=1e-5)
    _, mask = expected.get_image_and_mask(found.target, num_features=num_features)
    assert (found.mask == (mask == 1)).all()
    assert ((found.map > 0) == found.mask).all()


def test_the_default_segmentation_is_the_librarys(make_frame, make_network, monkeypatch):
    frame, classify = make_frame(3, size=224), make_network(3)
    settings = lime_settings(num_features=4, num_samples=60, seed=5)
    with monkeypatch.context() as patched:
        patched.setattr(library, "SegmentationAlgorithm", lambda *_, **__: None)  # so that the library takes its own
        expected = library_explanation(classify, frame, settings)
    assert expected.segments.max() > 3
    assert_same(explain(classify, frame, settings, None, 32), expected, expected.top_labels)


def test_score_and_prediction_of_each_class_are_the_librarys_for_that_class(make_frame, make_network):
    frame, classify = make_frame(5), make_network(5)
    settings = lime_settings("slic", {"n_segments": 12}, 0, 5, 100, top_labels=2, seed=3)
    found = explain(classify, frame, settings, None, 8)
    ranked = np.argsort(-found.probabilities)
    least = int(ranked[-1])
    asked = explain(classify, frame, settings, least, 8)
    assert list(asked.fits) == [*map(int, ranked[:2]), least]
    for label in asked.fits:
        alone = library_explanation(classify, frame, settings, labels=(label,))
        assert_same(asked, alone, [label])
        assert asked.fits[label].score == pytest.approx(alone.score, abs=1e-5)
        assert asked.fits[label].local_prediction == pytest.approx(float(alone.local_pred[0]), abs=1e-5)


def test_a_target_among_the_most_probable_is_explained_once(make_frame, make_network):
    frame, classify = make_frame(5), make_network(5)
    settings = lime_settings("slic", {"n_segments": 12}, num_samples=40, top_labels=3)
    second = int(np.argsort(-classify(torch.from_numpy(frame)[None])[0])[1])
    found = explain(classify, frame, settings, second, 8)
    assert len(found.fits) == 3
    assert found.target == second
    by_segment = dict(found.fits[second].weights)
    expected = np.vectorize(lambda index: by_segment.get(index, 0.0))(found.segments)
    np.testing.assert_array_equal(found.map, expected.astype(np.float32))


def test_the_masks_are_drawn_as_the_library_draws_them(make_frame, make_network):
    frame, classify = make_frame(1), make_network(1)
    settings = lime_settings("slic", {"n_segments": 9}, 0, 4, 30, seed=7)
    seen = []

    def watch(images):
        seen.append(images)
        return classify(images)

    library_explanation(watch, frame, settings)
    segments = explain(classify, frame, settings, None, 8).segments
    masks = draw_masks(np.random.RandomState(7), 30, int(segments.max()) + 1)
    images = torch.cat(seen).numpy()
    expected = np.where(masks[:, segments][:, None] > 0, frame, 0)
    np.testing.assert_array_equal(images, expected)


@pytest.mark.parametrize("seed", [0, 1])
def test_batches_change_nothing_but_rounding_and_are_never_larger(make_frame, make_network, seed):
    frame, classify = make_frame(seed), make_network(seed)
    settings = lime_settings("quickshift", SHIFT, None, 5, 90, top_labels=2, seed=seed)
    sizes, results = [], []

    def watch(images):
        assert images.dtype == torch.uint8
        sizes.append(len(images))
        return classify(images)

    for batch_size in (1, 7, 90, 1000):
        sizes.clear()
        results.append(explain(watch, frame, settings, None, batch_size))
        assert max(sizes) <= batch_size
    for result in results[1:]:
        for label in results[0].fits:
            assert [i for i, _ in result.fits[label].weights] == [i for i, _ in results[0].fits[label].weights]
            np.testing.assert_allclose(
                [w for _, w in result.fits[label].weights], [w for _, w in results[0].fits[label].weights], atol=1e-5
            )


def test_equal_masks_are_classified_once(make_frame, make_network):
    frame, classify = make_frame(0), make_network(0)
    settings = lime_settings("slic", {"n_segments": 4}, 0, 2, 500)
    images = []

    def watch(batch):
        images.extend(pixels.numpy().tobytes() for pixels in batch)
        return classify(batch)

    found = explain(watch, frame, settings, None, 32)
    count = int(found.segments.max()) + 1
    assert len(images) == len(set(images)) <= 2**count < 500
    assert_same(found, library_explanation(classify, frame, settings), list(found.fits))


@pytest.mark.parametrize("hide_color", [None, 0, 200])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_classifier_of_one_region_is_explained_by_that_region(make_region_network, hide_color, channels):
    random = np.random.default_rng(0)
    frame = random.integers(20, 120, (channels, 6, 6), dtype=np.uint8).repeat(8, axis=1).repeat(8, axis=2)
    region = np.zeros((48, 48), dtype=bool)
    region[8:24, 16:32] = True
    frame[:, region] = 255
    settings = lime_settings("felzenszwalb", {"scale": 100, "sigma": 0, "min_size": 4}, hide_color, 1, 200)
    # Where a superpixel is hidden by its own mean, white stays white; so the region is not of one colour there.
    if hide_color is None:
        frame[:, 8:24, 16:32][:, ::2] = 253
    found = explain(make_region_network(region & (frame[0] == 255)), frame, settings, 1, 32)
    assert (found.mask == region).all()
    assert found.fits[1].score > 0.9


def test_hiding_by_the_mean_cuts_off_fractions_as_the_library_does(make_frame):
    frame = make_frame(2)
    segments = np.arange(1600, dtype=np.int32).reshape(40, 40) // 90
    image, expected = frame.transpose(1, 2, 0), frame.transpose(1, 2, 0).copy()
    for index in np.unique(segments):
        where = segments == index
        expected[where] = tuple(np.mean(image[where][:, channel]) for channel in range(3))
    found = hidden_image(frame, segments, None)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found.transpose(1, 2, 0), expected)
    rounded = np.rint([frame[:, segments == index].mean(1) for index in range(18)]).astype(np.uint8)
    assert (rounded.T[:, segments] != found).any(), "the case shows nothing if no mean is cut off"


def test_more_features_than_superpixels_are_all_of_them(make_frame, make_network):
    frame, classify = make_frame(0), make_network(0)
    settings = lime_settings("slic", {"n_segments": 5}, 0, 50, 60)
    found = explain(classify, frame, settings, None, 32)
    count = int(found.segments.max()) + 1
    assert sorted(index for index, _ in found.fits[found.target].weights) == list(range(count))
    assert found.notes == (f"num_features is 50, but the image has {count} superpixels: all are kept",)


@pytest.mark.parametrize(
    ("algorithm", "parameters", "note"),
    [
        ("quickshift", {"kernel_size": 4}, "found one superpixel"),
        ("quickshift", {}, "hiding changes no pixel"),
        ("slic", {}, "hiding changes no pixel"),
    ],
)
def test_a_image_of_one_colour_has_no_explanation_and_says_so(make_network, algorithm, parameters, note):
    frame = np.full((3, 32, 32), 77, np.uint8)
    classify = make_network(1)
    found = explain(classify, frame, lime_settings(algorithm, parameters, num_samples=50, top_labels=2), 0, 16)
    assert len(found.notes) == 1
    assert note in found.notes[0]
    assert not found.map.any()
    assert not found.mask.any()
    for label, fit in found.fits.items():
        assert fit.weights == []
        assert fit.intercept == fit.local_prediction == pytest.approx(found.probabilities[label])
        assert fit.score == 0
    json.dumps(found.json(LimeSettings(), "abcde"), allow_nan=False)


def test_a_class_that_no_mask_changes_has_no_weights(make_frame):
    def classify(images):
        return np.tile(np.float32([0.25, 0.75]), (len(images), 1))

    found = explain(classify, make_frame(0), lime_settings("slic", {"n_segments": 20}, 0), None, 16)
    assert found.target == 1
    assert {label: fit.weights for label, fit in found.fits.items()} == {1: []}
    assert "class 1 is the same under every mask" in found.notes[0]


@pytest.mark.filterwarnings("ignore:Singular matrix")
@pytest.mark.parametrize("num_features", [3, 30])
def test_two_samples_give_finite_numbers(make_frame, make_network, num_features):
    settings = lime_settings("slic", {"n_segments": 10}, 0, num_features, num_samples=2, kernel_width=0.001)
    found = explain(make_network(0), make_frame(0), settings, None, 16)
    assert np.isfinite(found.map).all()
    assert np.isfinite([found.fits[found.target].score, found.fits[found.target].intercept]).all()


@pytest.mark.parametrize(
    ("words", "target", "batch_size", "message"),
    [
        ({}, 5, 8, "target 5 is no class of the network; its classes are 0 to 4"),
        ({}, -1, 8, "target -1 is no class"),
        ({}, None, 0, "batch_size is 0"),
    ],
)
def test_wrong_arguments_are_refused(make_frame, make_network, words, target, batch_size, message):
    settings = lime_settings("slic", num_samples=10, **words)
    with pytest.raises(InputError, match=message):
        explain(make_network(0), make_frame(0), settings, target, batch_size)


def test_a_colour_must_fit_the_image(make_frame, make_network):
    with pytest.raises(ValidationError, match="hide_color has 2 numbers; a colour has 3"):
        lime_settings(hide_color=(1, 2))
    with pytest.raises(InputError, match=r"hide_color has 3 values; the image has 1 channel"):
        explain(
            make_network(0), make_frame(0)[:1], lime_settings("slic", num_samples=10, hide_color=(1, 2, 3)), None, 8
        )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda values: values * np.nan, "NaN or infinity"),
        (lambda values: np.log(values), "LIME explains probabilities"),
        (lambda values: values[:, 0], "not one row each"),
        (lambda values: values[:-1], "not one row each"),
    ],
)
def test_a_network_that_gives_no_probabilities_is_refused(make_frame, make_network, change, message):
    classify = make_network(0)
    with pytest.raises(InputError, match=message):
        explain(lambda b: change(classify(b)), make_frame(0), lime_settings("slic", num_samples=10), None, 8)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"num_samples": 1}, r"num_samples: .*greater than or equal to 2"),
        ({"num_features": 0}, r"num_features: .*greater than or equal to 1"),
        ({"top_labels": 0}, "top_labels: "),
        ({"kernel_width": 0.0}, r"kernel_width: .*greater than 0"),
        ({"kernel_width": float("nan")}, "kernel_width: "),
        ({"seed": -1}, "seed: "),
        ({"hide_color": 256}, "hide_color: "),
        ({"hide_color": [0, -1, 3]}, "hide_color: "),
    ],
)
def test_settings_out_of_range_are_refused(words, message):
    with pytest.raises(InputError, match=message):
        LimeSettings.from_json(words)
    with pytest.raises(ValidationError):
        LimeSettings(**words)


def test_settings_are_plain_data():
    settings = lime_settings("slic", {"n_segments": 7}, (1, 2, 3), 4, 50, 2, 0.3, 9)
    value = json.loads(json.dumps(settings.to_json()))
    assert value["segmentation"] == {"algorithm": "slic", "n_segments": 7}
    assert value["hide_color"] == [1, 2, 3]
    assert LimeSettings.from_json(value) == settings
    assert LimeSettings.from_json({}) == LimeSettings()
    with pytest.raises(InputError, match="did you mean 'num_samples'"):
        LimeSettings.from_json({"num_sample": 3})


@pytest.mark.parametrize("target", [None, 2])
def test_the_record_makes_the_explanation_again(make_frame, make_network, target):
    frame, classify = make_frame(6), make_network(6)
    settings = lime_settings("quickshift", SHIFT, None, 5, 80, 2, 0.3, seed=4)
    found = explain(classify, frame, settings, target, 16)
    record = json.loads(json.dumps(found.json(settings, [f"c{i}" for i in range(5)]), allow_nan=False))
    again = explain(classify, frame, LimeSettings.from_json(record["settings"]), record["target"], 16)
    assert again.fits == found.fits
    assert again.target == found.target
    assert (again.segments == found.segments).all()
    assert record["segments"] == found.segments.max() + 1
    assert record["target_name"] == f"c{found.target}"
    first = record["explained"][0]
    label, fit = next(iter(found.fits.items()))
    assert (first["class"], first["name"]) == (label, f"c{label}")
    assert [tuple(pair) for pair in first["weights"]] == fit.weights
    assert first["score"] == fit.score
    assert first["probability"] == pytest.approx(float(found.probabilities.max()))


def test_the_parts_of_the_time_are_its_sum(make_frame, make_network):
    seconds = explain(make_network(0), make_frame(0), lime_settings(num_samples=20), None, 8).seconds
    assert list(seconds) == ["segment", "neighbourhood", "network", "regression", "total"]
    assert all(value >= 0 for value in seconds.values())
    assert seconds["total"] == pytest.approx(sum(list(seconds.values())[:-1]))
