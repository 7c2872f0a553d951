"""The benchmark checks what it times: a wrong explanation must stop it."""

import dataclasses

import pytest
import torch

from benchmarks.lime_speed import by_library, equality
from lucidag.explain.lime.explain import explain
from tests.lime.words import lime_settings


def test_equal_explanations_pass_and_others_stop_the_benchmark(make_frame, make_network):
    frame, classify = make_frame(3, size=64), make_network(3)
    settings = lime_settings(parameters={"kernel_size": 4}, num_features=4, num_samples=60, seed=5)
    expected = by_library(lambda p: classify(torch.from_numpy(p.transpose(0, 3, 1, 2).copy())), frame, settings)
    found = explain(classify, frame, settings, None, 32)
    assert equality(found, expected) < 1e-4
    fit = found.fits[found.target]
    other_order = dataclasses.replace(found, fits={found.target: fit._replace(weights=fit.weights[::-1])})
    with pytest.raises(AssertionError, match="superpixels"):
        equality(other_order, expected)
    moved = fit._replace(weights=[(i, w + 2e-4) for i, w in fit.weights])
    other_weights = dataclasses.replace(found, fits={found.target: moved})
    with pytest.raises(AssertionError, match="apart"):
        equality(other_weights, expected)
    with pytest.raises(AssertionError, match="superpixels"):
        equality(dataclasses.replace(found, segments=found.segments[::-1]), expected)
