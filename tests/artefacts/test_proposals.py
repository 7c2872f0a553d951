"""Proposals of a discovery that are tested, on networks that look at a spot, elsewhere, or at one unit."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.special import softmax

from lucidag.artefacts.discover.columns import MEMBERS, REST
from lucidag.artefacts.paste import widened
from lucidag.artefacts.proposals import (
    OFF,
    PASTED,
    RANDOM_SETS,
    TAKEN_OUT,
    Side,
    pasted,
    proposal_table,
    region,
    said,
    sides_of,
    units_off,
)
from lucidag.artefacts.proposals_run import Proposer, run_proposals
from lucidag.artefacts.removal import taken_out
from lucidag.artefacts.study_settings import WITH, WITHOUT
from lucidag.data.features import Features
from lucidag.data.manifest import read_manifest, write_manifest
from lucidag.explain.methods.explainer import single
from lucidag.models.inputs import Inputs
from lucidag.models.network import Network
from tests.artefacts.looks import Looks

SIZE, COUNT, UNITS = 32, 12, 6
CLASSES = ("light", "dark")


def spot() -> np.ndarray:
    """Give one of the 8 x 8 fields."""
    found = np.zeros((SIZE, SIZE), bool)
    found[4:8, 4:8] = True
    return found


def test_a_region_is_the_fewest_fields_with_three_quarters_of_the_positive_relevance():
    # Fields of 2 x 2 pixels with 12, 2, 1 and 1 of 16: one has three quarters of it.
    fields = np.array([[3.0, 0.5], [0.25, 0.25]])
    relevance = np.repeat(np.repeat(fields, 2, axis=0), 2, axis=1)
    assert region(relevance, 2).tolist() == np.repeat(np.repeat([[True, False], [False, False]], 2, 0), 2, 1).tolist()
    relevance[0, 0] = -50  # what speaks against the class is no part of it: 9, 2, 1 and 1 of 13
    assert region(relevance, 2).sum() == 8
    assert not region(-np.abs(relevance), 2).any()


@pytest.mark.parametrize(("size", "grid"), [(32, 8), (30, 7), (5, 8)])
def test_a_region_lies_on_what_is_relevant(size, grid):
    relevance = np.random.default_rng(size).normal(0, 0.01, (size, size))
    relevance[-1, -1] = 50
    found = region(relevance, grid)
    assert found.shape == (size, size)
    assert found[-1, -1]
    assert found.sum() <= np.ceil(size / grid) ** 2


def test_edits_change_the_region_and_nothing_else():
    rng = np.random.default_rng(0)
    host, other, donor = rng.integers(0, 256, (3, SIZE, SIZE, 3), dtype=np.uint8)
    mask = spot()
    same, after, control = pasted(host, other, donor, mask)
    assert (same == host).all()
    for found, source in ((after, donor), (control, other)):
        assert (found[mask] == source[mask]).all()
        assert (found[~mask] == host[~mask]).all()
    same, after, control = taken_out(donor, mask)
    assert (same == donor).all()
    assert (after != donor).any(axis=2)[mask].mean() > 0.9
    assert (after[~widened(mask)] == donor[~widened(mask)]).all()
    assert (control[mask] == donor[mask]).all()
    ring = np.ones((SIZE, SIZE), bool)
    ring[4:-4, 4:-4] = False
    assert len(taken_out(donor, ring)) == 2  # no room for a control


@pytest.mark.parametrize("seed", range(3))
def test_units_off_is_the_last_layer_without_them(seed):
    rng = np.random.default_rng(seed)
    features, weight, bias = rng.random((5, UNITS)), rng.normal(size=(3, UNITS)), rng.normal(size=3)
    before, after, control = units_off(features, weight, bias, 1, (0, 4), seed)
    head = torch.nn.Linear(UNITS, 3).double()
    head.weight.data, head.bias.data = torch.tensor(weight), torch.tensor(bias)

    def asked(off: tuple[int, ...]) -> np.ndarray:
        kept = features.copy()
        kept[:, list(off)] = 0
        return head(torch.tensor(kept)).softmax(1)[:, 1].detach().numpy()

    assert before == pytest.approx(asked(()), abs=1e-12)
    assert after == pytest.approx(asked((0, 4)), abs=1e-12)
    draws = np.random.default_rng(seed)
    sets = [tuple(draws.permutation(UNITS)[:2].tolist()) for _ in range(RANDOM_SETS)]
    assert control == pytest.approx(np.mean([asked(off) for off in sets], axis=0), abs=1e-12)


def test_each_proposal_has_two_sides_the_most_typical_image_first():
    images = pd.DataFrame(
        {
            "image": ["a", "b", "c", "d"],
            "name": "dark",
            "proposal": 1,
            "member": [True, True, False, False],
            "place": [0.6, 1.1, 0.3, -0.1],
        }
    )
    units = pd.DataFrame(
        {
            "unit": [5, 2, 3, 4, 1],
            "kind": ["kind", "kind", "kind", "kind", "column"],
            "name": [*["proposal 1"] * 4, "ring = 1"],
            "auc": [0.9, 0.8, 0.1, 0.99, 0.9],
            "found": [True, True, True, False, True],
        }
    )
    assert sides_of(images, units) == [
        Side(1, "dark", MEMBERS, ("b", "a"), (2, 5)),
        Side(1, "dark", REST, ("d", "c"), (3,)),
    ]


@pytest.fixture(scope="module")
def proposer(tmp_path_factory) -> Proposer:
    """Give a network that calls an image dark by a spot: half of the images have a dark one."""
    folder = tmp_path_factory.mktemp("proposals")
    images = np.random.default_rng(0).integers(200, 256, (2 * COUNT, SIZE, SIZE, 3), dtype=np.uint8)
    images[:COUNT, spot()] = 0
    names = [f"p{index}" for index in range(2 * COUNT)]
    table = pd.DataFrame({"image": names, "label": list(CLASSES) * COUNT, "split": "test"})
    write_manifest(folder, table, list(CLASSES), images)
    network = Network(Looks(spot(), slope=40, least=20.0), Inputs(SIZE, 3, "stretch", (0.0,), (1.0,)), None)
    shown = network.inputs.normalise(torch.stack([network.inputs.prepare(image) for image in images]))
    logits = network.model(shown).numpy()
    # Unit 0 is how dark the spot is: with it, the last layer gives these logits.
    features = np.random.default_rng(1).random((2 * COUNT, UNITS)).astype(np.float32)
    features[:, 0] = logits[:, 1]
    weight = np.zeros((2, UNITS), np.float32)
    weight[1, 0] = 1
    zeros = np.zeros(2 * COUNT, np.int64)
    bias = np.array([20, 0], np.float32)
    content = Features(tuple(names), zeros, zeros, logits, features, weight, bias, CLASSES, ("",), "fc")
    side = Side(1, "dark", MEMBERS, tuple(names[:COUNT]), (0,))
    explainer = single("exact", lambda x, target: ((1 - x) * network.model.mask).sum(1) * (1 if target == 1 else -1))
    return Proposer("net", network, content, read_manifest(folder), [side], explainer)


@pytest.fixture(scope="module")
def cells(proposer: Proposer) -> pd.DataFrame:
    middle = np.zeros((SIZE, SIZE), bool)
    middle[12:20, 12:20] = True
    others = {"other": Network(Looks(middle, slope=40, least=20.0), proposer.network.inputs, None)}
    return run_proposals([proposer], others, 8, 0, threads=1)


def test_edits_of_a_proposal_move_the_network_that_learnt_it_and_no_other(cells: pd.DataFrame) -> None:
    table = proposal_table(cells, {("net", 1, MEMBERS): 1}, 0.95, 200, 0).set_index(["edit", "set"])
    assert set(table.index) == {(PASTED, WITH), (PASTED, WITHOUT), (TAKEN_OUT, WITH), (TAKEN_OUT, WITHOUT), (OFF, WITH)}
    assert (table["images"] == 8).all()
    learnt = table.xs(WITH, level="set")
    assert learnt.loc[PASTED, "beyond_low"] > 0.95
    assert learnt.loc[TAKEN_OUT, "beyond_high"] < -0.95
    assert learnt.loc[OFF, "change"] < -0.99
    assert learnt.loc[OFF, "beyond"] < -0.9
    assert learnt.loc[OFF, "reason"]  # the same in all images: no interval
    assert abs(learnt.loc[[PASTED, TAKEN_OUT], "control"]).max() < 0.05
    assert table.xs(WITHOUT, level="set")[["change", "beyond"]].abs().max().max() < 0.05
    told = said(table.reset_index())
    assert len(told) == 1
    assert told[0].startswith(f"net, proposal 1, {MEMBERS}: probability of 'dark': {PASTED} +1.0")
    assert (
        f"beyond its control {learnt.loc[PASTED, 'beyond']:+.2f} ({learnt.loc[PASTED, 'beyond_low']:+.2f} to" in told[0]
    )
    assert f"(no interval: {learnt.loc[OFF, 'reason']})" in told[0]


def test_the_same_seed_gives_the_same_and_another_other_hosts(proposer: Proposer, cells: pd.DataFrame) -> None:
    again = run_proposals([proposer], {}, 8, 0, threads=1)
    pd.testing.assert_frame_equal(again, cells[cells["set"] == WITH].reset_index(drop=True))
    other = run_proposals([proposer], {}, 8, 1, threads=1)
    assert (other["before"] != again["before"]).any()


def test_units_stay_where_the_logits_are_not_linear_in_them(proposer: Proposer) -> None:
    content = replace(proposer.content, exact=proposer.content.logits.astype(np.float64))
    found = run_proposals([replace(proposer, content=content)], {}, 3, 0, threads=1)
    assert set(found["edit"]) == {PASTED, TAKEN_OUT}


def test_nothing_proposed_is_a_table_without_rows_and_a_sentence(proposer: Proposer) -> None:
    none = run_proposals([replace(proposer, sides=[])], {}, 3, 0, threads=1)
    table = proposal_table(none, {}, 0.95, 200, 0)
    assert table.empty
    assert said(table) == ["nothing was proposed, so nothing is tested"]


def test_probabilities_are_those_of_the_network(proposer: Proposer, cells: pd.DataFrame) -> None:
    own = cells[(cells["edit"] == OFF)]
    expected = dict(zip(proposer.content.images, softmax(proposer.content.logits, axis=1)[:, 1], strict=True))
    assert own["before"].tolist() == pytest.approx([expected[image] for image in own["image"]], abs=1e-6)
