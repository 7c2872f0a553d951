import copy
import json

import numpy as np
import pytest
import torch
from captum.metrics import infidelity as captum_infidelity
from captum.metrics import sensitivity_max as captum_sensitivity
from pydantic import ValidationError

from benchmarks.passes import count_passes
from lucidag.explain.faithfulness.measure import Image, controls, measure
from lucidag.explain.faithfulness.metrics import (
    COLUMNS,
    CURVE_COLUMNS,
    FLOOR,
    METRICS,
    ROAD_LEAST,
    ROAD_MOST,
    read_values,
)
from lucidag.explain.faithfulness.randomisation import correlation, untrained
from lucidag.explain.faithfulness.settings import FaithfulnessSettings
from lucidag.explain.faithfulness.shared import Shared, scores
from lucidag.explain.lime.explain import explain
from lucidag.explain.lime.neighbourhood import classifier
from lucidag.explain.methods.cam import CamExplainer
from lucidag.explain.methods.explainer import Explainer, NoMapError, single
from lucidag.ground.errors import InputError
from lucidag.ground.join import join_rows
from lucidag.ground.shards import cut
from lucidag.ground.tables import read_table, write_rows
from lucidag.models.fast import accelerate
from lucidag.models.inputs import Inputs
from lucidag.models.network import Network
from tests.cam.networks import cams
from tests.faithfulness.cases import SIZE, Linear, blob, cam, fixed, gradient, image, lime, network, times_input
from tests.lime.words import lime_settings

QUICK = {"infidelity_samples": 12, "sensitivity_samples": 4, "steps": 4, "shares": (0.2, 0.6), "randomisation_steps": 2}


def both(model):
    return [gradient(model), times_input(model)]


def images_of(count, **maps):
    return [Image(f"p{seed}", image(seed), seed % 4, maps) for seed in range(count)]


def values_of(found):
    return {(row.image, row.method, row.metric): row.value for row in found.rows}


@pytest.fixture(scope="module")
def full():
    model = network(0)
    return measure(model, images_of(2), both, (0.5,), FaithfulnessSettings(**QUICK))


def test_each_metric_of_each_method(full, tmp_path):
    keys = [(row.image, row.method, row.metric) for row in full.rows]
    methods = ("gradient", "times_input", "centre", "random")
    assert keys == [(f"p{i}", method, metric) for i in range(2) for method in methods for metric in METRICS]
    assert all(row.value is not None and np.isfinite(row.value) for row in full.rows)
    for row in full.rows:
        assert json.loads(row.settings)["seed"] == 0
    by_metric = {row.metric: json.loads(row.settings) for row in full.rows}
    assert by_metric["infidelity"]["largest_square"] == 0.35
    assert "radius" not in by_metric["infidelity"]
    assert by_metric["deletion"] == {"baseline": "blur", "steps": 4, "seed": 0, "blur": 0.1}
    write_rows(tmp_path / "a.csv", COLUMNS, map(vars, full.rows))
    write_rows(tmp_path / "b.csv", CURVE_COLUMNS, map(vars, full.points))
    table, curves = read_values(tmp_path / "a.csv"), read_table(tmp_path / "b.csv")
    assert table["value"].tolist() == [row.value for row in full.rows]
    assert curves["value"].tolist() == [point.value for point in full.points]
    assert set(curves["step"]) == {"", "fc", "blocks.block1.conv"}


def test_controls_are_stable_and_ignore_the_network(full):
    values = values_of(full)
    for name in ("p0", "p1"):
        for control in ("centre", "random"):
            assert values[name, control, "sensitivity_max"] == 0
            assert values[name, control, "randomisation"] == 1
    assert values["p0", "random", "deletion"] != values["p1", "random", "deletion"]


def test_curves_begin_and_end_at_the_image_and_its_baseline(full):
    ends = {}
    for curve in ("deletion", "insertion"):
        for method in ("gradient", "centre"):
            points = [
                point for point in full.points if (point.image, point.method, point.curve) == ("p1", method, curve)
            ]
            assert [point.share for point in points] == [0, 0.25, 0.5, 0.75, 1]
            ends[curve, method] = (points[0].value, points[-1].value)
    probability = network(0)(image(1)[None]).softmax(1)[0, 1].item()
    assert ends["deletion", "gradient"] == ends["deletion", "centre"]
    assert ends["deletion", "gradient"][0] == pytest.approx(probability, abs=1e-6)
    assert ends["insertion", "gradient"] == ends["deletion", "gradient"][::-1]


