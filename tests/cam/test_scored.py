"""Score-CAM of some channels alone: what is left out, how far that can matter, and that it is said."""

import numpy as np
import pytest
import torch

from lucidag.explain.methods.cam import CamExplainer
from lucidag.explain.methods.scorecam import ScoreCam, strongest
from lucidag.explain.subjects import Subject
from lucidag.models.inputs import Inputs
from lucidag.models.network import Network
from tests.cam.networks import image, network

LAYER = "blocks.block2"  # of 12 channels


def scorecam(channels: int | None = None, seed: int = 0):
    model, x = network("small_cnn", seed), image("small_cnn", seed)
    methods = {"scorecam": ScoreCam(None, {"channels": channels})}
    return CamExplainer(model, x, LAYER, 4).explain(x, methods, 1)


def test_with_all_channels_it_is_exact():
    exact = scorecam()
    assert (exact.notes, exact.channels) == ({}, {})
    for count in (12, 500):
        found = scorecam(count)
        np.testing.assert_array_equal(found.maps["scorecam"], exact.maps["scorecam"])
        np.testing.assert_array_equal(found.weights["scorecam"], exact.weights["scorecam"])
        assert (found.notes, found.channels) == ({}, {})


def test_the_channels_with_most_activation_by_hand():
    activations = torch.tensor([[1.0, 1.0], [0.0, 0.0], [-3.0, 1.0], [0.5, 1.5]])[None, :, None]
    assert strongest(activations, None) == ([0, 1, 2, 3], 1.0)
    assert strongest(activations, 1) == ([2], 0.5)
    assert strongest(activations, 2) == ([0, 2], 0.75)  # of two that are as strong the first
    assert strongest(torch.zeros(1, 3, 2, 2), 1) == ([0], 0.0)


@pytest.mark.parametrize("seed", range(3))
def test_what_is_left_out_counts_nothing_and_the_rest_among_themselves(seed):
    exact, found = scorecam(seed=seed), scorecam(5, seed)
    ours, whole = found.weights["scorecam"], exact.weights["scorecam"].astype(np.float64)
    kept = ours > 0
    assert kept.sum() == found.channels["scorecam"] == 5
    np.testing.assert_allclose(ours[kept], whole[kept] / whole[kept].sum(), rtol=1e-4)
    assert found.notes["scorecam"].startswith("an approximation: 5 of 12 channels were scored, which hold ")


@pytest.mark.parametrize("seed", range(3))
def test_the_sum_moves_by_no_more_than_the_channels_that_are_left_out_hold(seed):
    """The bound: at each place the sum before scaling lacks at most the greatest weight times what is left out."""
    model, x = network("small_cnn", seed), image("small_cnn", seed)
    explainer = CamExplainer(model, x, LAYER, 4)
    values = explainer.split.at(x).activations[0].double().numpy()
    weights = scorecam(seed=seed).weights["scorecam"].astype(np.float64)
    kept, _ = strongest(torch.from_numpy(values)[None], 6)
    left = np.setdiff1d(np.arange(len(values)), kept)
    whole, part = (np.tensordot(weights[each], values[each], 1) for each in (slice(None), kept))
    assert (np.abs(whole - part) <= weights.max() * np.abs(values[left]).sum(axis=0) + 1e-12).all()


def test_the_group_says_how_many_were_scored():
    inputs = Inputs(32, 3, "stretch", (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))
    frame = torch.randint(0, 256, (3, 32, 32), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    options = {"layer": LAYER, "batch_size": 4, "score_cam": {"channels": 3}}
    group = ScoreCam.group({"scorecam": ScoreCam}, Network(network("small_cnn", 1), inputs, None), options, "cpu")
    record = group.explain(Subject("p", "0", None, frame, None), [str(index) for index in range(5)]).record
    assert record["channels"] == {"scorecam": 3}
    assert "3 of 12 channels" in record["notes"]["scorecam"]


def test_no_channel_is_refused():
    with pytest.raises(ValueError, match="channels"):
        ScoreCam(None, {"channels": 0})
