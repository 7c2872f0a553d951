"""Groups too small to be called the worst."""

import numpy as np
import pytest

from lucidag.data.features import Features, judged_groups
from lucidag.models.evaluate import evaluate
from lucidag.rof.bands import weights
from lucidag.rof.control import shifted_logits
from lucidag.rof.rank import ranking_table
from lucidag.rof.settings import Rof
from lucidag.rof.stage import run_sweep
from lucidag.rof.sweep import prefix_logits, sweep
from lucidag.rof.turning import turning_report


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
        assert evaluate(content, min_group)["worst_group"] == {
            "name": name,
            "n": int((groups == int(name[1])).sum()),
            "accuracy": accuracy,
        }
        for logits in (prefix_logits, shifted_logits):
            result = sweep(features, labels, weight, bias, order, groups, 3, None, min_group, logits=logits)
            assert result.worst_accuracy[-1] == accuracy
            assert result.group_accuracy[2, -1] == 0.0


def few_judged(labels: list[int], groups: list[int]) -> Features:
    """Two units: the greater is wrong about class 1, both together are right about it."""
    features = np.tile(np.array([2.0, 1.0], dtype=np.float32), (len(labels), 1))
    return Features(
        images=tuple(map(str, range(len(labels)))),
        labels=np.array(labels),
        groups=np.array(groups),
        logits=np.zeros((len(labels), 2), dtype=np.float32),
        features=features,
        weight=np.array([[1.0, 0.0], [0.0, 3.0]], dtype=np.float32),
        bias=np.zeros(2, dtype=np.float32),
        classes=("a", "b"),
        group_names=tuple(f"g{group}" for group in range(max(groups) + 1)),
        layer="fc",
    )


def test_samples_without_a_judged_group_have_no_turning_point() -> None:
    groups = [0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7]
    content = few_judged([1] * 17, groups)
    lost = (weights(17, 200, 0)[:, :3].sum(axis=1) == 0).sum()
    assert 0 < lost < 200  # so many samples hold none of the three images of the one group that is judged
    ranking = ranking_table({"test": content}, ["l1"])
    swept = run_sweep({"test": content}, ranking, Rof(methods=["l1"], resamples=200), 3)
    assert swept.draws["n0/test/l1/worst_accuracy"].tolist() == [2] * (200 - lost)
    assert len(swept.draws["n0/test/l1/accuracy"]) == 200
    points = turning_report(swept.sweep, swept.sweep[:0], swept.draws, 0.999)["turning_points"]
    worst = next(each for each in points if (each["method"], each["metric"]) == ("l1", "worst_accuracy"))
    assert worst["n0"] == worst["high"] == 2
    assert worst["low"] <= 2


def test_the_worst_of_a_sample_is_the_worst_of_the_judged() -> None:
    """Group 1 holds one image, which is always wrong with all units on; group 0 is always right."""
    content = few_judged([1, 1, 1, 0], [0, 0, 0, 1])
    arguments = (content.features, content.labels, content.weight, content.bias, np.arange(2), content.groups, 2)
    counts = weights(4, 40, 0)
    assert (counts[:, 3] > 0).any()
    for logits in (prefix_logits, shifted_logits):
        drawn = sweep(*arguments, counts, 2, logits=logits).draws.worst_accuracy[:, -1]
        assert set(drawn[counts[:, :3].sum(axis=1) > 0]) == {1.0}