@pytest.mark.parametrize("perturbation", ["square", "noise"])
def test_neither_batches_nor_other_images_change_a_value(full, perturbation):
    settings = {**QUICK, "perturbation": perturbation, "metrics": METRICS[:5]}
    model = network(0)
    one = values_of(measure(model, images_of(2), both, (0.5,), FaithfulnessSettings(**settings)))
    few = values_of(measure(model, images_of(2)[1:], both, (0.5,), FaithfulnessSettings(**settings, batch_size=5)))
    assert len(few) == len(one) / 2
    for key, value in few.items():
        assert value == pytest.approx(one[key], rel=1e-3, abs=1e-6)
    again = values_of(measure(model, images_of(2), both, (0.5,), FaithfulnessSettings(**settings)))
    assert again == one
    other = values_of(measure(model, images_of(2), both, (0.5,), FaithfulnessSettings(**{**settings, "seed": 3})))
    for metric in ("sensitivity_max", "infidelity"):
        assert other["p0", "gradient", metric] != one["p0", "gradient", metric]


@pytest.mark.parametrize(("level", "words"), [(0.0, "zero everywhere"), (2.0, "same value everywhere")])
def test_a_map_that_shows_nothing_has_no_value(level, words):
    nothing = np.full((SIZE, SIZE), level)
    settings = FaithfulnessSettings(**QUICK)
    found = measure(network(1), images_of(1), lambda _: [fixed(nothing, "flat")], (0.5,), settings)
    own = [row for row in found.rows if row.method == "flat"]
    assert [row.metric for row in own] == list(METRICS)
    for row in own:
        assert row.value is None
        assert words in row.note
    assert not [point for point in found.points if point.method == "flat" and point.value is not None]


def test_a_stored_map_is_measured_by_what_needs_the_map_only():
    model, settings = network(2), FaithfulnessSettings(**QUICK)
    stored = gradient(model)(image(0)[None], 0)["gradient"][0]
    found = values_of(measure(model, images_of(1, kept=stored, gradient=-stored), both, (0.5,), settings))
    for metric in ("infidelity", "deletion", "insertion", "road"):
        assert found["p0", "kept", metric] == pytest.approx(found["p0", "gradient", metric], rel=1e-6)
    assert ("p0", "kept", "sensitivity_max") not in found
    assert ("p0", "kept", "randomisation") not in found


def test_a_stored_map_whose_explainer_is_asked_again_has_the_sensitivity_of_an_explained_one():
    model, settings = network(2), FaithfulnessSettings(**QUICK)
    explainer = gradient(model, "kept")
    maps = explainer(image(0)[None], 0)
    images = [Image("p0", image(0), 0, {"kept": maps["kept"][0]}, (explainer,))]
    found = values_of(measure(model, images, both, (0.5,), settings))
    for metric in METRICS[:-1]:
        assert found["p0", "kept", metric] == pytest.approx(found["p0", "gradient", metric], rel=1e-6)
    assert ("p0", "kept", "randomisation") not in found
    # The other maps are compared with the stored one, whatever the explainer says of the image itself.
    turned = [Image("p0", image(0), 0, {"kept": -maps["kept"][0]}, (explainer,))]
    assert values_of(measure(model, turned, both, (0.5,), settings))["p0", "kept", "sensitivity_max"] > 1


def test_a_randomised_network_may_leave_a_method_without_a_map():
    model = network(0)

    def make(own):
        def function(x, target):
            return gradient(own)(x, target)["gradient"] * (1 if own is model else np.inf)

        return [single("exploding", function)]

    settings = FaithfulnessSettings(metrics=("randomisation",), randomisation_steps=2)
    (row, *_) = measure(model, images_of(1), make, (0.5,), settings).rows
    assert row.method == "exploding"
    assert row.value is None
    assert "randomised network" in row.note


