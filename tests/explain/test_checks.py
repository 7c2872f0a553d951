"""Explanations compared with those of the libraries: what is found, what cannot be, and what a run says of it."""

import math
import re
from dataclasses import replace
from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from lucidag.explain.checks import methods as checks
from lucidag.explain.checks.limit import LIMIT
from lucidag.explain.checks.methods import check_explanations, check_method
from lucidag.explain.checks.table import COLUMNS, apart, compared, row_of, warnings
from lucidag.explain.lime import explain as lime_engine
from lucidag.explain.methods import cam as cam_methods
from lucidag.explain.methods import lime as lime_methods
from lucidag.explain.methods.base import Method
from lucidag.explain.methods.gradcam import GradCam
from lucidag.explain.methods.lrp import EXPLODES
from lucidag.explain.methods.registry import CAM, FAMILIES, LIME, LRP, METHODS, families, load
from lucidag.explain.methods.scorecam import ScoreCam
from lucidag.explain.reference import NoReferenceError, Reference
from lucidag.explain.relevance import composites
from lucidag.explain.stage import explain_subjects
from lucidag.explain.subjects import Subject
from lucidag.models.inputs import Inputs
from lucidag.models.network import Network
from tests.cam.networks import BUILDERS, network

SLIC = {"algorithm": "slic", "n_segments": 12}
NAMES = ["a", "b", "c", "d", "e"]


