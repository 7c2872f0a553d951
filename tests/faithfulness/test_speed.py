"""The benchmark checks what it times: a wrong value must stop it."""

import pytest
import torch
from torch import nn

from benchmarks import faithfulness_speed
from lucidag.explain.faithfulness.measure import Faithfulness, Image, measure
from lucidag.explain.faithfulness.settings import FaithfulnessSettings
from tests.faithfulness.cases import cam, image, network


@pytest.mark.parametrize("seed", range(2))
def test_captum_is_met_and_a_wrong_value_is_noticed(seed):
    model: nn.Module = network(seed)
    x = image(seed)
    explainer = cam(model, x[None], ("gradcam",), "blocks")
    settings = FaithfulnessSettings(metrics=("sensitivity_max", "infidelity"), infidelity_samples=20, seed=seed)
    ours = measure(model, [Image("image", x, 0)], lambda _: [explainer], (0.5,), settings)
    theirs = faithfulness_speed.by_captum(model, x[None], 0, [explainer], (0.5,), settings)
    assert faithfulness_speed.equality(ours, theirs) < 1e-3
    for key, value in theirs.items():
        with pytest.raises(AssertionError, match=f"{key[1]} of gradcam"):
            faithfulness_speed.equality(ours, {key: value * 1.01})
    undefined = Faithfulness([type(row)(**{**vars(row), "value": None}) for row in ours.rows], [])
    with pytest.raises(AssertionError, match="is None"):
        faithfulness_speed.equality(undefined, theirs)
    assert torch.is_grad_enabled()