def test_bad_input():
    model, settings = network(0), FaithfulnessSettings(**QUICK)

    def run(images, *explainers):
        return measure(model, images, lambda _: list(explainers), (0.5,), settings)

    with pytest.raises(InputError, match="no image"):
        run([])
    with pytest.raises(InputError, match="two images have the id 'p0'"):
        run(images_of(1) * 2, gradient(model))
    for wrong in (image(1, 3, 8), image(1)[:, :9]):
        with pytest.raises(InputError, match=r"image 'q' is 3 x . x .*; allowed: 3 x 16 x 16"):
            run([*images_of(1), Image("q", wrong, 0)], gradient(model))
    with pytest.raises(InputError, match="two explainers have the name 'gradient'"):
        run(images_of(1), gradient(model), gradient(model))
    with pytest.raises(InputError, match="maps of 1 x 3 x 3; it must give 1 x 16 x 16"):
        run(images_of(1), fixed(np.eye(3)))
    with pytest.raises(InputError, match="NaN or infinity"):
        run(images_of(1), fixed(np.full((SIZE, SIZE), np.nan)))
    with pytest.raises(InputError, match="gave no map"):
        run(images_of(1), Explainer(("lrp",), lambda x, _: {}))
    with pytest.raises(InputError, match="the kept map of image 'p0' is 3 x 3 pixels"):
        run(images_of(1, kept=np.eye(3)))
    with pytest.raises(InputError, match="image 'p' has no gradient map to compare others with"):
        run([Image("p", image(0), 0, {"kept": blob(0)}, (gradient(model),))], fixed(blob(0)))
    with pytest.raises(InputError, match="two explainers have the name 'gradient'"):
        run([Image("p", image(0), 0, {"gradient": blob(0)}, (gradient(model),))], gradient(model))
    with pytest.raises(InputError, match="target is 9"):
        run([Image("p", image(0), 9)], fixed(blob(0)))
    with pytest.raises(InputError, match="NaN or infinite logits"):
        scores(model, iter([torch.full((3, SIZE, SIZE), torch.inf)]), 0, 4)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"metrics": ("deletions",)}, r"metrics\.0(.|\n)*'deletion'"),
        ({"baseline": "black"}, r"baseline(.|\n)*'blur' or 'mean'"),
        ({"perturbation": "squares"}, r"perturbation(.|\n)*'square' or 'noise'"),
        ({"steps": 0}, r"steps(.|\n)*greater than or equal to 1"),
        ({"radius": 0.0}, r"radius(.|\n)*greater than 0"),
        ({"largest_square": 1.5}, r"largest_square(.|\n)*less than or equal to 1"),
        ({"shares": (0.5, 1.0)}, r"shares\.1(.|\n)*less than 1"),
    ],
)
def test_bad_settings(wrong, words):
    with pytest.raises(ValidationError, match=words):
        FaithfulnessSettings(**wrong)


def test_a_method_that_cannot_explain_an_image_has_no_value_there_and_the_others_have_theirs():
    model = network(0)

    def refused(x, target):
        raise NoMapError(f"{len(x)} images explode")

    found = measure(
        model, images_of(1), lambda own: [gradient(own), single("bad", refused)], (0.5,), FaithfulnessSettings(**QUICK)
    )
    alone = measure(model, images_of(1), lambda own: [gradient(own)], (0.5,), FaithfulnessSettings(**QUICK))
    bad = [row for row in found.rows if row.method == "bad"]
    assert [(row.metric, row.value, row.note) for row in bad] == [
        (metric, None, "1 images explode") for metric in METRICS
    ]
    assert [row for row in found.rows if row.method != "bad"] == alone.rows


def test_modes_and_hooks_are_as_before():
    model = network(0).train()
    measure(model, images_of(1), both, (0.5,), FaithfulnessSettings(**QUICK))
    assert all(module.training for module in model.modules())
    assert not any(module._forward_pre_hooks for module in model.modules())


def test_passes_are_counted_and_copies_stop_counting():
    model = network(0)
    with count_passes(model) as passes:
        model(image(0)[None].repeat(5, 1, 1, 1))
        found = copy.deepcopy(model)
        found(image(0)[None])
    assert (passes.calls, passes.images) == (2, 6)
    model(image(0)[None])
    found(image(0)[None])
    assert (passes.calls, passes.images) == (2, 6)
    assert not model._forward_pre_hooks