def subject(target=None, size=32, seed=0) -> Subject:
    """An image of smooth blobs, with superpixels that differ."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(1, 3, 5, 5, generator=generator) * 255
    frame = nn.functional.interpolate(coarse, size=size, mode="bilinear")[0].to(torch.uint8)
    return Subject("p", "a", target, frame, None)


@cache
def opened(name, seed=0) -> Network:
    model = network(name, seed).requires_grad_(True)
    return Network(model, Inputs(32, 3, "stretch", (0.5, 0.5, 0.5), (0.25, 0.25, 0.25)), None)


def options(family, layer=None, samples=60, target=None):
    lime = {"segmentation": SLIC, "num_samples": samples, "num_features": 3}
    return {
        CAM: {"layer": layer, "batch_size": 9},
        LIME: {"batch_size": 16, "own": {"p": lime}},
    }.get(family, {})


def asked(methods, **how):
    return [{"methods": each, "options": options(name, **how)} for name, each in families(methods).items()]


def explained(net, methods, target=None, **how):
    image = subject(target)
    return image, [
        each
        for family in asked(methods, **how)
        if any(load(name).takes(net) for name in family["methods"])
        for each in explain_subjects(net, [image], NAMES, family, "cpu", threads=1)
    ]


def rows_of(net, methods, target=None, **how):
    image, stored = explained(net, methods, target, **how)
    found = check_explanations(net, [image], asked(methods, **how), {"p": stored}, "cpu", threads=1)
    return {row["method"]: row for row in found}


COMPARED = [name for name in METHODS if load(name).library is not None]


@pytest.mark.parametrize("name", ["small_cnn", "plain_cnn"])
def test_each_method_is_what_its_library_gives(name):
    net = opened(name)
    before = {key: value.clone() for key, value in net.model.state_dict().items()}
    rows = rows_of(net, COMPARED)
    assert list(rows) == [method for names in families(COMPARED).values() for method in names]
    for method, row in rows.items():
        if not load(method).takes(net):
            assert "nothing in this network" in row["note"]
            continue
        assert set(row) == set(COLUMNS), row["note"]
        assert row["difference"] is not None, row["note"]
        assert row["difference"] < 1e-4, row
        assert row["version"]
    assert not list(warnings(rows.values(), "net"))
    assert all(torch.equal(value, before[key]) for key, value in net.model.state_dict().items())
    assert not any(module._forward_hooks for module in net.model.modules())


@pytest.mark.parametrize(("layer", "target"), [("layer4", 0), ("layer3.0.bn2", 3), ("layer2.0.bn1", 1)])
def test_a_residual_network_at_an_inner_layer(monkeypatch, layer, target):
    """The library's map of a layer that something works on in place is that of the layer's own output."""
    monkeypatch.setattr(cam_methods, "MOST_CHANNELS", 4)
    methods = [name for name in FAMILIES[CAM] if name != "scorecam"]
    for method, row in rows_of(opened("small_resnet"), methods, target, layer=layer).items():
        if row["difference"] is None:
            assert (method, layer[-3:-1]) == ("gradcam++", "bn"), row
            continue
        # Drops are differences of logits in float32: their last digits are those of the logits.
        assert row["difference"] < (1e-3 if method == "ablationcam" else 1e-4), row


def test_relevance_of_a_residual_network():
    network = opened("small_resnet")
    for method, row in rows_of(network, [name for name in FAMILIES[LRP] if load(name).library]).items():
        if row["difference"] is None:  # zennit's own gamma rule grows there
            assert (method, row["note"]) == ("epsilon_unsigned_gamma_box", EXPLODES)
            continue
        assert row["difference"] < 1e-4, row
        assert ("from 0.5 on" in row["note"]) == (method == "epsilon_gamma_box")


def test_all_methods_have_a_row_also_those_that_no_library_has():
    rows = rows_of(opened("small_cnn"), ["attention", "gradcam"])
    assert rows["attention"]["difference"] is None
    assert "nothing in this network" in rows["attention"]["note"]
    assert list(rows) == ["attention", "gradcam"]


class Own(Method):
    title, kind, needs = "own", "graded", "gradients"

    def maps(self, model, x, target):
        return x.mean(1).detach()


def test_a_method_of_ones_own_without_a_library(monkeypatch):
    monkeypatch.setattr(checks, "load", lambda name: Own)
    stored = [SimpleNamespace(maps={"own": np.zeros((2, 2))}, record={"target": 0}, segments=None)]
    row = check_method(opened("small_cnn"), subject(), "own", {}, stored, "cpu")
    assert row == {**row_of("p", "own", None), "note": checks.NONE}
    assert (row["library"], row["version"]) == ("", "")


@pytest.mark.parametrize("layer", ["blocks", "blocks.block2"])  # with the closed form and without
def test_of_many_channels_some_are_compared(monkeypatch, layer):
    monkeypatch.setattr(cam_methods, "MOST_CHANNELS", 5)
    rows = rows_of(opened("small_cnn"), ["ablationcam", "scorecam"], layer=layer)
    for row in rows.values():
        assert row["note"] == f"5 of {24 if layer == 'blocks' else 12} channels, by both"
        assert row["difference"] < 1e-4


def test_of_channels_that_count_alone_the_library_is_asked():
    own = {"layer": "blocks.block2", "batch_size": 9, "score_cam": {"channels": 5}}
    family, image = {"methods": ["scorecam"], "options": own}, subject()
    stored = list(explain_subjects(opened("small_cnn"), [image], NAMES, family, "cpu", threads=1))
    (row,) = check_explanations(opened("small_cnn"), [image], [family], {"p": stored}, "cpu", threads=1)
    assert row["note"] == "5 of 12 channels, by both"
    assert row["difference"] < 1e-4


def test_of_many_samples_some_are_compared(monkeypatch):
    monkeypatch.setattr(lime_methods, "MOST_SAMPLES", 40)
    row = rows_of(opened("small_cnn"), ["lime"])["lime"]
    assert row["note"] == "40 of 60 samples, by both"
    assert row["difference"] < 1e-4


@pytest.mark.parametrize("method", ["smoothgrad", "expected_gradients"])
def test_of_many_random_draws_some_are_compared(monkeypatch, method):
    net = opened("plain_cnn")
    for most, note in ((20, "20 of {} samples, by both"), (200, "")):
        monkeypatch.setattr("lucidag.explain.methods.averaged.MOST_COPIES", most)
        row = rows_of(net, [method])[method]
        assert row["note"] == note.format(load(method).Settings().samples)
        assert row["difference"] < 1e-4


@pytest.mark.parametrize("channels", [1, 3])
def test_superpixels_in_a_small_frame_by_quickshift(channels):
    model = nn.Sequential(nn.Conv2d(channels, 4, 5, stride=3), nn.ReLU(), nn.Flatten(), nn.LazyLinear(3))
    with torch.random.fork_rng():
        torch.manual_seed(1)
        model(torch.zeros(1, channels, 32, 32))
    net = Network(model.eval(), Inputs(32, channels, "stretch", (0.5,) * channels, (0.25,) * channels), None)
    image = replace(subject(), frame=subject().frame[:channels])
    how = {"batch_size": 16, "own": {"p": {"num_samples": 50, "num_features": 3}}}
    family = {"methods": ["lime"], "options": how}
    stored = explain_subjects(net, [image], NAMES[:3], family, "cpu", threads=1)
    (row,) = check_explanations(net, [image], [family], {"p": stored}, "cpu", threads=1)
    assert "superpixels are those found here" in row["note"]
    assert row["difference"] < 1e-4


@pytest.mark.parametrize("name", ["small_cnn", "small_resnet"])
def test_ablation_where_the_library_means_something_else(name):
    net = opened(name)
    layer = {"small_cnn": "blocks.block3.conv", "small_resnet": "layer1.0.bn1"}[name]
    image = subject()
    logits = net.model(net.inputs.normalise(image.frame[None]))[0]
    assert logits.min() < 0
    row = rows_of(net, ["ablationcam"], int(logits.argmin()), layer=layer)["ablationcam"]
    assert "told to ablate to 0" in row["note"]
    assert "signs are turned" in row["note"]
    assert row["difference"] < 1e-3


# Networks and layers that a library cannot take.


class Adding(nn.Module):
    """A sum that is no module."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two, self.fc = nn.Conv2d(3, 4, 3, 2), nn.Conv2d(3, 4, 3, 2), nn.Linear(4 * 15 * 15, 5)

    def forward(self, x):
        return self.fc((self.one(x) + self.two(x)).flatten(1))


