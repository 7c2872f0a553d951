"""Relevance as studies ask for it."""

import copy

import pytest
import torch

from lucidag.explain.methods import lrp as method
from lucidag.explain.relevance.lrp import lrp
from lucidag.explain.stage import open_group
from lucidag.ground.errors import InputError
from lucidag.models.inputs import Inputs
from lucidag.models.network import Network
from lucidag.models.small import small_cnn


def test_relevance_that_explodes_is_not_measured(monkeypatch):
    """But that of a network whose weights were randomised may."""
    monkeypatch.setattr(method, "lrp", lambda *asked, **more: lrp(*asked, limit=0.0, **more))
    model, x = small_cnn(2, width=4, depth=2).eval(), torch.rand(2, 3, 16, 16)
    family = {"methods": ["epsilon_gamma_box"], "options": {}}
    make = open_group(family, Network(model, Inputs(16), "fc"), "cpu").explainers
    with pytest.raises(InputError, match="composite 'epsilon_gamma_box': the relevance explodes"):
        make(model)[0](x, 1)
    assert make(copy.deepcopy(model))[0](x, 1)["epsilon_gamma_box"].shape == (2, 16, 16)