@pytest.mark.parametrize("methods", [1, 4, 6])
def test_forward_passes_against_captum(methods):
    """Sensitivity (10 draws) and infidelity (50): each method by captum's functions, and all methods by ours."""
    model, x = network(0), image(0)
    explainers = [gradient(model, f"gradient{power}", power) for power in range(1, methods + 1)]
    settings = FaithfulnessSettings(metrics=("sensitivity_max", "infidelity"), infidelity_samples=50)
    first = model.blocks[0].conv  # of the fast form too, which is traced
    with count_passes(first) as preparing:
        accelerate(model, x[None])
    with count_passes(first) as ours:
        measure(model, [Image("p", x, 1)], lambda _: explainers, (0.5,), settings)
    with count_passes(first) as theirs:
        for explainer in explainers:
            by_captum(model, explainer, x[None])
    # Once: the image, its baseline, 50 perturbed ones. A method: its map, and those of 10 noisy images.
    assert ours.images - preparing.images == 52 + 11 * methods
    assert preparing.images < 10
    assert theirs.images == (1 + 51 + 11) * methods
    if methods >= 4:
        assert ours.images <= theirs.images / 2


def by_captum(model, explainer, x):
    (method,) = explainer.methods

    def explain(images):
        whole = images[0] if isinstance(images, tuple) else images
        found = torch.from_numpy(explainer(whole, 1)[method]).float()[:, None].repeat(1, 3, 1, 1)
        return (found,) if isinstance(images, tuple) else found

    def perturb(images):
        noise = 0.1 * torch.randn_like(images)
        return noise, images - noise

    captum_sensitivity(explain, x, n_perturb_samples=10)
    captum_infidelity(model, perturb, x, explain(x), target=1, n_perturb_samples=50, normalize=True)


def test_one_forward_pass_for_all_class_activation_maps():
    model, x = network(0), image(0)
    names = ("gradcam", "gradcam++", "layercam")
    with count_passes(model.blocks[0].conv) as passes:
        explainer = cam(model, x[None], names, "blocks")
        before = passes.images
        maps = explainer(torch.stack([x, image(1)]), 2)
        assert passes.images - before == 2
    expected = CamExplainer(model, x[None], "blocks", 32).explain(image(1)[None], cams(names), 2).maps
    for name in names:
        np.testing.assert_allclose(maps[name][1], expected[name], atol=1e-6)


