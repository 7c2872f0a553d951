"""From a discovery to the test of what it proposes, on a network whose shortcut is known."""

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.special import softmax
from torch import nn

from lucidag.artefacts.discover.maps import maps_of
from lucidag.artefacts.discover.settings import Discovery
from lucidag.artefacts.discover.stage import Shown, run_discovery
from lucidag.artefacts.proposals import CELLS, COLUMNS, OFF, PASTED, TAKEN_OUT, Side, proposal_table, sides_of
from lucidag.artefacts.proposals_run import Proposer, run_proposals
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
    cells = run_proposals([proposer], {"clean": network(red=0.0)}, 12, request.param, threads=1)
    units = {("own", side.proposal, side.side): len(side.units) for side in sides}
    return proposer, cells, proposal_table(cells, units, 0.95, 200, 0), found


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


def test_a_frame_is_shown_as_it_is_to_a_network_that_cuts_out_the_middle(tmp_path):
    manifest = drawn(tmp_path, 0)
    own = network(resize="crop")
    content = seen_by(network(), manifest, "test")
    side = Side(1, "yes", "members", ("i302", "i305"), ())  # bright in the middle, which is left
    cells = run_proposals([Proposer("own", own, content, manifest, [side], exact(own))], {}, 2, 0, threads=1)
    frame = own.inputs.prepare(Images(manifest).read(302))[None]
    with torch.inference_mode():
        logits = own.model(own.inputs.normalise(frame)).numpy().astype(np.float64)
    (before,) = cells[(cells["image"] == "i302") & (cells["edit"] == TAKEN_OUT)]["before"]
    assert before == pytest.approx(softmax(logits, axis=1)[0, 1], abs=1e-6)
