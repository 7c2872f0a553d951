import itertools

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn
from torch.nn import functional

from lucidag.data.images import Images
from lucidag.ground.errors import InputError
from lucidag.models.frames import batches
from lucidag.models.inputs import Inputs
from lucidag.models.network import Network
from lucidag.units.labels.detectors import label_units as label_detectors
from lucidag.units.passes import upsample
from lucidag.units.passes.label_maps import encode, frame_pixels
from lucidag.units.passes.netdissect import count_overlaps
from lucidag.units.passes.overlaps import Overlaps, ceilings, read_overlaps, write_overlaps
from lucidag.units.passes.upsample import region
from lucidag.units.settings import NetDissect, Passes
from tests.units.probe_sets import CONCEPTS, collect, network, noise, outputs, write


def label_units(overlaps, layer):
    return label_detectors(overlaps, layer, NetDissect().min_iou)


def unique_detectors(table):
    """Count the different concepts that have a detector, by category."""
    return table[table["detector"]].drop_duplicates(["category", "concept"])["category"].value_counts().to_dict()


def labels_in_frame(labels, inputs):
    return labels.ravel()[frame_pixels(labels.shape, inputs)]


def bilinear(image, size):
    """Upsample the last two axes of an array to size x size: centres aligned, clamped at the border."""
    for dim in (-2, -1):
        count = image.shape[dim]
        source = (np.arange(size) + 0.5) * count / size - 0.5
        image = np.apply_along_axis(lambda row, x=source: np.interp(x, np.arange(len(row)), row), dim, image)
    return image


def nearest(labels, size):
    rows, columns = (((np.arange(size) + 0.5) * side / size).astype(int) for side in labels.shape)
    return labels[rows][:, columns]


def plain_counts(maps, thresholds, labels, concepts, size):
    """Intersections and unions as the definition has them: maps N x U x h x w, labels by category N x S x S."""
    found = {}
    for category, names in concepts.items():
        both = np.zeros((maps.shape[1], len(names)), int)
        either = np.zeros_like(both)
        for pixel_values, truth in zip(maps, labels[category], strict=True):
            if not truth.any():
                continue
            on = bilinear(pixel_values.astype(float), size) > thresholds[:, None, None]
            for unit, concept in itertools.product(range(len(on)), range(len(names))):
                there = truth == concept + 1
                both[unit, concept] += (on[unit] & there).sum()
                either[unit, concept] += (on[unit] | there).sum()
        found[category] = both, either
    return found


@pytest.mark.parametrize(
    ("kind", "seed", "size", "quantile"),
    [
        ("signed", 0, 16, 0.02),
        ("signed", 1, 19, 0.3),
        ("resnet", 0, 24, 0.05),
        ("cnn", 0, 16, 0.05),
        ("cnn", 1, 21, 0.01),
    ],
)
def test_it_is_what_plain_arrays_give(tmp_path, kind, seed, size, quantile):
    manifest = noise(tmp_path / "data", 13, seed=seed)
    rows = np.arange(1, 13)
    net, layers = network(kind, seed, size)
    layers = layers[:-1]
    found = collect(net, manifest, rows, layers, tmp_path / "a.npy", Passes(quantile=quantile), threads=1)
    # A threshold is one of the activations, which other batches round otherwise: step away from it.
    thresholds = {layer: units.threshold + np.float32(1e-5) for layer, units in found.layers.items()}
    half = np.arange(12) % 3 == 1
    results = [
        count_overlaps(net, manifest, rows, thresholds, Passes(quantile=quantile, batch_size=n), chosen=half, threads=1)
        for n in (12, 5, 1)
    ]
    of_half = count_overlaps(net, manifest, rows[half], thresholds, Passes(quantile=quantile, batch_size=1), threads=1)
    maps = outputs(net, net.inputs.normalise(next(batches(manifest, rows, net.inputs, len(rows), 1))), kind)
    reader = Images(manifest)
    labels = {
        category: np.stack([nearest(reader.read_concepts(row)[category], size) for row in rows])
        for category in CONCEPTS
    }
    for overlaps in results:
        assert overlaps.layers == tuple(layers)
        assert overlaps.images == 12
        for layer in layers:
            expected = plain_counts(maps[layer], thresholds[layer], labels, CONCEPTS, size)
            for category, (both, either) in expected.items():
                intersection, union = overlaps.intersection(layer, category), overlaps.union(layer, category)
                assert intersection.dtype == union.dtype == np.int64
                assert both.sum() > 0
                # A pixel within rounding of the threshold may fall to the other side.
                assert np.abs(intersection - both).sum() <= 2
                assert np.abs(union - either).sum() <= 2 * len(CONCEPTS[category])
                assert np.array_equal(overlaps.iou(layer, category), intersection / union)
                gap = overlaps.counts[f"{layer}/half/intersection/{category}"] - of_half.intersection(layer, category)
                assert np.abs(gap).sum() <= 2
                gap = overlaps.counts[f"{layer}/half/union/{category}"] - of_half.union(layer, category)
                assert np.abs(gap).sum() <= 2 * len(CONCEPTS[category])
                assert np.allclose(overlaps.half_iou(layer, category), of_half.iou(layer, category), atol=0.01)
        for category, names in CONCEPTS.items():
            area = [(labels[category] == i + 1).sum() for i in range(len(names))]
            assert overlaps.area(category).tolist() == area
            annotated = labels[category].any(axis=(1, 2))
            assert overlaps.pixels[category] == annotated.sum() * size**2
    assert results[0].pixels["object"] < results[0].pixels["colour"]