def test_lime_sees_the_frame():
    inputs = Inputs(SIZE, 3, "stretch", (0.4, 0.5, 0.6), (0.2, 0.3, 0.25))
    frames = torch.randint(0, 256, (2, 3, SIZE, SIZE), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    assert torch.equal(inputs.denormalise(inputs.normalise(frames)), frames)
    halves = torch.full((3, SIZE, SIZE), 30, dtype=torch.uint8)
    halves[:, :, SIZE // 2 :] = 220
    bright = inputs.normalise(frames) + 100
    assert (inputs.denormalise(bright) == 255).all()
    settings = lime_settings("slic", {"n_segments": 6}, 0, num_samples=20)
    maps = lime(Network(network(0), inputs, None), settings)(inputs.normalise(torch.stack([halves, halves])), 1)["lime"]
    assert maps.shape == (2, SIZE, SIZE)
    assert len(np.unique(maps[0])) > 1
    np.testing.assert_array_equal(maps[0], maps[1])
    direct = explain(classifier(Network(network(0), inputs, None), "cpu"), halves.numpy(), settings, 1, 32)
    np.testing.assert_allclose(maps[0], direct.map, atol=1e-6)


def test_gradients_are_on_even_where_the_caller_took_them_off():
    model = network(0)
    with torch.no_grad():
        assert gradient(model)(image(0)[None], 0)["gradient"].any()


def test_controls():
    x = torch.stack([image(0), image(1)])
    found = controls(SIZE, 0, "a")(x, 0)
    np.testing.assert_array_equal(found["random"][0], found["random"][1])
    assert not np.array_equal(found["random"], controls(SIZE, 0, "b")(x, 0)["random"])


def test_the_same_image_under_two_ids_meets_draws_of_its_own():
    plateau = np.zeros((SIZE, SIZE))
    plateau[3, 4] = 1
    twice = [Image(name, image(0), 1) for name in ("a", "b")]
    settings = FaithfulnessSettings(**QUICK)
    found = values_of(measure(network(0), twice, lambda own: [*both(own), fixed(plateau)], (0.5,), settings))
    for metric in ("sensitivity_max", "infidelity", "road"):
        assert found["a", "gradient", metric] != found["b", "gradient", metric]
    assert found["a", "gradient", "deletion"] == found["b", "gradient", "deletion"]
    assert found["a", "fixed", "deletion"] != found["b", "fixed", "deletion"]  # equal pixels, in another order
    shared = Shared(network(0), "a", image(0), 1, (0.5,), FaithfulnessSettings(road_noise=0.03))
    assert shared.road_noise.std().item() == pytest.approx(0.03, rel=0.1)
    drawn = [controls(SIZE, seed, "a")(image(0)[None], 0)["random"] for seed in (0, 1)]
    assert not np.array_equal(*drawn)


@pytest.mark.parametrize("seed", range(3))
def test_road_is_above_zero_where_the_most_relevant_pixels_matter(seed):
    model = Linear(seed)
    with torch.no_grad():
        model.weight.mul_(0.03)
    right = (model.weight.detach() * image(seed)).sum(dim=0).numpy()
    settings = FaithfulnessSettings(metrics=("road",), shares=(0.2, 0.6), road_noise=0)
    explainers = [fixed(right, "right"), fixed(-right, "wrong")]
    found = measure(model, [Image("p", image(seed), 1)], lambda _: explainers, (0.5,), settings)
    values = values_of(found)
    assert values["p", "right", "road"] > 0.1
    assert values["p", "wrong", "road"] == pytest.approx(-values["p", "right", "road"], abs=1e-6)
    curves = {
        curve: [point.value for point in found.points if (point.method, point.curve) == ("right", curve)]
        for curve in (ROAD_MOST, ROAD_LEAST)
    }
    for most, least in zip(curves[ROAD_MOST], curves[ROAD_LEAST], strict=True):
        assert most < least
    gap = np.mean(curves[ROAD_LEAST]) - np.mean(curves[ROAD_MOST])
    assert values["p", "right", "road"] == pytest.approx(gap / 2)


@pytest.mark.parametrize("shards", [3, 7])
def test_shards_of_the_images_give_the_same_bytes(tmp_path, shards):
    settings = FaithfulnessSettings(**QUICK)
    images = images_of(5)
    # A stored map of some images only must not move the rows of others.
    images[3] = Image("p3", images[3].x, 3, {"stored": blob(3)})

    def write(name, some):
        found = measure(network(0), some, both, (0.5,), settings)
        write_rows(tmp_path / f"{name}.csv", COLUMNS, map(vars, found.rows))
        write_rows(tmp_path / f"{name}-curves.csv", CURVE_COLUMNS, map(vars, found.points))

    write("whole", images)
    parts = cut(images, shards)
    assert len(parts) == min(shards, 5)
    for number, part in enumerate(parts):
        write(number, part)
    for end in (".csv", "-curves.csv"):
        join_rows(tmp_path / f"joined{end}", [tmp_path / f"{number}{end}" for number in range(len(parts))])
        assert (tmp_path / f"joined{end}").read_bytes() == (tmp_path / f"whole{end}").read_bytes()


def test_the_floor_of_randomisation_is_that_of_two_networks_without_training(full):
    floors = {(point.image, point.method, point.share): point.value for point in full.points if point.curve == FLOOR}
    assert {share for *_, share in floors} == {0.0, 1.0}
    model, x = network(0), image(0)[None]
    one, other = (gradient(untrained(model, x, seed))(x, 0)["gradient"][0] for seed in (0, 1))
    assert floors["p0", "gradient", 0.0] == floors["p0", "gradient", 1.0] == pytest.approx(correlation(one, other))
    assert abs(floors["p0", "gradient", 1.0]) < 1
    for control in ("centre", "random"):  # they do not ask the network
        assert floors["p1", control, 1.0] == pytest.approx(1)


def test_a_network_that_keeps_layers_has_no_floor():
    settings = FaithfulnessSettings(metrics=("randomisation",), randomisation_steps=1)
    found = measure(network(0), images_of(1), both, (0.5,), settings)
    assert {point.curve for point in found.points} == {"randomisation"}
