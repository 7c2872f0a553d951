"""Reference images against zennit-crp, against all images sorted, and the regions of units in them."""

import numpy as np
import pytest
import torch
from crp.attribution import CondAttribution
from crp.concepts import ChannelConcept
from crp.helper import load_maximization
from crp.visualization import FeatureVisualization

from lucidag.data.images import Images
from lucidag.explain.relevance.conditional import descent, unit_maps
from lucidag.explain.relevance.layers import layer_relevance
from lucidag.explain.relevance.references import TopImages, find_references, measured
from lucidag.explain.relevance.store import KINDS, read_references, write_references
from lucidag.ground.errors import InputError
from lucidag.models.inputs import Inputs
from lucidag.models.network import Network
from tests.relevance import residual
from tests.units.probe_sets import noise

LAYERS = ["layer2.0.conv1", "layer4.0", "avgpool"]
HOW = {"targets": "predicted", "top": 40, "batch_size": 16}
INPUTS = Inputs(32, 3, "stretch", (0.4,), (0.3,))


@pytest.fixture(scope="module")
def probe_set(tmp_path_factory):
    return noise(tmp_path_factory.mktemp("probe"), 22, size=32, labels=False)


@pytest.fixture(scope="module")
def network():
    model = residual.network("small_resnet", 3).float()
    torch.nn.Module.train(model.get_submodule("layer2"))  # the caller's modes must not matter
    return Network(model, INPUTS, "fc")


def all_images(probe_set):
    frames = torch.stack([INPUTS.prepare(Images(probe_set).read(row)) for row in range(22)])
    return INPUTS.normalise(frames)


@pytest.mark.parametrize("measure", ["sum", "max"])
@pytest.mark.parametrize("normalised", [False, True])
def test_references_are_the_first_of_all_images_sorted(probe_set, network, measure, normalised):
    rows = np.arange(1, 22)
    rules = residual.composite(network.model)
    found = find_references(
        network,
        rules,
        probe_set,
        rows,
        LAYERS,
        targets="label",
        measure=measure,
        normalised=normalised,
        top=6,
        batch_size=4,
    )
    labels = probe_set.labels()[rows]
    pixels = all_images(probe_set)[1:]
    alone = [
        layer_relevance(network.model, rules, x[None], LAYERS, [int(t)]) for x, t in zip(pixels, labels, strict=True)
    ]
    assert found.targets.tolist() == labels.tolist()
    for layer in LAYERS:
        relevance = torch.cat([each.relevance[layer] for each in alone]).flatten(2)
        scores = relevance.sum(2) if measure == "sum" else relevance.amax(2)
        if normalised:
            scores = scores / scores.abs().sum(1, keepdim=True)
        check(found.layers[layer]["relevance"], scores, relevance)
        check_means(found.by_class[layer], scores.numpy(), labels)
        activations = torch.cat([each.activations[layer] for each in alone]).flatten(2)
        scores = activations.sum(2) if measure == "sum" else activations.amax(2)
        check(found.layers[layer]["activation"], scores, activations)
        assert found.shapes[layer] == tuple(alone[0].activations[layer].shape[1:])


def check_means(found, scores, labels):
    assert found.classes.tolist() == np.unique(labels).tolist()
    scale = np.abs(scores).max()
    for place, index in enumerate(found.classes):
        own = scores[labels == index]
        assert found.images[place] == len(own)
        assert np.allclose(found.mean[place], own.mean(axis=0), rtol=0, atol=3e-4 * scale)
        if len(own) == 1:
            assert np.isnan(found.error[place]).all()
        else:
            error = own.std(axis=0, ddof=1) / len(own) ** 0.5
            assert np.allclose(found.error[place], error, rtol=0, atol=1e-3 * scale)


def check(best, scores, maps):
    scale = float(scores.abs().max())
    expected = scores.T.sort(dim=1, descending=True).values[:, :6]
    assert np.allclose(best.values, expected, rtol=0, atol=3e-4 * scale)
    assert np.allclose(scores.T.gather(1, torch.from_numpy(best.rows)), expected, rtol=0, atol=3e-4 * scale)
    units = torch.arange(len(best.rows))[:, None]
    there = maps[torch.from_numpy(best.rows), units, torch.from_numpy(best.places)]
    assert np.allclose(there, maps.amax(2)[torch.from_numpy(best.rows), units], rtol=0, atol=3e-4 * float(maps.max()))