@pytest.mark.parametrize(
    ("height", "width", "size"), [(8, 8, 64), (7, 7, 224), (5, 9, 32), (6, 6, 6), (13, 4, 10), (1, 1, 5), (9, 9, 3)]
)
@pytest.mark.parametrize("part", [1, 2**22])
def test_regions_are_those_of_torchs_upsampling(monkeypatch, height, width, size, part):
    if part == 1 and size > 100:
        part = 2**12
    monkeypatch.setattr(upsample, "PART", part)
    for seed in range(3):
        torch.manual_seed(seed)
        maps = torch.randn(4, height, width)
        for values, threshold in zip(maps, (0.0, 1.0, -1.0, -9.0), strict=True):
            whole = functional.interpolate(values[None, None].double(), (size, size), mode="bilinear")[0, 0]
            assert np.array_equal(region(values.numpy(), threshold, size), (whole > threshold).numpy())


def test_what_equals_the_threshold_is_not_above_it():
    value = np.float32(0.1)
    assert not region(np.full((3, 3), value), float(value), 50).any()
    assert region(np.full((3, 3), np.nextafter(value, np.float32(1))), float(value), 50).all()
    step = np.array([[value, value, 1]], np.float32)
    assert np.array_equal(region(step, float(value), 9).any(axis=0), np.arange(9) > 4)