class Backwards(nn.Module):
    """What is called first is defined last."""

    def __init__(self) -> None:
        super().__init__()
        self.fc, self.two, self.one = nn.Linear(4 * 7 * 7, 5), nn.Conv2d(4, 4, 3, 2), nn.Conv2d(3, 4, 3, 2)

    def forward(self, x):
        return self.fc(self.two(self.one(x)).flatten(1))


class Twice(nn.Module):
    """One layer that is called twice."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two, self.fc = nn.Conv2d(3, 4, 3, 2), nn.Conv2d(4, 4, 3), nn.Linear(4 * 11 * 11, 5)

    def forward(self, x):
        return self.fc(self.two(self.two(self.one(x))).flatten(1))


def after_relu() -> nn.Module:
    """A BatchNorm that cannot be merged."""
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, 2), nn.ReLU(), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 15 * 15, 5)
    )


def normed() -> nn.Module:
    return nn.Sequential(
        nn.utils.parametrizations.weight_norm(nn.Conv2d(3, 4, 3, 2)), nn.Flatten(), nn.Linear(4 * 15 * 15, 5)
    )


def layer_norm() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 4, 3, 2), nn.Flatten(), nn.LayerNorm(900), nn.Linear(900, 5))


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (Adding, "its code computes 'add'"),
        (BUILDERS["branching"], "cannot be told"),
        (BUILDERS["shufflenet"], "its code computes"),
        (BUILDERS["mobilenet"], "its code computes"),
        (BUILDERS["densenet"], "its canonizers fail"),
        (Backwards, "goes to 'fc', which is defined first, and 'one' is called first"),
        (Twice, r"the rule of module 'two' \(Conv2d\) is for a weight of its own and one call"),
        (after_relu, r"module '2' \(BatchNorm2d\) does not follow"),
        (normed, "weight of its own"),
        (layer_norm, r"no rule for module '2' \(LayerNorm\)"),
    ],
)
def test_a_network_that_zennit_cannot_take_is_told_with_the_part(build, said):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = build().eval()
    net = Network(model, Inputs(32), None)
    stored = [
        SimpleNamespace(
            maps={"epsilon_plus_flat": np.zeros((32, 32))}, record={"target": 0, "exploded": []}, segments=None
        )
    ]
    row = check_method(net, subject(), "epsilon_plus_flat", {}, stored, "cpu")
    assert row["difference"] is None
    assert row["note"].startswith("zennit cannot take this network: ")
    assert re.search(said, row["note"]), row["note"]
    assert not list(warnings([row], "net"))


def test_a_layer_that_is_a_function_of_the_code_is_told():
    row = rows_of(opened("densenet"), ["gradcam", "scorecam", "ablationcam"])
    for each in row.values():
        assert each["difference"] is None
        assert each["note"].startswith("pytorch-grad-cam explains modules, and layer 'relu")


def test_a_great_difference_of_a_map_that_rounding_moves_is_a_sentence_and_no_fault():
    theirs, ours = np.array([[0.0, 1.0]]), np.array([[0.5, 1.0]])
    assert compared(ours, Reference(theirs, note="n", unsteady="it explodes")) == {"note": "it explodes"}
    near = compared(theirs, Reference(theirs, note="n", unsteady="it explodes"))
    assert (near["difference"], near["note"]) == (0, "n")


def test_unsteady_maps_are_known_as_such():
    row = rows_of(opened("small_cnn"), ["gradcam++"], layer="blocks.block3.conv")["gradcam++"]
    assert row["difference"] is not None or "not stable" in row["note"]
    net, image = opened("small_cnn"), subject()
    stored = explain_subjects(net, [image], NAMES, asked(["epsilon_gamma_box"])[0], "cpu", threads=1)
    rubbish = np.random.default_rng(0).normal(size=(32, 32))
    for exploded, said in (([], ""), (["epsilon_gamma_box"], "the relevance explodes")):
        record = {**stored[0].record, "exploded": exploded}
        changed = replace(stored[0], maps={"epsilon_gamma_box": rubbish}, record=record)
        row = check_method(net, image, "epsilon_gamma_box", {}, [changed], "cpu")
        assert row["note"].startswith(said)
        assert (row["difference"] is None) == bool(said)


class ChannelsLast(nn.Module):
    """Maps N x H x W x K, as in a Swin transformer; of `sign` 1 none is below zero."""

    def __init__(self, sign) -> None:
        super().__init__()
        self.patches, self.norm = nn.Conv2d(3, 12, 4, stride=4), nn.LayerNorm(12)
        self.mix, self.act, self.fc = nn.Linear(12, 12), (nn.ReLU() if sign else nn.Identity()), nn.Linear(12, 5)

    def forward(self, x):
        maps = self.norm(self.patches(x).permute(0, 2, 3, 1))
        return self.fc(torch.tanh(self.act(self.mix(maps))).mean((1, 2)))


@pytest.mark.parametrize("layer", ["norm", "act"])
@pytest.mark.parametrize("sign", [0, 1])
def test_units_in_the_last_axis(monkeypatch, layer, sign):
    with torch.random.fork_rng():
        torch.manual_seed(3)
        net = Network(ChannelsLast(sign).eval(), opened("small_cnn").inputs, None)
    for most in (5, 64):
        monkeypatch.setattr(cam_methods, "MOST_CHANNELS", most)
        for method, row in rows_of(net, FAMILIES[CAM], layer=layer).items():
            assert row["difference"] is not None or method == "gradcam++", row["note"]
            assert row["difference"] is None or row["difference"] < 1e-3, row


@pytest.mark.parametrize("seed", range(3))
def test_the_sign_of_eigencam_may_be_turned_and_nothing_else(monkeypatch, seed):
    from pytorch_grad_cam import EigenCAM

    net = opened("small_cnn", seed)
    plain = EigenCAM.get_cam_image
    image, stored = explained(net, ["eigencam"])
    with monkeypatch.context() as patched:
        patched.setattr(EigenCAM, "get_cam_image", lambda *asked: -plain(*asked))
        image, turned = explained(net, ["eigencam"])
        patched.setattr(EigenCAM, "get_cam_image", lambda *asked: plain(*asked) ** 2)
        image, wrong = explained(net, ["eigencam"])
    assert np.abs(stored[0].maps["eigencam"] - turned[0].maps["eigencam"]).max() > LIMIT
    for each, right in ((stored, True), (turned, True), (wrong, False)):
        (row,) = check_explanations(net, [image], asked(["eigencam"]), {"p": each}, "cpu", threads=1)
        assert (row["difference"] < 1e-4) == right


class Faint(nn.Module):
    """A network whose logits hardly depend on the image."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = network("plain_cnn")

    def forward(self, x):
        return 1e-6 * self.inner(x) + torch.arange(5.0)


