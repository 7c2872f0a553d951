"""The composite whose gamma rule is for both signs loses nothing in small networks of all families of torchvision."""

import pytest

from lucidag.explain.relevance.composites import composite_for, input_range
from lucidag.explain.relevance.lrp import lrp
from tests.zoo.architectures import FEW, doubled, opened, stripped

SMALL = [name for name in FEW if ":" in name]


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("name", SMALL)
def test_without_constants_the_pixels_have_the_logit(name: str, seed: int) -> None:
    network = doubled(opened(name, seed))
    x = network.inputs.example(1)
    low, high = (bound.to(x) for bound in input_range(network.inputs))
    rules = composite_for("epsilon_gamma_box", network.model, x, low, high)
    with stripped(network.model):
        target = int(network.model(x)[0].abs().argmax())
        found = lrp(network.model, x, [target], rules)
    assert found.totals[0] / found.logits[0] == pytest.approx(1, abs=0.01)
    assert not found.exploded[0]
