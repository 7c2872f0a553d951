"""Proposals of a discovery, tested: on a network whose shortcut is known, and by hand."""

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.special import softmax
from torch import nn

from lucidag.artefacts.discover.maps import maps_of
from lucidag.artefacts.discover.settings import Discovery
from lucidag.artefacts.discover.stage import Shown, run_discovery
from lucidag.artefacts.proposals.asked import CELLS, ask_proposals, units_off
from lucidag.artefacts.proposals.edits import OFF, PASTED, TAKEN_OUT, Proposer, edits_of, pasted, taken_out
from lucidag.artefacts.proposals.sides import Side, region, sides_of
from lucidag.artefacts.proposals.table import COLUMNS, proposal_table, said
from lucidag.data.features import Features
from lucidag.data.images import Images
from lucidag.data.manifest import read_manifest, write_manifest
from lucidag.explain.methods.explainer import single
from lucidag.models.inputs import Inputs
from lucidag.models.network import Network

SIZE, PATCH, MIDDLE = 16, 4, slice(6, 10)
REDNESS, BRIGHTNESS, OTHERS = (0, 1), 2, 6


class Shortcut(nn.Module):
    """Two classes: `yes` is what shows a red patch in the corner, or is bright in the middle.

    Units 0 and 1 are the redness of the corner's halves, unit 2 the brightness of the middle. The units
    behind are noise: how bright single places are. The last layer has little use for them.
    """

    def __init__(self, red: float = 10.0) -> None:
        super().__init__()
        self.fc = nn.Linear(3 + OTHERS, 2)
        with torch.no_grad():
            self.fc.weight.copy_(torch.zeros(2, 3 + OTHERS))
            self.fc.weight[1] = torch.tensor([red, red, 40.0, *[0.1] * OTHERS])
            self.fc.bias.copy_(torch.tensor([0.0, -8.0]))

    def units(self, x: torch.Tensor) -> torch.Tensor:
        redness = torch.relu(x[:, 0] - x[:, 1])
        halves = [redness[:, :PATCH, : PATCH // 2], redness[:, :PATCH, PATCH // 2 : PATCH]]
        middle = torch.relu(x[:, :, MIDDLE, MIDDLE].mean((1, 2, 3)) - 0.4)
        return torch.stack([*(each.mean((1, 2)) for each in halves), middle, *x[:, 2, 5 : 5 + OTHERS, 0].T], dim=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(self.units(x))


def network(red: float = 10.0, resize: str = "stretch") -> Network:
    return Network(Shortcut(red).eval(), Inputs(SIZE, 3, resize, (0.0,), (1.0,)), "fc")


def exact(own: Network):
    """Explain by gradient times input, exact but for the floor of each unit."""

    def maps(x, target):
        x = x.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(own.model(x)[:, target].sum(), x)
        return (gradient * x).sum(1).detach().numpy()

    return single("exact", maps)


def drawn(folder, seed: int):
    """Draw 3 x 100 images a split: dark ones, ones with a patch in the corner, and ones bright in the middle."""
    rng = np.random.default_rng(seed)
    count = 600
    kind = np.tile([0, 1, 2], count // 3)
    pixels = rng.integers(60, 90, (count, SIZE, SIZE, 1)).repeat(3, axis=3).astype(np.uint8)
    for place in np.flatnonzero(kind == 1):
        pixels[place, :PATCH, :PATCH] = rng.integers(200, 240), 10, 10
    bright = np.flatnonzero(kind == 2)
    pixels[bright, MIDDLE, MIDDLE] = rng.integers(190, 240, (len(bright), 1, 1, 1))
    split = np.where(np.arange(count) < count // 2, "val", "test")
    names = [f"i{place}" for place in range(count)]
    table = pd.DataFrame({"image": names, "label": np.where(kind == 0, "no", "yes"), "split": split})
    write_manifest(folder, table.assign(patch=(kind == 1).astype(int).astype(str)), ["no", "yes"], images=pixels)
    return read_manifest(folder)


def seen_by(own: Network, manifest, split: str) -> Features:
    rows = manifest.rows(split)
    read = Images(manifest).read
    x = own.inputs.normalise(torch.stack([own.inputs.prepare(read(int(row))) for row in rows]))
    with torch.inference_mode():
        features, logits = own.model.units(x).numpy(), own.model(x).numpy()
    images = tuple(manifest.table["image"].iloc[rows])
    labels = np.array([("no", "yes").index(each) for each in manifest.table["label"].iloc[rows]], dtype=np.int64)
    weight, bias = (each.detach().numpy() for each in (own.model.fc.weight, own.model.fc.bias))
    return Features(images, labels, 0 * labels, logits, features, weight, bias, ("no", "yes"), ("",), "fc")


@pytest.fixture(scope="module", params=[0, 1])
def tested(request, tmp_path_factory):
    """What is discovered in the network that knows the patch, and what testing it gives, as the stages do it."""
    own, manifest = network(), drawn(tmp_path_factory.mktemp("drawn"), request.param)
    contents = {split: seen_by(own, manifest, split) for split in ("val", "test")}
    shown = {
        split: Shown(each, maps_of(own, manifest, each, exact(own), threads=1)) for split, each in contents.items()
    }
    found = run_discovery(shown, manifest, Discovery(clusters=3, surrogates=19, resamples=10))
    sides = sides_of(found.images, found.units)
    proposer = Proposer("own", own, contents["test"], manifest, sides, exact(own))
    cells = ask_proposals([proposer], {"clean": network(red=0.0)}, 12, request.param, threads=1)
    return proposer, cells, proposal_table(cells, [proposer], 0.95, 200, 0), found


def test_the_planted_patch_is_proposed_and_its_units_with_it(tested):
    proposer, _, _, found = tested
    assert found.kinds["proposed"].sum() == 1
    with_patch = {f"i{place}" for place in range(300, 600) if place % 3 == 1}
    sides = {frozenset(side.units) & set(range(3)): set(side.images) for side in proposer.sides}
    assert sides[frozenset(REDNESS)] == with_patch
    assert sides[frozenset([BRIGHTNESS])].isdisjoint(with_patch)


def test_pasting_the_patch_moves_the_network_that_knows_it_and_a_control_does_not(tested):
    proposer, cells, table, _ = tested
    (side,) = (each.side for each in proposer.sides if set(REDNESS) <= set(each.units))
    rows = table[table["side"] == side].set_index(["edit", "set"])
    for edit, sign in ((PASTED, 1), (TAKEN_OUT, -1), (OFF, -1)):
        row = rows.loc[(edit, "with")]
        assert sign * row["change"] > 0.9, edit
        assert min(sign * row["beyond_low"], sign * row["beyond_high"]) > 0.5, edit
        assert abs(row["control"]) < 0.35, edit  # random units hold one of two now and then
        assert row["images"] == 12
    for edit in (PASTED, TAKEN_OUT):
        assert abs(rows.loc[(edit, "without"), "change"]) < 0.01
    assert (OFF, "without") not in rows.index
    assert list(table.columns) == list(COLUMNS)
    assert list(cells.columns) == list(CELLS)


def test_the_same_seed_gives_the_same_and_another_asks_other_images(tested):
    proposer, side = tested[0], tested[0].sides[0]
    first, again, other = (edits_of(proposer, side, 3, seed, threads=1) for seed in (0, 0, 1))
    assert all(
        (a == b).all() for one, two in zip(first, again, strict=True) for a, b in zip(one.shown, two.shown, strict=True)
    )
    assert not all(np.array_equal(one.shown, two.shown) for one, two in zip(first, other, strict=True))


def test_what_is_found_is_said(tested):
    table = tested[2]
    first, second = said(table)
    assert first.startswith("own, proposal 1, members: probability of 'yes', pasted +")
    assert "beyond its control (+" in first
    assert second.startswith("own, proposal 1, rest: ")
    assert said(table[:0]) == ["nothing was proposed, so nothing is tested"]
    lonely = table[table["edit"] == TAKEN_OUT].assign(beyond=np.nan, reason="fewer than two images have a value")
    assert said(lonely)[0].endswith("without a control")


def test_a_frame_is_shown_as_it_is_to_a_network_that_cuts_out_the_middle(tmp_path):
    manifest = drawn(tmp_path, 0)
    own = network(resize="crop")
    content = seen_by(network(), manifest, "test")
    side = Side(1, "yes", "members", ("i302", "i305"), ())  # bright in the middle, which is left
    cells = ask_proposals([Proposer("own", own, content, manifest, [side], exact(own))], {}, 2, 0, threads=1)
    frame = own.inputs.prepare(Images(manifest).read(302))[None]
    with torch.inference_mode():
        logits = own.model(own.inputs.normalise(frame)).numpy().astype(np.float64)
    (before,) = cells[(cells["image"] == "i302") & (cells["edit"] == TAKEN_OUT)]["before"]
    assert before == pytest.approx(softmax(logits, axis=1)[0, 1], abs=1e-6)


def test_a_region_is_the_fewest_fields_with_half_of_the_positive_relevance():
    maps = np.array([[4.0, 4, 0, 1], [4, 4, 1, 0], [-9, -9, 3, 3], [-9, -9, 3, 3]])  # fields of 16, 2, 0 and 12
    assert region(maps, 2).tolist() == [[True, True, False, False]] * 2 + [[False] * 4] * 2
    assert region(maps[::-1] * [1, 1, 5, 5], 2).sum() == 4
    assert not region(-np.ones((4, 4)), 2).any()
    assert region(np.ones((4, 4)), 2).sum() == 8
    assert region(np.ones((3, 3)), 8).sum() == 5  # a grid is not finer than the map
    assert region(np.ones((5, 5)), 2).shape == (5, 5)


def test_sides_are_read_with_the_most_typical_images_first_and_the_units_that_go_with_them():
    images = pd.DataFrame(
        {"image": ["a", "007", "c", "d"], "name": "x", "proposal": 2, "member": [True, True, False, False]}
    ).assign(place=[1.4, 0.9, 0.3, -0.1])
    rows = [(3, "proposal 2", 0.9, True), (1, "proposal 2", 0.1, True), (2, "proposal 2", 0.8, False)]
    units = pd.DataFrame(rows, columns=["unit", "name", "auc", "found"]).assign(kind="kind")
    units.loc[len(units)] = [5, "proposal 2", 0.9, True, "column"]
    assert sides_of(images, units) == [
        Side(2, "x", "members", ("007", "a"), (3,)),
        Side(2, "x", "rest", ("d", "c"), (1,)),
    ]
    assert sides_of(images[:0], units[:0]) == []


def test_what_is_pasted_and_taken_out_is_the_region_alone():
    rng = np.random.default_rng(0)
    host, donor, other = rng.integers(0, 255, (3, 8, 8, 3), dtype=np.uint8)
    mask = np.zeros((8, 8), bool)
    mask[:3, :2] = True
    same, put, control = pasted(host, donor, other, mask)
    assert (same == host).all()
    assert (put[mask] == donor[mask]).all()
    assert (control[mask] == other[mask]).all()
    assert all((each[~mask] == host[~mask]).all() for each in (put, control))
    before, after, beside = taken_out(host, mask)
    assert (before == host).all()
    assert (after[5:, 4:] == host[5:, 4:]).all()
    assert (beside[mask] == host[mask]).all()
    rim = np.ones((8, 8), bool)
    rim[2:6, 2:6] = False
    assert len(taken_out(host, rim)) == 2  # as large a place elsewhere does not exist


def test_units_off_are_exactly_those_of_a_loop_through_the_last_layer():
    rng = np.random.default_rng(0)
    features, weight, bias = rng.normal(size=(5, 7)), rng.normal(size=(3, 7)), rng.normal(size=3)
    before, after, control = units_off(features, weight, bias, 2, (1, 4), 0)
    masked = features * ~np.isin(np.arange(7), (1, 4))
    assert before == pytest.approx(softmax(features @ weight.T + bias, axis=1)[:, 2], abs=1e-12)
    assert after == pytest.approx(softmax(masked @ weight.T + bias, axis=1)[:, 2], abs=1e-12)
    everything = units_off(features, weight, bias, 2, range(7), 0)
    assert everything[1] == pytest.approx(everything[2])  # all are as random as all
    assert np.ptp(everything[1]) < 1e-12
    assert not np.allclose(control, after)