def test_maps_of_differences_that_are_rounding_are_no_fault():
    net = Network(Faint().eval(), opened("plain_cnn").inputs, None)
    methods = ["ablationcam", "occlusion"]
    assert not list(warnings(rows_of(net, methods, layer="inner.6").values(), "net"))
    image, stored = explained(net, methods, layer="inner.6")
    for method, each in zip(methods, stored, strict=True):
        wrong = replace(each, maps={method: np.random.default_rng(0).random((32, 32))})
        row = check_method(net, image, method, {}, [wrong], "cpu")
        assert row["difference"] is None
        assert "rounding moves the map" in row["note"]


class Slight(nn.Module):
    """A network whose logits hardly depend on the image: single precision leaves its effects few digits."""

    def __init__(self, single: bool, scale: float) -> None:
        super().__init__()
        self.inner, self.single, self.scale = network("plain_cnn"), single, scale

    def forward(self, x):
        return self.scale * self.inner(x.float() if self.single else x) + torch.arange(5.0)


@pytest.mark.parametrize("scale", [0.3, 0.1])
@pytest.mark.parametrize("single", [False, True])
def test_slight_effects_are_compared_in_double_precision_where_the_code_takes_it(single, scale):
    net = Network(Slight(single, scale).eval(), opened("plain_cnn").inputs, None)
    row = rows_of(net, ["ablationcam"], layer="inner.6")["ablationcam"]
    assert ("in double precision" in row["note"]) == (not single)
    assert row["difference"] < (LIMIT if single else 1e-4)


