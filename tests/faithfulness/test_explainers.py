"""The explainers that a configuration names."""

import copy

import pytest
import torch

from lucidag.explain.faithfulness import stage
from lucidag.explain.relevance.lrp import lrp
from lucidag.ground.errors import InputError
from lucidag.models.inputs import Inputs
from lucidag.models.network import Network
from lucidag.models.small import small_cnn


def test_relevance_that_explodes_is_not_measured(monkeypatch):
    """But that of a network whose weights were randomised may."""
    monkeypatch.setattr(stage, "lrp", lambda *asked: lrp(*asked, limit=0.0))
    model, x = small_cnn(2, width=4, depth=2).eval(), torch.rand(2, 3, 16, 16)
    make = stage.explainers(Network(model, Inputs(16), "fc"), [], ["epsilon_gamma_box"], None, "cpu")
    with pytest.raises(InputError, match="composite 'epsilon_gamma_box': the relevance explodes"):
        make(model)[0](x, 1)
    assert make(copy.deepcopy(model))[0](x, 1)["epsilon_gamma_box"].shape == (2, 16, 16)
