"""Units of a network whose logits are not linear in them: exact at a grid of k, and said so between."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn
from torch.nn import functional

from lucidag.data.manifest import Manifest
from lucidag.ground.errors import InputError
from lucidag.models.build import build
from lucidag.models.evaluate import evaluate
from lucidag.models.extract import extract_splits, show_maps
from lucidag.models.frames import batches
from lucidag.models.head import evaluating
from lucidag.models.inputs import Inputs
from lucidag.models.network import Network
from lucidag.models.tail import find_tail
from lucidag.rof.control import LOGIT_BIAS
from lucidag.rof.generalisation import model_row
from lucidag.rof.grid import POINTS, grid, run_grid
from lucidag.rof.points import points_table
from lucidag.rof.rank import order_of, ranking_table
from lucidag.rof.roles import roles
from lucidag.rof.settings import Rof
from lucidag.rof.stage import run_sweep
from lucidag.rof.tables import curve_of, is_grid, numbers_of
from lucidag.rof.turning import turning_report
from tests.models.conftest import stripes

CLASSES = 3
HOW = Rof(methods=["l1", "random", "reversed"], random_orders=1, resamples=20, points=[2, 33])


def small(units: int, seed: int, bites: bool = True) -> nn.Module:
    """A network with a ReLU behind the convolution that classifies, and without padding or bias to hide behind."""
    torch.manual_seed(seed)
    last = nn.Conv2d(units, CLASSES, 1)
    model = nn.Sequential(nn.Conv2d(3, units, 3, stride=3), nn.ReLU(), last, nn.ReLU(), nn.AdaptiveAvgPool2d(1))
    if not bites:
        with torch.no_grad():
            last.weight.abs_(), last.bias.abs_()
    return nn.Sequential(model, nn.Flatten()).eval()


def network_of(kind: str, seed: int) -> Network:
    if kind == "squeezenet1_1":
        model, size = build(kind, CLASSES, {}, seed).eval(), 32
        with torch.no_grad():
            model.classifier[1].weight.mul_(40)  # initial weights tell classes apart by less than rounding
            nn.init.normal_(model.classifier[1].bias, generator=torch.Generator().manual_seed(seed))
    else:
        model, size = small(60, seed, kind == "small"), 12
    inputs = Inputs(size=size, mean=[0.4], std=[0.3])
    tail = find_tail(model, inputs.example())
    return Network(model, inputs, tail.layer, (), tail)


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """Return what the sweep stage gives of a network by its kind and seed, run once."""

    @cache
    def run(kind: str, seed: int):
        network = network_of(kind, seed)
        counts = {"train": [4, 3, 4], "val": [3, 3, 3], "test": [3, 4, 3]}
        manifest = stripes(tmp_path_factory.mktemp("data"), counts, size=12, channels=3, seed=seed)
        contents = extract_splits(network, manifest, ("train", "val", "test"), ["tint"], "cpu", 4)
        rankings = ranking_table(contents, HOW.methods, HOW.random_seeds)

        def show(split, see):
            show_maps(network, manifest, split, "cpu", 4, see)

        swept, selection = run_grid(contents, rankings, HOW, 1, show, network.tail.logits)
        return network, manifest, contents, rankings, swept, selection

    return run


CASES = [("small", 0), ("small", 1), ("squeezenet1_1", 0), ("squeezenet1_1", 1)]


def masked(network: Network, manifest: Manifest, split: str, order, k: int) -> torch.Tensor:
    """Run the network with the maps of all but the first k units of an order at zero, as anybody would."""
    layer = network.model.get_submodule(network.head)

    def off(_, inputs):
        kept = torch.zeros(layer.in_channels).index_fill(0, torch.from_numpy(order[:k].copy()), 1.0)
        return (inputs[0] * kept[:, None, None],)

    handle = layer.register_forward_pre_hook(off)
    try:
        return forward(network, manifest, split)
    finally:
        handle.remove()


def forward(network: Network, manifest: Manifest, split: str) -> torch.Tensor:
    with evaluating(network.model), torch.no_grad():
        frames = torch.cat(list(batches(manifest, manifest.rows(split), network.inputs, 4, 1)))
        return network.model(network.inputs.normalise(frames))


@pytest.mark.parametrize(("kind", "seed"), CASES)
def test_all_units_are_the_baseline_and_none_are_the_bias(kind, seed, ran):
    network, _, contents, _, swept, _ = ran(kind, seed)
    bias = network.model.get_submodule(network.head).bias.detach().double().relu()
    for split, content in contents.items():
        report, labels = evaluate(content), torch.from_numpy(content.labels)
        assert report["head_agreement"]["max_abs_difference"] < 1e-4
        for method in ("l1", "reversed", LOGIT_BIAS):
            accuracy, loss = (curve_of(swept.sweep, split, method, metric) for metric in ("accuracy", "loss"))
            assert accuracy[-1] == report["accuracy"]
            assert loss[-1] == pytest.approx(report["loss"], abs=1e-9)
            assert loss[0] == pytest.approx(functional.cross_entropy(bias.expand(len(labels), -1), labels).item())
            assert accuracy[0] == (labels == bias.argmax()).double().mean().item()


@pytest.mark.parametrize(("kind", "seed"), CASES)
def test_the_sweep_is_a_loop_of_masked_passes(kind, seed, ran):
    network, manifest, contents, rankings, swept, selection = ran(kind, seed)
    few = slice(None) if kind == "small" else slice(None, None, 6)
    for split, ranked_on, table in (("test", "test", swept.sweep), ("val", "train", selection.table)):
        order, labels = order_of(rankings, ranked_on, "l1"), torch.from_numpy(contents[split].labels)
        numbers = numbers_of(table, split, "l1")
        accuracy, loss = (curve_of(table, split, "l1", metric) for metric in ("accuracy", "loss"))
        for place in range(len(numbers))[few]:
            logits = masked(network, manifest, split, order, int(numbers[place]))
            assert loss[place] == pytest.approx(functional.cross_entropy(logits, labels).item(), rel=1e-4, abs=1e-5)
            top = logits.topk(2).values
            if (top[:, 0] - top[:, 1] > 1e-4).all():
                assert accuracy[place] == pytest.approx((logits.argmax(1) == labels).float().mean().item())


@pytest.mark.parametrize("seed", [0, 1])
def test_where_the_function_does_nothing_it_is_the_exact_sweep(seed, ran):
    """All maps behind the convolution are positive, so their ReLU changes none of them."""
    _, _, contents, rankings, swept, _ = ran("all positive", seed)
    linear = run_sweep(contents, rankings, HOW, 1)
    numbers = numbers_of(swept.sweep, "test", "l1")
    keys = ["split", "method", "seed", "k"]
    both = linear.sweep.merge(swept.sweep, on=keys, suffixes=("", "_grid"))
    assert len(both) == len(swept.sweep) == len(numbers) * len(swept.sweep[keys[:3]].drop_duplicates())
    for metric in ("accuracy", "loss", "worst_accuracy", "accuracy_class:row0"):
        assert np.allclose(both[metric], both[f"{metric}_grid"], atol=1e-6, equal_nan=True), metric
    banded = linear.bands.merge(swept.bands, on=[*keys, "metric"], suffixes=("", "_grid"))
    assert len(banded) == len(swept.bands)
    for end in ("low", "high"):
        assert np.allclose(banded[end], banded[f"{end}_grid"], atol=1e-6)


@pytest.mark.parametrize(("kind", "seed"), CASES)
def test_tables_say_that_nothing_is_known_between(kind, seed, ran):
    network, _, _, rankings, swept, selection = ran(kind, seed)
    units = network.model.get_submodule(network.head).in_channels
    numbers = numbers_of(swept.sweep, "test", "l1")
    assert is_grid(numbers)
    assert np.array_equal(numbers, grid(units, HOW.points))
    assert not swept.sweep["exact_between"].any()
    assert not selection.table["exact_between"].any()
    report = turning_report(swept.sweep, selection.table, swept.draws | selection.draws, 0.95)
    for point in report["turning_points"]:
        before, after = point["between"]
        assert point["exact_between"] is False
        assert point["units"] == units
        assert point["n0"] in numbers
        assert before <= point["n0"] <= after
        assert not set(range(before + 1, after)) - {point["n0"]} & set(numbers.tolist())
        rows = swept.sweep[(swept.sweep["split"] == point["split"]) & (swept.sweep["method"] == point["method"])]
        assert point["value"] == rows.loc[rows["k"] == point["n0"], point["metric"]].iloc[0]
    assert {choice["units"] for choice in report["selection"]} == {units}
    assert all(choice["k"] in numbers for choice in report["selection"])
    for key in [key for key in swept.draws if key.startswith("n0/")]:
        assert np.isin(swept.draws[key], numbers).all()
    assert list(points_table(swept.sweep, "l1", HOW.points)["k"].unique()) == HOW.points
    (row, _) = model_row("m", "m", 0, roles(rankings, swept.sweep), swept.sweep)
    assert row["n0_test"] in numbers


@pytest.mark.parametrize(("kind", "seed"), CASES)
def test_roles_near_a_turning_point_are_undecided(kind, seed, ran):
    _, _, _, rankings, swept, _ = ran(kind, seed)
    table = roles(rankings, swept.sweep, metric="loss")
    points = turning_report(swept.sweep, pd.DataFrame(), {}, 0.95)["turning_points"]
    for split in ("train", "test"):
        (point,) = (p for p in points if (p["split"], p["method"], p["metric"]) == (split, "l1", "loss"))
        before, after = point["between"]
        ranks = table[f"rank_{split}"]
        needed = table["role_loss"].isin(("both", f"{split}_only"))
        assert (needed == (ranks <= point["n0"])).all()
        undecided = table["flags"].str.contains(f"undecided_{split}")
        assert (undecided == ((ranks > before + 1) & (ranks < after))).all()
        numbers, gains = set(numbers_of(swept.sweep, split, "l1").tolist()), table[f"gain_{split}_loss"]
        known = [rank in numbers and rank - 1 in numbers for rank in ranks]
        assert (gains.notna() == known).all()
        loss = dict(zip(sorted(numbers), curve_of(swept.sweep, split, "l1", "loss"), strict=True))
        for rank, gain in zip(ranks[known], gains[known], strict=True):
            assert gain == pytest.approx(loss[rank - 1] - loss[rank])


@pytest.mark.parametrize("units", [1, 2, POINTS - 1, POINTS])
def test_few_units_have_no_gaps(units):
    assert grid(units).tolist() == list(range(units + 1))


@pytest.mark.parametrize("units", [POINTS + 1, 512, 1000, 2048])
def test_a_grid_begins_in_steps_of_one_and_ends_at_all(units):
    found = grid(units, [7, 300, 5000])
    assert found[0] == 0
    assert found[-1] == units
    assert found[:4].tolist() == [0, 1, 2, 3]
    assert len(found) <= POINTS + 3
    assert {7} <= set(found)
    assert (300 in found) == (units >= 300)
    assert 5000 not in found
    assert (np.diff(found) > 0).all()


def test_a_point_beyond_all_units_is_refused(ran):
    swept = ran("small", 0)[4]
    with pytest.raises(InputError, match="k = 61 was asked for, but the penultimate layer has 60 units"):
        points_table(swept.sweep, "l1", [61])