@pytest.mark.parametrize("measure", [pytest.param("sum", marks=pytest.mark.long), "max"])
def test_references_are_those_of_zennit_crp(probe_set, network, measure, tmp_path):
    pixels, labels, rows, layers = all_images(probe_set), probe_set.labels(), np.arange(10), LAYERS[:2]
    model = network.model.eval()
    rules = residual.composite(model)
    given = {"targets": "label", "measure": measure, "normalised": False, "top": 5, "batch_size": 7}
    found = find_references(network, rules, probe_set, rows, layers, **given)
    library = FeatureVisualization(
        CondAttribution(model),
        [(pixels[row].clone(), int(labels[row])) for row in rows],
        {layer: ChannelConcept() for layer in layers},
        max_target=measure,
        abs_norm=False,
        path=str(tmp_path),
    )
    library.run(rules, 0, len(rows), batch_size=5)
    for layer in layers:
        for kind, maximisation in (("relevance", library.RelMax), ("activation", library.ActMax)):
            chosen, values, places = (np.asarray(each)[:5].T for each in load_maximization(maximisation.PATH, layer))
            best, scale = found.layers[layer][kind], np.abs(values).max()
            assert np.allclose(best.values, values, rtol=0, atol=3e-4 * scale)
            # Where rounding cannot have changed the order, images and places are the same.
            clear = (np.diff(values, axis=1) < -1e-3 * scale).all(axis=1)
            assert clear.sum() >= 3
            assert np.array_equal(best.rows[clear][:, :4], chosen[clear][:, :4])
            assert (best.places[clear][:, :4] == places[clear][:, :4]).mean() > 0.9


@pytest.mark.parametrize("seed", range(4))
def test_equal_images_stay_in_their_order(seed):
    draw = np.random.default_rng(seed)
    values = draw.integers(0, 4, (50, 7)).astype(np.float32)
    places = draw.integers(0, 9, (50, 7))
    kept, start = TopImages(12), 0
    while start < 50:
        size = int(draw.integers(1, 14))
        kept.add(values[start : start + size], places[start : start + size], start)
        start += size
    best = kept.result()
    for unit in range(7):
        order = sorted(range(50), key=lambda row: (-values[row, unit], row))[:12]
        assert best.rows[unit].tolist() == order
        assert best.values[unit].tolist() == values[order, unit].tolist()
        assert best.places[unit].tolist() == places[order, unit].tolist()


def test_what_is_kept_does_not_grow():
    kept = TopImages(3)
    for start in range(0, 400, 40):
        kept.add(np.zeros((40, 5), np.float32), np.zeros((40, 5), np.int64), start)
        best = kept.result()
        assert {each.shape for each in (best.rows, best.values, best.places)} == {(5, 3)}
        assert all(each.base is None or each.base.size <= 15 for each in (best.rows, best.values, best.places))


def test_the_measure_by_hand():
    values = torch.tensor([[[[1.0, -3.0], [2.5, 0.0]], [[0.0, 0.0], [0.0, -2.0]]]])
    for measure, expected in (("sum", [0.5, -2.0]), ("max", [2.5, 0.0])):
        numbers, places = measured(values, measure, normalised=False)
        assert numbers.tolist() == [expected]
        assert places.tolist() == [[2, 0]]
    shares, _ = measured(values, "sum", normalised=True)
    assert np.allclose(shares, [[0.2, -0.8]])


def test_references_are_read_as_written(probe_set, network, tmp_path):
    rules = residual.composite(network.model)
    found = find_references(network, rules, probe_set, np.arange(5), LAYERS, **HOW)
    write_references(tmp_path / "references.safetensors", found)
    again = read_references(tmp_path / "references.safetensors")
    assert again.images == tuple(probe_set.table["image"][:5])
    assert again.shapes == found.shapes
    assert again.settings == {"measure": "sum", "normalised": True, "targets": "predicted"}
    assert np.array_equal(again.targets, found.targets)
    for layer in LAYERS:
        for one, other in zip(again.by_class[layer], found.by_class[layer], strict=True):
            assert np.array_equal(one, other, equal_nan=True)
        for kind in KINDS:
            assert again.layers[layer][kind].rows.shape == (found.shapes[layer][0], 5)
            for name in ("rows", "values", "places"):
                assert np.array_equal(
                    getattr(again.layers[layer][kind], name), getattr(found.layers[layer][kind], name)
                )


