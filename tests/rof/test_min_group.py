"""Groups too small to be called the worst."""

import numpy as np
import pytest

from lucidag.features import Features, judged_groups
from lucidag.models.evaluate import evaluate
from lucidag.rof.control import logit_bias
from lucidag.rof.sweep import sweep


@pytest.mark.parametrize(
    ("sizes", "min_group", "judged"),
    [
        ([5, 1, 3], 1, [True, True, True]),
        ([5, 1, 3], 3, [True, False, True]),
        ([5, 1, 3], 9, [True, False, False]),
        ([5, 0, 3], 1, [True, False, True]),
    ],
)
def test_who_is_judged(sizes: list[int], min_group: int, judged: list[bool]) -> None:
    assert judged_groups(np.array(sizes), min_group).tolist() == judged


def test_sweep_control_and_evaluation_agree_on_the_worst_group() -> None:
    """Group 2 has one image, which is always wrong; from min_group 2 on it does not count."""
    rng = np.random.default_rng(0)
    features = rng.random((41, 6)).astype(np.float32)
    weight, bias = rng.standard_normal((2, 6)).astype(np.float32), np.zeros(2, np.float32)
    decisions = (features.astype(np.float64) @ weight.T.astype(np.float64)).argmax(1)
    labels = decisions.copy()
    labels[:12] = 1 - labels[:12]
    labels[40] = 1 - labels[40]
    groups = np.array([0] * 20 + [1] * 20 + [2])
    content = Features(
        images=tuple(map(str, range(41))),
        labels=labels,
        groups=groups,
        logits=(features @ weight.T).astype(np.float32),
        features=features,
        weight=weight,
        bias=bias,
        classes=("a", "b"),
        group_names=("g0", "g1", "g2"),
        layer="fc",
    )
    for min_group, name, accuracy in ((1, "g2", 0.0), (2, "g0", 8 / 20), (21, "g0", 8 / 20)):
        order = np.arange(6)
        assert evaluate(content, min_group)["worst_group"] == {"name": name, "accuracy": accuracy}
        for walk in (sweep, logit_bias):
            result = walk(features, labels, weight, bias, order, groups, 3, None, min_group)
            assert result.worst_accuracy[-1] == accuracy
            assert result.group_accuracy[2, -1] == 0.0
