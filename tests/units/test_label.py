"""Labels of a layer and how far to trust them: planted units, chance, pixels, and what a sheet shows."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import binomtest
from torch import nn

from lucidag.data.images import Images
from lucidag.data.manifest import read_manifest, write_manifest
from lucidag.ground.errors import InputError
from lucidag.models.inputs import Inputs
from lucidag.models.network import Network
from lucidag.units.clip.embeddings import read_embeddings, write_embeddings
from lucidag.units.compare.roles_join import penultimate_layer
from lucidag.units.compare.sheet_images import unit_rows
from lucidag.units.compare.sheet_units import chosen_units, words_of
from lucidag.units.compare.summary import untrained_shares, whole_summary
from lucidag.units.evidence import Evidence
from lucidag.units.labels.annotations import annotate
from lucidag.units.labels.chance import strengths, untrained_chance
from lucidag.units.labels.detectors import label_units
from lucidag.units.labels.layer import clip_labels, label_layer
from lucidag.units.labels.quality import graded, iou_table, own_iou
from lucidag.units.labels.ranking import inside
from lucidag.units.labels.similarity import SIMILARITIES, describe_layer
from lucidag.units.labels.tested import judged_layer
from lucidag.units.labels.truth import known_truth
from lucidag.units.labels.unit_tables import read_units, write_units
from lucidag.units.passes.netdissect import count_overlaps
from lucidag.units.passes.overlaps import Overlaps
from lucidag.units.passes.unit_statistics import LayerStatistics, read_activations
from lucidag.units.settings import Counting, Describing, Labelling, NetDissect, Passes

from .probe_sets import collect, write

SIZE, IMAGES = 24, 150
TEXTURES = ("flat", "stripes", "checks")


class Detectors(nn.Module):
    """One unit fires on vertical stripes, one on checks, one is constant, one fires on noise of its own."""

    def __init__(self) -> None:
        super().__init__()
        step = torch.tensor([[1.0, -1.0], [1.0, -1.0]])
        kernels = torch.stack([step, torch.tensor([[1.0, -1.0], [-1.0, 1.0]]), torch.zeros(2, 2)])
        self.found = nn.Conv2d(1, 3, 2, padding=1, bias=False)
        self.found.weight = nn.Parameter(kernels[:, None])
        self.shown = nn.ReLU()
        self.fc = nn.Linear(3, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        maps = nn.functional.avg_pool2d(self.shown(self.found(x)), 2)
        return self.fc(maps.mean((2, 3)))


def textured(folder, seed=0):
    """Draw one textured square in each grey image, and say what and where it is."""
    random = np.random.default_rng(seed)
    images = np.full((IMAGES, SIZE, SIZE, 1), 120, np.uint8)
    labels = np.zeros((IMAGES, SIZE, SIZE), np.uint8)
    rows, columns = np.indices((SIZE, SIZE))
    for index in range(IMAGES):
        kind = int(random.integers(3))
        top, left = random.integers(0, SIZE - 8, 2)
        at = (slice(top, top + 8), slice(left, left + 8))
        pattern = {0: rows * 0, 1: columns % 2, 2: (rows + columns) % 2}[kind]
        images[index, :, :, 0][at] = 120 + 80 * pattern[at]
        labels[index][at] = kind + 1
    return write(folder, images, {"material": labels}, {"material": TEXTURES})


@pytest.fixture(scope="module", params=[0, 1])
def seen(request, tmp_path_factory):
    """Dissect the hand-made units over textured squares."""
    folder = tmp_path_factory.mktemp("textured")
    manifest = textured(folder / "data", request.param)
    network = Network(Detectors().eval(), Inputs(SIZE, 1, "stretch", (0.5,), (0.5,)), "fc")
    rows = np.arange(IMAGES)
    statistics = collect(network, manifest, rows, ["shown", "fc"], folder / "a.npy", Passes(quantile=0.02, top=40))
    thresholds = {"shown": statistics.layers["shown"].threshold}
    half = known_truth(manifest, rows, 0).chosen
    overlaps = count_overlaps(network, manifest, rows, thresholds, Passes(quantile=0.02), chosen=half)
    activations = read_activations(folder / "a.npy", statistics, "shown")
    return manifest, network, statistics, overlaps, activations


def evidence_of(manifest):
    return annotate(manifest, np.arange(IMAGES), [])


@pytest.mark.parametrize(("evidence", "name"), [("clip", "clip-dissect"), ("annotations", "annotations")])
def test_a_unit_made_for_a_texture_is_called_so_by_both_methods(seen, evidence, name):
    manifest, _, statistics, overlaps, activations = seen
    describing = Describing(evidence=evidence, similarity="soft_wpmi")
    clip = clip_labels(statistics.layers["shown"], activations, evidence_of(manifest), describing, None, 0.95)
    table, about = label_layer(clip, overlaps, "shown", asked(200, evidence))
    assert set(about) == set(table["method"]) == {name, "netdissect"}
    for method in (name, "netdissect"):
        rows = table[table["method"] == method].set_index("unit")
        assert rows["concept"].tolist() == ["stripes", "checks", "none"]
    known = about[name]
    assert (known["constant"], known["concepts"], known["quality"]) == (1, 3, None)
    by_words = table[table["method"] == name].set_index("unit")
    assert (by_words["strength"] > by_words["strength_random"])[:2].all()
    assert np.isnan(by_words.loc[2, "strength"])
    assert known["graded"]["first"] == 1
    assert known["graded"]["iou"]["value"] == pytest.approx(by_words["own_iou"].mean())
    within, chance = inside(overlaps, "shown", table)
    assert (within[[0, 1]] > 0.5).all()
    assert chance[[0, 1]].max() < 0.2


@pytest.mark.parametrize("evidence", ["clip", "annotations"])
def test_labels_of_units_made_for_textures_are_confirmed_by_images_that_did_not_choose_them(seen, evidence):
    manifest, _, statistics, overlaps, activations = seen
    units, known, settings = statistics.layers["shown"], evidence_of(manifest), asked(20, evidence)
    clip = clip_labels(units, activations, known, settings.clip_dissect, None, 0.95)
    table, _ = label_layer(clip, overlaps, "shown", settings)
    truth = known_truth(manifest, np.arange(IMAGES), settings.seed)
    found = judged_layer(table, units, activations, known, overlaps, "shown", truth, settings, None)
    assert found[table.columns].equals(table)
    for _, rows in found.groupby("method"):
        assert rows["verdict"].tolist() == ["confirmed", "confirmed", "untestable"]
        assert rows["judged_by"].tolist() == ["annotations", "annotations", ""]
        assert (rows["auprc_low"] > rows[["base_rate", "dealt"]].max(axis=1))[:2].all()
    # The same units are their own twin: no label is above them.
    again = judged_layer(table, units, activations, known, overlaps, "shown", truth, settings, found)
    assert set(again["verdict"]) == {"unconfirmed", "untestable"}
    # Labels of other units are not confirmed.
    swapped = table.assign(concept=table["concept"].map({"stripes": "checks", "checks": "stripes", "none": "none"}))
    wrong = judged_layer(swapped, units, activations, known, overlaps, "shown", truth, settings, None)
    assert set(wrong["verdict"]) == {"unconfirmed", "untestable"}


def test_images_of_one_patient_test_nothing(seen):
    manifest, _, statistics, _, activations = seen
    units, known, settings = statistics.layers["shown"], evidence_of(manifest), asked(20)
    table, _ = label_layer(
        clip_labels(units, activations, known, settings.clip_dissect, None, 0.95), None, "", settings
    )
    manifest = replace(manifest, table=manifest.table.assign(id="p"))
    truth = known_truth(manifest, np.arange(IMAGES), 0)
    found = judged_layer(table, units, activations, known, None, "", truth, settings, None)
    assert set(found["verdict"]) == {"untestable"}


def test_a_clip_judges_words_that_no_annotation_has(seen):
    manifest, _, statistics, _overlaps, activations = seen
    units, known, settings = statistics.layers["shown"], evidence_of(manifest), asked(20)
    named = replace(known, concepts=("plain", "stripes", "lattice"))
    clip = clip_labels(units, activations, named, settings.clip_dissect, None, 0.95)
    table, _ = label_layer(clip, None, "shown", settings)
    truth = known_truth(manifest, np.arange(IMAGES), settings.seed)
    found = judged_layer(table, units, activations, named, None, "shown", truth, settings, None)
    assert found["judged_by"].tolist() == ["annotations", "CLIP (circular)", ""]
    assert found["verdict"].tolist()[::2] == ["confirmed", "untestable"]
    assert found["auprc"][1] > 2 * found["base_rate"][1]
    assert found["base_rate"][1] == pytest.approx(40 / IMAGES, abs=0.01)  # as large a share as describes a unit
    nobody = judged_layer(
        table.assign(method="annotations"), units, activations, named, None, "shown", truth, settings, None
    )
    assert set(nobody["judged_by"]) == {"annotations", ""}


def asked(resamples, evidence="clip"):
    return Labelling(
        clip_dissect=Describing(evidence=evidence), netdissect=NetDissect(min_iou=0.04), resamples=resamples
    )


def control(name, images, texts, top, activations, labels, constant=None, seed=0):
    constant = np.zeros(len(top), bool) if constant is None else constant
    alone, _ = describe_layer(name, images, texts, top, activations, constant)
    return strengths(name, images, texts, top, activations, alone, labels, 0.95, seed)


@pytest.mark.parametrize("name", SIMILARITIES)
def test_strength_tells_planted_units_from_random_ones(name):
    random = np.random.default_rng(3)
    images = random.random((400, 6)).astype(np.float32)
    texts = np.eye(6, dtype=np.float32)
    planted = images[:, :3] + 0.05 * random.random((400, 3)).astype(np.float32)
    noise = random.random((400, 60)).astype(np.float32)
    activations = np.concatenate([planted, noise], axis=1).astype(np.float32)
    top = np.argsort(-activations, axis=0)[:50].T
    best = np.concatenate([np.arange(3), random.integers(0, 6, 60)])
    values, chance = control(name, images, texts, top, activations, best)
    assert (values[:3] > chance).all()
    # A label of chance passes less often than the best of six concepts does.
    assert (values[3:] > chance).mean() < 0.1


def test_units_without_a_label_and_images_without_a_difference_are_not_above_chance():
    images, texts = np.ones((50, 2), np.float32), np.eye(2, dtype=np.float32)
    top = np.tile(np.arange(10), (3, 1))
    values, chance = control("soft_wpmi", images, texts, top, None, np.array([0, -1, 1]))
    assert np.isnan(values[1])
    assert (values[[0, 2]] <= chance).all()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("name", "count", "concepts"), [("wpmi", 20, 4), ("wpmi", 28, 9), ("soft_wpmi", 60, 1)])
def test_labels_that_no_image_could_change_do_not_count(name, count, concepts, seed):
    # Fewer images than `wpmi` looks at are the same for every unit; a single concept is as likely with any image.
    random = np.random.default_rng(seed)
    images, activations = random.random((count, concepts)), random.random((count, 30))
    described = (
        activations.astype(np.float32),
        Evidence(
            [f"c{at}" for at in range(concepts)],
            [""] * concepts,
            (),
            images.astype(np.float32),
            np.eye(concepts, dtype="f4"),
        ),
    )
    top = np.argsort(-activations, axis=0)[:40].T
    units = LayerStatistics(top, *[np.zeros(30, np.float32)] * 5)
    table, _ = clip_labels(units, *described, Describing(similarity=name), None, 0.95)
    assert not (table["strength"] >= table["strength_random"]).any()


@pytest.mark.parametrize("seed", range(3))
def test_what_half_of_the_random_units_reach_is_not_above_chance(seed):
    # `rank` looks at a twentieth of the images: two of 40, and their order is right for every other unit.
    random = np.random.default_rng(seed)
    images, activations = random.random((2, 40, 60)).astype(np.float32)
    evidence = Evidence(["c0", "c1"], ["", ""], (), images[:, :2], np.eye(2, dtype=np.float32))
    units = LayerStatistics(np.argsort(-activations, axis=0).T, *[np.zeros(60, np.float32)] * 5)
    table, _ = clip_labels(units, activations, evidence, Describing(similarity="rank"), None, 0.95)
    assert (table["strength"] >= table["strength_random"]).mean() < 0.15


@pytest.mark.parametrize("name", SIMILARITIES)
def test_units_that_never_change_have_no_part_in_chance(name):
    random = np.random.default_rng(4)
    images, texts = random.random((120, 5)).astype(np.float32), np.eye(5, dtype=np.float32)
    activations, labels = random.random((120, 9)).astype(np.float32), np.arange(9) % 5
    dead = np.full((120, 30), 0.5, np.float32)
    both, neither = np.concatenate([dead, activations], axis=1), np.full(30, -1)
    expected, usual = control(name, images, texts, np.argsort(-activations, axis=0)[:20].T, activations, labels)
    constant = np.arange(39) < 30
    top = np.argsort(-both, axis=0, kind="stable")[:20].T
    values, chance = control(name, images, texts, top, both, np.concatenate([neither, labels]), constant)
    assert chance == pytest.approx(usual, rel=1e-9)
    assert np.isnan(values[:30]).all()
    np.testing.assert_allclose(values[30:], expected, rtol=1e-9)


def test_the_same_seed_gives_the_same_chance():
    random = np.random.default_rng(0)
    images, texts = random.random((90, 4)).astype(np.float32), np.eye(4, dtype=np.float32)
    work = ("soft_wpmi", images, texts, np.tile(np.arange(20), (2, 1)), None, np.array([0, 1]))
    assert control(*work, seed=1)[1] == control(*work, seed=1)[1]
    assert control(*work, seed=1)[1] != control(*work, seed=2)[1]


def counts_of(both, union, area):
    """Name the arrays of the layer l, by category."""
    named = {"l/intersection": both, "l/union": union, "area": area}
    return {f"{what}/{category}": values for what, found in named.items() for category, values in found.items()}


def counted() -> Overlaps:
    """Make overlaps by hand: two units, three concepts of two categories."""
    both = {"object": np.array([[8, 0], [0, 2]]), "colour": np.array([[1], [4]])}
    union = {"object": np.array([[10, 20], [20, 20]]), "colour": np.array([[10], [8]])}
    area = {"object": np.array([9, 9]), "colour": np.array([5])}
    concepts = {"object": ("cup", "key_ring"), "colour": ("red",)}
    return Overlaps(counts_of(both, union, area), concepts, ("l",), {"object": 100, "colour": 100}, 5, 0.01, 10)


def test_labels_are_graded_by_their_own_pixels():
    names, iou = iou_table(counted(), "l")
    assert names == ("cup", "key_ring", "red")
    assert iou.tolist() == [[0.8, 0.0, 0.1], [0.0, 0.1, 0.5]]
    labels = pd.DataFrame({"unit": [0, 1], "concept": ["cup", "key ring"], "category": ""})
    assert own_iou(labels, counted(), "l").tolist() == [0.8, 0.1]
    found = graded(labels, counted(), "l", confidence=0.95, resamples=400, seed=0)
    assert found["units"] == 2
    assert found["iou"]["value"] == pytest.approx(0.45)
    assert found["best"] == pytest.approx(0.65)
    assert found["first"] == 0.5
    # Dealt out anew, the two labels stay or change places, and nothing between: .45 or 0.
    assert found["dealt"]["value"] == pytest.approx(0.225, abs=0.05)
    middle = graded(labels, counted(), "l", confidence=0.3, resamples=400, seed=0)["dealt"]
    assert (middle["low"], middle["high"]) == (0, 0.45)
    assert middle["p"] > 0.9


def test_a_name_of_two_categories_is_graded_by_its_own():
    both = {"object": np.array([[8]]), "colour": np.array([[3]])}
    union = {"object": np.array([[10]]), "colour": np.array([[12]])}
    area, pixels = {name: np.array([9]) for name in both}, dict.fromkeys(both, 100)
    concepts = dict.fromkeys(both, ("orange",))
    overlaps = Overlaps(counts_of(both, union, area), concepts, ("l",), pixels, 1, 0.01, 10)
    for category, iou in (("object", 0.8), ("colour", 0.25), ("", 0.8)):
        labels = pd.DataFrame({"unit": [0], "concept": ["orange"], "category": [category]})
        assert own_iou(labels, overlaps, "l").tolist() == [iou]
        found = graded(labels, overlaps, "l", confidence=0.95, resamples=10, seed=0)
        assert (found["iou"]["value"], found["first"]) == (iou, float(iou == 0.8))


def test_labels_that_are_no_annotated_concept_are_not_graded():
    labels = pd.DataFrame({"unit": [0, 1], "concept": ["spoon", "none"], "category": ""})
    assert np.isnan(own_iou(labels, counted(), "l")).all()
    assert graded(labels, counted(), "l", confidence=0.95, resamples=2000, seed=0) == {
        "units": 0,
        "iou": None,
        "dealt": None,
        "best": None,
        "first": None,
    }


def test_what_is_called_none_can_be_no_concept(tmp_path, seen):
    network, labels = seen[1], np.ones((2, SIZE, SIZE), np.uint8)
    images = np.zeros((2, SIZE, SIZE, 1), np.uint8)
    maps = write(tmp_path / "maps", images, {"material": labels}, {"material": ("none",)})
    table = pd.DataFrame({"image": ["a", "b"], "label": ["none", "one"], "split": "test"})
    write_manifest(tmp_path / "classes", table, ["none", "one"], images)
    sentence = "manifest.csv: 'none' is what units without a label get, so it can be no concept"
    with pytest.raises(InputError, match=sentence):
        annotate(maps, np.arange(2), [])
    with pytest.raises(InputError, match=sentence):
        annotate(read_manifest(tmp_path / "classes"), np.arange(2), ["label"])
    with pytest.raises(InputError, match=sentence):
        count_overlaps(network, maps, np.arange(2), {"shown": np.zeros(3, np.float32)}, Passes(quantile=0.1))


def test_a_layer_without_words_and_maps_has_an_empty_table(tmp_path):
    table, about = label_layer(None, None, "fc", asked(10))
    write_units(tmp_path / "fc.csv", table)
    assert len(read_units(tmp_path / "fc.csv")) == 0
    assert about == {}


def test_the_units_of_a_layer_of_classes_are_graded_by_their_names(seen):
    manifest, _, statistics, _, _ = seen
    evidence = evidence_of(manifest)
    activations = np.stack([evidence.images[:, 1], evidence.images[:, 2]], axis=1)
    units = statistics.layers["shown"]
    top = np.argsort(-activations, axis=0, kind="stable")[:40].T
    fields = {"top": top, "top_values": np.take_along_axis(activations.T, top, 1)}
    made = type(units)(**{**vars(units), **fields})
    for classes, hits in ((("stripes", "checks"), 1.0), (("checks", "stripes"), 0.0)):
        _, about = clip_labels(made, activations, evidence, Describing(similarity="soft_wpmi"), classes, 0.5)
        found = about["quality"]["top"]["1"]
        assert found["value"] == hits
        wilson = binomtest(int(2 * hits), 2).proportion_ci(0.5, method="wilson")
        assert (found["low"], found["high"]) == (wilson.low, wilson.high)


def test_the_penultimate_layer_is_found_by_its_numbers():
    random = np.random.default_rng(0)
    ids = [f"p{index}" for index in range(20)]
    layers = {name: random.random((20, 5)).astype(np.float32) for name in ("a", "b")} | {
        "c": random.random((20, 4)).astype(np.float32)
    }
    features = layers["b"][10:][::-1]
    assert penultimate_layer(features, [*ids[10:]][::-1], layers, ids) == "b"
    with pytest.raises(InputError, match="none of the layers a, b, c"):
        penultimate_layer(features + 1, ids[10:], layers, ids)
    with pytest.raises(InputError, match="shares no image"):
        penultimate_layer(features, ["q"] * 10, layers, ids)


def test_embeddings_come_back_and_are_linked_to_what_is_kept(tmp_path):
    images = np.lib.format.open_memmap(tmp_path / "kept.npy", "w+", np.float32, (3, 2))
    images[:] = np.arange(6).reshape(3, 2)
    images.flush()
    content = Evidence(("cup", "red"), ("object", ""), ("p0", "p1", "p2"), images, np.eye(2, dtype=np.float32))
    write_embeddings(tmp_path / "out", content, {"digest": "d"})
    found = read_embeddings(tmp_path / "out")
    assert (found.concepts, found.categories, found.ids) == (content.concepts, content.categories, content.ids)
    assert np.array_equal(found.images, images)
    assert np.array_equal(found.texts, content.texts)
    (tmp_path / "out" / "texts.npy").unlink()
    with pytest.raises(InputError, match="does not hold embeddings"):
        read_embeddings(tmp_path / "out")


def test_a_summary_puts_labels_and_their_worth_together(seen):
    manifest, _, statistics, overlaps, activations = seen
    clip = clip_labels(
        statistics.layers["shown"], activations, evidence_of(manifest), Describing(similarity="soft_wpmi"), None, 0.95
    )
    table, about = label_layer(clip, overlaps, "shown", asked(50))
    table.insert(0, "layer", "shown")
    table = table.assign(
        verdict=np.where(table["concept"] == "none", "untestable", "confirmed"),
        judged_by="annotations",
        second_verdict="confirmed",
        second_chance=False,
    )
    found = whole_summary(
        table,
        {"shown": about},
        statistics,
        overlaps,
        Counting(min_units_per_concept=3, resamples=50),
    )
    assert found["methods"]["clip-dissect"]["confirmed"]["overall"]["unique"] == 2
    assert found["agreement"]["overall"]["exact"]["value"] == 1
    assert set(found["ceilings"]["material"]) == set(TEXTURES)
    assert found["probe"]["images"] == IMAGES
    assert "untrained" not in found["methods"]["clip-dissect"]
    found = whole_summary(table, {"shown": about}, statistics, overlaps, Counting(resamples=50), table)
    for each in found["methods"].values():  # a twin that is the model itself
        assert each["untrained"]["overall"] == each["confirmed"]["overall"]["labelled"]
        assert each["untrained"]["layers"]["shown"] == each["confirmed"]["layers"]["shown"]["labelled"]
        assert each["seconds"]["untrained"]["overall"]["value"] == 1
        assert each["seconds"]["layers"]["shown"]["two"] == each["confirmed"]["layers"]["shown"]["labelled"]


def twin_table(values, layer="shown", method="clip-dissect"):
    """Labels of an untrained network; NaN is a unit without one."""
    rows = {"method": method, "unit": range(len(values)), "concept": "red", "category": "", "score": 0.0}
    return pd.DataFrame({"layer": layer, **rows, "strength": values}).assign(
        concept=lambda table: table["concept"].where(table["strength"].notna(), "none")
    )


@pytest.mark.parametrize("level", [0.8, 0.95])
@pytest.mark.parametrize("units", [3, 8, 20, 168])
def test_few_units_of_another_untrained_network_pass(level, units):
    rng = np.random.default_rng(units)
    passed = [
        (own[units:] >= untrained_chance(own[:units], level)).mean()
        for own in (np.where(rng.random(2 * units) < 0.1, np.nan, rng.exponential(size=2 * units)) for _ in range(1500))
    ]
    # Of the greatest of few units more are above, by chance: one in units + 1.
    assert np.mean(passed) <= max(1 - level, 1 / (units + 1)) + 0.01
    assert np.mean(passed) >= 1 - level - 1 / (units + 1) - 0.01


def test_the_untrained_network_is_counted_by_layer():
    twin = pd.concat([twin_table([6.0, 4, np.nan, 4], "a"), twin_table([1.0], "b")])
    twin["verdict"] = ["confirmed", "unconfirmed", "untestable", "unconfirmed", "unconfirmed"]
    found = untrained_shares(twin, ["a", "b"], 0.95)
    assert (found["overall"]["value"], found["overall"]["n"]) == (0.2, 5)
    assert {layer: share["value"] for layer, share in found["layers"].items()} == {"a": 0.25, "b": 0}


def test_a_sheet_shows_the_top_images_and_the_region_in_them(seen):
    manifest, network, statistics, overlaps, _ = seen
    table = label_units(overlaps, "shown", 0.04)
    chosen = chosen_units(2, {"shown": table})
    assert set(chosen["shown"]) == {0, 1}
    rows = unit_rows(
        network, manifest, np.arange(IMAGES), statistics, {"shown": table}, chosen, 5, batch_size=7, threads=1
    )
    label_maps = {unit: TEXTURES.index(name) + 1 for unit, name in ((0, "stripes"), (1, "checks"))}
    reader = Images(manifest)
    for row, unit in zip(rows, chosen["shown"], strict=True):
        top = statistics.layers["shown"].top[unit, :5]
        assert [frame.tolist() for frame in row.frames] == [
            reader.read(int(place)).transpose(2, 0, 1).tolist() for place in top
        ]
        for place, region in zip(top, row.regions, strict=True):
            inside = reader.read_concepts(int(place))["material"] == label_maps[unit]
            assert region is not None
            assert region.any()
            assert (region & inside).sum() / region.sum() > 0.5
        assert f"unit {unit}" in row.name


def test_a_sheet_shows_the_strongest_labels_where_pixels_tell_nothing():
    rows = {"unit": range(3), "concept": ["a", "b", "c"], "score": [3.0, 2.0, 1.0], "strength": [0.1, 9.0, 5.0]}
    table = pd.DataFrame({"method": "clip-dissect", "category": "", **rows})
    assert chosen_units(2, {"fc": table}) == {"fc": (1, 2)}


def test_named_units_are_shown_and_others_named():
    table = label_units(counted(), "l", 0.04)
    assert chosen_units({"l": [1, 0]}, {"l": table}) == {"l": (1, 0)}
    with pytest.raises(InputError, match=r"sheet\.units\.l: there is no unit 2; there are 0 to 1"):
        chosen_units({"l": [2]}, {"l": table})


def test_words_beside_a_unit(seen):
    _, _, statistics, overlaps, _ = seen
    name, facts = words_of("shown", 2, label_units(overlaps, "shown", 0.04), statistics.layers["shown"])
    assert name == "shown, unit 2"
    assert "  no label" in facts


@pytest.mark.parametrize(
    ("verdict", "label"),
    [
        ("confirmed", "  red, IoU 0.25"),
        ("unconfirmed", "  none confirmed (best: red, IoU 0.25)"),
        ("untestable", "  none could be tested (best: red, IoU 0.25)"),
    ],
)
def test_what_is_not_confirmed_is_no_label(verdict, label):
    row = {"method": "netdissect", "unit": 0, "concept": "red", "category": "", "score": 0.25, "verdict": verdict}
    values = np.array([0.999], np.float32)
    known = LayerStatistics(np.zeros((1, 1), np.int64), values[:, None], values, values, values, values)
    assert words_of("l", 0, pd.DataFrame([row]), known)[1] == ("NetDissect", label, "mean 1.00, peak 1.00")
    some = replace(known, share_active=np.array([0.25], np.float32))
    assert words_of("l", 0, pd.DataFrame([row]), some)[1][-1] == "active on 25% of the images"


def test_rows_of_a_probe_set(tmp_path):
    manifest = textured(tmp_path / "data")
    assert manifest.rows_of(["train", "test"]).tolist() == list(range(IMAGES))
    with pytest.raises(InputError, match=r"no image is in splits train, val; there are: test"):
        manifest.rows_of(["train", "val"])


def test_a_layer_without_labels_has_no_unit_on_the_sheet(tmp_path, seen):
    manifest, network, statistics, overlaps, _ = seen
    empty, _ = label_layer(None, None, "fc", asked(10))
    write_units(tmp_path / "fc.csv", empty)
    tables = {"shown": label_units(overlaps, "shown", 0.04), "fc": read_units(tmp_path / "fc.csv")}
    chosen = chosen_units(1, tables)
    assert (len(chosen["shown"]), chosen["fc"]) == (1, ())
    rows = unit_rows(network, manifest, np.arange(IMAGES), statistics, tables, chosen, 2, threads=1)
    assert [row.name for row in rows] == [f"shown, unit {chosen['shown'][0]}"]
    none = dict.fromkeys(chosen, ())
    assert unit_rows(network, manifest, np.arange(IMAGES), statistics, tables, none, 2, threads=1) == []


def test_the_sheet_of_other_images_is_refused(tmp_path, seen):
    manifest, network, statistics, overlaps, _ = seen
    tables = {"shown": label_units(overlaps, "shown", 0.04)}
    chosen = chosen_units(1, tables)
    with pytest.raises(InputError, match="are not of the same images"):
        unit_rows(network, manifest, np.arange(IMAGES)[::-1], statistics, tables, chosen, 2, threads=1)