def test_a_stored_map_that_is_wrong_shows_though_its_effects_are_slight():
    net = Network(Slight(False, 0.1).eval(), opened("plain_cnn").inputs, None)
    image, (stored,) = explained(net, ["ablationcam"], layer="inner.6")
    wrong = replace(stored, maps={"ablationcam": np.random.default_rng(0).random((32, 32))})
    assert check_method(net, image, "ablationcam", {}, [wrong], "cpu")["difference"] > LIMIT


class InPlace(nn.Module):
    """A network that changes its image."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = network("plain_cnn")

    def forward(self, x):
        return self.inner(x.mul_(0.5))


def test_a_network_that_changes_its_image_in_place_is_compared():
    row = rows_of(Network(InPlace().eval(), opened("plain_cnn").inputs, None), ["gradcam"], layer="inner.6")["gradcam"]
    assert row["difference"] is not None, row["note"]
    assert row["difference"] < 1e-4


def test_a_library_that_fails_is_told_and_warned_of(monkeypatch):
    def fails(*_):
        raise KeyError("no such thing")

    monkeypatch.setattr(GradCam, "reference", fails)
    row = rows_of(opened("small_cnn"), ["gradcam"])["gradcam"]
    assert row["difference"] is None
    assert row["note"] == "grad-cam fails on this network (KeyError: 'no such thing')"
    assert list(warnings([row], "net")) == [f"warning: gradcam of net is not compared: {row['note']}"]


# A fast path that is spoilt on purpose.


def spoilt_weights(monkeypatch):
    plain = GradCam.coarse

    def coarse(self, seen):
        found = plain(self, seen)
        return replace(found, coarse=found.coarse + 0.1 * np.abs(found.coarse).max() * np.eye(*found.coarse.shape))

    monkeypatch.setattr(GradCam, "coarse", coarse)


def spoilt_scores(monkeypatch):
    plain = ScoreCam.coarse

    def coarse(self, seen):
        found = plain(self, seen)
        return seen.weighted(np.roll(found.weights, 1))

    monkeypatch.setattr(ScoreCam, "coarse", coarse)


def spoilt_masks(monkeypatch):
    plain = lime_engine.draw_masks

    def draw(state, samples, segments):
        return np.concatenate([plain(state, samples, segments)[:1], 1 - plain(state, samples, segments)[1:]])

    monkeypatch.setattr(lime_engine, "draw_masks", draw)


def spoilt_rules(monkeypatch):
    plain = composites.COMPOSITES["epsilon_alpha2_beta1"]
    monkeypatch.setitem(composites.COMPOSITES, "epsilon_plus_flat", plain)


@pytest.mark.parametrize(
    ("spoil", "method"),
    [
        (spoilt_weights, "gradcam"),
        (spoilt_scores, "scorecam"),
        (spoilt_masks, "lime"),
        (spoilt_rules, "epsilon_plus_flat"),
    ],
)
def test_a_spoilt_fast_path_is_warned_of_with_method_network_and_both_values(monkeypatch, spoil, method):
    net = opened("small_cnn")
    assert rows_of(net, [method])[method]["difference"] < 1e-4
    with monkeypatch.context() as patched:
        spoil(patched)
        image, stored = explained(net, [method])
    (row,) = check_explanations(net, [image], asked([method]), {"p": stored}, "cpu", threads=1)
    assert row["difference"] > LIMIT
    (sentence,) = warnings([row], "objects")
    assert sentence.startswith(f"warning: {method} of objects is not what {row['library']} {row['version']} gives: ")
    assert f"{row['ours']:.6g} here and {row['theirs']:.6g} there" in sentence
    assert (stored[0].maps[method] == np.float32(row["ours"])).any()


# The comparison itself.


@pytest.mark.parametrize("seed", range(3))
def test_the_difference_is_a_share_of_the_range_at_the_pixel_where_it_is_greatest(seed):
    random = np.random.default_rng(seed)
    theirs = random.normal(size=(4, 5)) * 10.0 ** random.integers(-6, 6)
    place = tuple(random.integers(0, (4, 5)))
    ours = theirs.copy()
    ours[place] += 0.25 * np.ptp(theirs)
    share, found = apart(ours, theirs)
    assert found == place
    assert share == pytest.approx(0.25)
    row = compared(ours, Reference(theirs, note="n"))
    assert (row["ours"], row["theirs"], row["note"]) == (ours[place], theirs[place], "n")
    anew = compared(ours, Reference(theirs, ours=theirs))
    assert anew["difference"] == 0


@pytest.mark.parametrize(
    ("ours", "theirs", "share"),
    [
        ([0.0, 0.0], [0.0, 0.0], 0),
        ([0.0, 0.5], [0.0, 0.0], 0.5),  # of a map of zeros the difference itself
        ([2.0, 1.0], [2.0, 2.0], 0.5),  # of a map that is the same everywhere a share of its value
        ([math.nan, 1.0], [math.nan, 0.0], 1),
        ([math.nan, 1.0], [0.0, 1.0], math.inf),
        ([0.0, 1.0], [0.0, math.inf], math.inf),
        ([math.inf, 1.0], [math.inf, 1.0], 0),
        ([math.nan, math.nan], [math.nan, math.nan], 0),
    ],
)
def test_maps_without_a_range_and_values_that_are_not_finite(ours, theirs, share):
    assert apart(np.array([ours]), np.array([theirs]))[0] == share


@pytest.mark.parametrize("difference", [0.0, 1e-4, LIMIT, None])
def test_up_to_the_limit_there_is_no_warning(difference):
    row = {**row_of("p", "gradcam", "grad-cam"), "difference": difference}
    assert not list(warnings([row], "net"))


def test_saturated_probabilities_and_one_superpixel_are_not_compared():
    net = opened("small_cnn")
    image, stored = explained(net, ["lime"])
    one = replace(stored[0], record={**stored[0].record, "segments": 1})
    row = check_method(net, image, "lime", options(LIME), [one], "cpu")
    assert "one superpixel" in row["note"]
    sure = Network(nn.Sequential(net.model, Sure()).eval(), net.inputs, None)
    row = rows_of(sure, ["lime"])["lime"]
    assert "hardly changes" in row["note"]


class Sure(nn.Module):
    def forward(self, logits):
        return logits * 0.001 + torch.tensor([50.0, 0, 0, 0, 0])


def test_a_sentence_of_a_library_reaches_the_table(monkeypatch):
    def refuses(*_):
        raise NoReferenceError("too large")

    monkeypatch.setattr(GradCam, "reference", refuses)
    row = rows_of(opened("small_cnn"), ["gradcam"])["gradcam"]
    assert row["note"] == "too large"
    assert not list(warnings([row], "net"))