@pytest.mark.parametrize("resize", ["stretch", "crop"])
@pytest.mark.parametrize("shape", [(40, 40), (50, 80), (90, 61), (24, 24)])
def test_label_maps_stay_on_their_images(resize, shape):
    # The image shows the label map, each label in a grey of its own; away from edges the frame must show it still.
    blocks = np.add.outer(np.arange(-(-shape[0] // 12)), np.arange(-(-shape[1] // 12)) * 2) % 3
    labels = blocks.astype(np.uint8).repeat(12, 0).repeat(12, 1)
    labels = labels[: shape[0], : shape[1]]
    inputs = Inputs(32, 1, resize)
    greys = np.array([0, 100, 230], np.uint8)
    frame = inputs.prepare(greys[labels][:, :, None])[0].numpy()
    found = labels_in_frame(labels, inputs)
    assert found.shape == (32, 32)
    assert found.dtype == np.uint8
    flat = np.isin(frame, greys)
    assert flat.mean() > 0.3
    assert (greys[found][flat] == frame[flat]).mean() > 0.99
    for label in (1, 2):
        inside = inputs.prepare_mask(labels == label)
        assert (inside & (found == label)).sum() > 0.8 * (inside | (found == label)).sum()


def test_label_maps_of_other_sizes_than_the_frame_keep_every_label_where_it_was():
    labels = np.arange(16, dtype=np.uint8).reshape(4, 4)
    assert np.array_equal(labels_in_frame(labels, Inputs(8)), labels.repeat(2, 0).repeat(2, 1))
    assert np.array_equal(labels_in_frame(labels, Inputs(4)), labels)
    # A crop: 7 pixels are 8 / 8 of the shorter side, minus half a pixel at each end.
    wide = np.tile(np.arange(12, dtype=np.uint8), (8, 1))
    assert labels_in_frame(wide, Inputs(7, 3, "crop"))[0].tolist() == list(range(2, 9))


@pytest.mark.parametrize("seed", [0, 1])
def test_codes_stand_for_their_labels(seed):
    random = np.random.default_rng(seed)
    concepts = [3, 255, 1, 7]
    labels = np.stack([random.integers(0, count + 1, (5, 30), dtype=np.uint8) for count in concepts])
    labels[1, 2] = labels[3, 4] = 0
    pixels, kinds = encode(torch.from_numpy(labels), concepts)
    back = kinds[pixels].numpy().T.reshape(4, 5, 30)
    for category, count in enumerate(concepts):
        nothing = ~labels[category].any(axis=1)
        assert np.array_equal(back[category][~nothing], labels[category][~nothing])
        assert (back[category][nothing] == count + 1).all()
    assert len(kinds) == len(np.unique(kinds.numpy(), axis=0)) == int(pixels.max()) + 1


def planted(folder, count=40, size=32, seed=0):
    """Write grey noise with one small square of red, of blue or of stripes in each image; all are labelled."""
    random = np.random.default_rng(seed)
    images = random.integers(90, 130, (count, size, size, 1), dtype=np.uint8).repeat(3, 3)
    maps = {category: np.zeros((count, size, size), np.uint8) for category in ("colour", "texture")}
    for row in range(count):
        y, x = random.integers(2, size - 12, 2)
        spot = np.s_[row, y : y + 10, x : x + 10]
        if row % 3 == 2:
            images[spot] = np.where(np.arange(10) % 2, 255, 0)[None, :, None]
            maps["texture"][spot] = 1
        else:
            images[spot] = [[230, 10, 10], [10, 10, 230]][row % 3]
            maps["colour"][spot] = row % 3 + 1
    return write(folder, images, maps, {"colour": ("red", "blue"), "texture": ("striped",)})


def planted_network(size=32):
    """Build four units: one on for red, one for blue, one for vertical stripes, one that is always on."""
    layer = nn.Conv2d(3, 4, 3, padding=1)
    with torch.no_grad():
        layer.weight.zero_()
        layer.bias.zero_()
        layer.weight[0, :, 1, 1] = torch.tensor([1.0, -0.5, -0.5])
        layer.weight[1, :, 1, 1] = torch.tensor([-0.5, -0.5, 1.0])
        layer.weight[2, :, 1] = torch.tensor([[-1.0, 2.0, -1.0]]).repeat(3, 1)
        layer.bias[3] = 1.5
    model = nn.Sequential(layer, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))
    return Network(model, Inputs(size), None)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_planted_unit_gets_its_concept(tmp_path, seed):
    manifest, net = planted(tmp_path / "data", seed=seed), planted_network()
    rows = np.arange(40)
    # A colour covers 100 of 1,024 pixels in a third of the images: 3.3 %, just less than the quantile.
    stats = collect(net, manifest, rows, ["0"], tmp_path / "a.npy", Passes(quantile=0.035), threads=1)
    overlaps = count_overlaps(
        net, manifest, rows, {"0": stats.layers["0"].threshold}, Passes(quantile=0.035), threads=1
    )
    table = label_units(overlaps, "0")
    assert table["concept"].tolist() == ["red", "blue", "striped", "none"]
    assert table["category"].tolist() == ["colour", "colour", "texture", ""]
    assert table["detector"].tolist() == [True, True, True, False]
    # Only images with a colour count for colours, so nothing but the edges of squares is lost.
    assert table["score"][:2].min() > 0.95
    assert table["score"][2] > 0.4
    assert table["score"][3] == 0
    assert not table.isna().any().any()
    assert unique_detectors(table) == {"colour": 2, "texture": 1}
    assert (table["score"][:2] <= ceilings(overlaps)["colour"]).all()


def test_a_ceiling_is_what_a_perfect_region_reaches():
    # 10 images of 100 pixels, every unit on at 60 of them; n of the images are labelled, each concept in one.
    for labelled, area, best in (
        (10, 60, 1),
        (10, 30, 0.5),
        (10, 90, 60 / 90),
        (1, 30, 1),
        (1, 90, 60 / 90),
        (0, 0, 0),
    ):
        concepts = {"colour": ("red",)}
        counts = {"area/colour": np.array([area])}
        overlaps = Overlaps(counts, concepts, (), {"colour": 100 * labelled}, 10, 0.06, 10)
        assert ceilings(overlaps)["colour"].tolist() == [pytest.approx(best)]


def test_a_quantile_above_the_greatest_share_shows_nothing(tmp_path):
    # The red unit has its greatest value at more than .5 % of all positions: it never is above its threshold.
    manifest, net = planted(tmp_path / "data"), planted_network()
    stats = collect(net, manifest, np.arange(40), ["0"], tmp_path / "a.npy", Passes(), threads=1)
    overlaps = count_overlaps(
        net, manifest, np.arange(40), {"0": stats.layers["0"].threshold}, Passes(quantile=0.005), threads=1
    )
    assert stats.layers["0"].threshold[0] == stats.layers["0"].peak[0]
    assert label_units(overlaps, "0")["concept"][0] == "none"


def test_units_that_are_all_constant_overlap_with_nothing(tmp_path):
    manifest, net = planted(tmp_path / "data"), planted_network()
    with torch.no_grad():
        net.model[0].weight.zero_()
    stats = collect(net, manifest, np.arange(40), ["0", "1"], tmp_path / "a.npy", Passes(), threads=1)
    thresholds = {layer: units.threshold for layer, units in stats.layers.items()}
    overlaps = count_overlaps(net, manifest, np.arange(40), thresholds, Passes(quantile=0.005), threads=1)
    table = label_units(overlaps, "1")
    assert set(table["concept"]) == {"none"}
    assert not table["detector"].any()
    assert (table[["score", "colour_iou", "texture_iou"]] == 0).all().all()
    assert unique_detectors(table) == {}


def test_a_concept_that_never_occurs_has_an_iou_of_zero(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (6, 16, 16, 3), dtype=np.uint8)
    maps = {"object": np.zeros((6, 16, 16), np.uint8), "part": np.ones((6, 16, 16), np.uint8)}
    manifest = write(tmp_path / "data", images, maps, {"object": ("cup",), "part": ("leg", "arm")})
    net, _ = network("cnn", 0)
    stats = collect(net, manifest, np.arange(6), ["blocks.block2"], tmp_path / "a.npy", Passes(quantile=0.1), threads=1)
    thresholds = {layer: units.threshold for layer, units in stats.layers.items()}
    overlaps = count_overlaps(net, manifest, np.arange(6), thresholds, Passes(quantile=0.1), threads=1)
    assert (overlaps.union("blocks.block2", "object") == 0).all()
    assert (overlaps.iou("blocks.block2", "object") == 0).all()
    assert (overlaps.iou("blocks.block2", "part")[:, 1] == 0).all()
    table = label_units(overlaps, "blocks.block2")
    assert set(table["concept"]) <= {"leg", "none"}
    assert {name: values.tolist() for name, values in ceilings(overlaps).items()} == {"object": [0], "part": [0.1, 0]}


def test_files_say_what_was_found(tmp_path):
    manifest = noise(tmp_path / "data", 8)
    net, layers = network("signed", 0)
    stats = collect(net, manifest, np.arange(8), layers[:2], tmp_path / "a.npy", Passes(quantile=0.1), threads=1)
    thresholds = {layer: units.threshold for layer, units in stats.layers.items()}
    found = count_overlaps(net, manifest, np.arange(8), thresholds, Passes(quantile=0.1), threads=1)
    write_overlaps(tmp_path / "concepts.safetensors", found)
    back = read_overlaps(tmp_path / "concepts.safetensors")
    assert (back.concepts, back.layers, back.pixels, back.images, back.quantile) == (
        CONCEPTS,
        found.layers,
        found.pixels,
        8,
        0.1,
    )
    for layer in found.layers:
        pd.testing.assert_frame_equal(label_units(back, layer), label_units(found, layer))
        for category in CONCEPTS:
            assert np.array_equal(back.union(layer, category), found.union(layer, category))
    (tmp_path / "other.safetensors").write_bytes(b"x" * 50)
    for name in ("other", "missing"):
        with pytest.raises(InputError, match=rf"{name}\.safetensors does not hold overlaps"):
            read_overlaps(tmp_path / f"{name}.safetensors")


def test_images_without_label_maps_have_no_iou(tmp_path):
    net, layers = network("cnn", 0)
    thresholds = {layers[0]: np.zeros(4, np.float32)}
    with pytest.raises(InputError, match=r"manifest\.csv: the images have no label maps of concepts"):
        count_overlaps(net, noise(tmp_path / "data", 4, labels=False), np.arange(4), thresholds, Passes(quantile=0.005))


@pytest.mark.parametrize(
    ("layer", "units", "sentence"),
    [
        ("fc", 4, "layer 'fc' gives one number per unit and no maps"),
        ("blocks.block2", 5, "layer 'blocks.block2' has 8 units but 5 thresholds"),
        ("blocks.block3", 5, "layer 'blocks.block3' does not exist"),
    ],
)
def test_layers_without_maps_or_of_another_size_are_refused(tmp_path, layer, units, sentence):
    net, _ = network("cnn", 0)
    thresholds = {layer: np.zeros(units, np.float32)}
    with pytest.raises(InputError, match=sentence):
        count_overlaps(net, noise(tmp_path / "data", 4), np.arange(4), thresholds, Passes(quantile=0.005), threads=1)
    assert not any(module._forward_hooks for module in net.model.modules())


def test_activations_that_are_not_finite_name_layer_and_image(tmp_path):
    net, _ = network("signed", 0)
    manifest = noise(tmp_path / "data", 4)
    with torch.no_grad():
        net.model.two.bias[1] = float("nan")
    with pytest.raises(InputError, match="layer 'two' gives NaN or infinite activations for image 'p0000'"):
        count_overlaps(net, manifest, np.arange(4), {"two": np.zeros(5, np.float32)}, Passes(quantile=0.005), threads=1)
    assert not any(module._forward_hooks for module in net.model.modules())


def test_two_runs_give_the_same_bytes(tmp_path):
    manifest = noise(tmp_path / "data", 9)
    net, layers = network("signed", 0)
    thresholds = {layers[0]: np.full(6, 0.1, np.float32)}
    for name in ("one", "two"):
        found = count_overlaps(net, manifest, np.arange(9), thresholds, Passes(quantile=0.005), threads=1)
        write_overlaps(tmp_path / f"{name}.safetensors", found)
    assert (tmp_path / "one.safetensors").read_bytes() == (tmp_path / "two.safetensors").read_bytes()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("memory", [1, 2**20])
def test_cuda_and_cpu_agree(tmp_path, memory):
    manifest = noise(tmp_path / "data", 600)
    net, layers = network("cnn", 0, 24)
    rows = np.arange(600)
    found = {}
    for device in ("cpu", "cuda:0"):
        stats = collect(
            net, manifest, rows, layers, tmp_path / "a.npy", Passes(quantile=0.05), memory=memory, device=device
        )
        thresholds = {layer: stats.layers[layer].threshold for layer in layers[:2]}
        found[device] = stats, count_overlaps(net, manifest, rows, thresholds, Passes(quantile=0.05), device=device)
    for layer in layers:
        own, other = (found[device][0].layers[layer] for device in found)
        np.testing.assert_allclose(other.threshold, own.threshold, rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(other.top_values, own.top_values, rtol=1e-3, atol=1e-4)
    for layer, category in itertools.product(layers[:2], CONCEPTS):
        own, other = (found[device][1].iou(layer, category) for device in found)
        np.testing.assert_allclose(other, own, atol=0.01)