def test_another_file_is_refused(tmp_path):
    (tmp_path / "other.safetensors").write_bytes(b"nothing of it")
    with pytest.raises(InputError, match=r"other\.safetensors does not hold reference images"):
        read_references(tmp_path / "other.safetensors")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"measure": "mean"}, "measure 'mean' does not exist"),
        ({"targets": "labels"}, r"targets 'labels' does not exist \(did you mean 'label'\?\)"),
        ({"top": 0}, "top is 0"),
        ({"layers": ["layer1", "layer1"]}, "'layer1' is listed twice"),
        ({"layers": ["layer3.0.relu"]}, r"layer 'layer3\.0\.relu' runs more than once"),
        ({"rows": np.arange(0)}, "no images"),
    ],
)
def test_what_is_not_allowed_is_named(probe_set, network, change, says):
    given = {"rows": np.arange(4), "layers": LAYERS, **HOW, **change}
    with pytest.raises(InputError, match=says):
        find_references(network, residual.composite(network.model), probe_set, **given)


@pytest.mark.parametrize("layer", ["layer2.1.conv1", "layer3.0"])
@pytest.mark.parametrize("placed", [False, True])
def test_a_units_map_starts_at_its_activation(layer, placed):
    model, x = residual.network("small_resnet"), residual.image(count=3)
    rules, units, places = residual.composite(model), [4, 0, 9], [3, 17, 60]
    found = unit_maps(model, rules, x, layer, units, places if placed else None)
    for row in range(3):
        activation = layer_relevance(model, rules, x[row : row + 1], [layer]).activations[layer]
        start = torch.zeros_like(activation)
        if placed:
            at = divmod(places[row], activation.shape[3])
            start[0, units[row]][at] = activation[0, units[row]][at]
        else:
            start[0, units[row]] = activation[0, units[row]]
        with descent(model, rules, x[row : row + 1], layer, 1) as descend:
            assert torch.allclose(found[row], descend(start)[0], rtol=0, atol=1e-8 * float(start.abs().max()))


def test_a_place_has_its_receptive_field():
    model, x = residual.network("small_resnet"), residual.image()
    # The stem has 3 x 3 pixels with a stride of 2, and both convolutions of the block 3 x 3 of its places.
    (found,) = unit_maps(model, residual.composite(model), x, "layer1.0", [int(strongest(model, x))], [10 * 32 + 20])
    rows, columns = torch.nonzero(found, as_tuple=True)
    assert 2 * 8 - 1 <= rows.min() <= rows.max() <= 2 * 12 + 1
    assert 2 * 18 - 1 <= columns.min() <= columns.max() <= 2 * 22 + 1
    assert found.abs().sum() > 0


def strongest(model, x):
    activation = layer_relevance(model, residual.composite(model), x, ["layer1.0"]).activations["layer1.0"]
    return activation[0, :, 10, 20].argmax()


@pytest.mark.parametrize(
    ("units", "places", "says"),
    [
        ([32], None, "unit 32; each image needs one unit of 0 to 31"),
        ([0, 1], None, "2 units for 1 images"),
        ([0], [64], "place 64; each image needs one place of 0 to 63"),
    ],
)
def test_units_and_places_that_do_not_exist_are_named(units, places, says):
    model = residual.network("small_resnet")
    with pytest.raises(InputError, match=says):
        unit_maps(model, residual.composite(model), residual.image(), "layer3", units, places)


def test_a_units_map_that_is_not_finite_is_named():
    model = residual.network("small_resnet")
    torch.nn.init.constant_(model.conv1.weight, float("inf"))
    with pytest.raises(InputError, match=r"layer 'layer1\.0': its relevance is not finite"):
        unit_maps(model, residual.composite(model), residual.image(), "layer1.0", [0])
