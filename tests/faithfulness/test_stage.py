"""The explanations of a model as a job measures them: which methods there are, and which class they explain."""

import numpy as np
import pytest
import torch

from lucidag.explain.faithfulness.metrics import Row
from lucidag.explain.faithfulness.settings import FaithfulnessSettings
from lucidag.explain.faithfulness.shared import Shared
from lucidag.explain.faithfulness.stage import measure_subjects
from lucidag.explain.lime.explain import explain
from lucidag.explain.lime.neighbourhood import classifier
from lucidag.explain.lime.settings import LimeSettings
from lucidag.explain.methods import lime as group
from lucidag.explain.stage import explain_subjects, explainers
from lucidag.explain.store import Explained
from lucidag.explain.subjects import Subject
from lucidag.models.attention import attention_small_resnet
from lucidag.models.inputs import Inputs
from lucidag.models.network import Network
from tests.faithfulness.cases import network

SIZE = 32
FAMILIES = [{"methods": [name], "options": {}} for name in ("gradcam", "epsilon_plus_flat")]
SETTINGS = {"families": FAMILIES}


def frame(seed: int) -> torch.Tensor:
    return torch.randint(0, 256, (3, SIZE, SIZE), generator=torch.Generator().manual_seed(seed), dtype=torch.uint8)


@pytest.fixture(scope="module")
def opened() -> Network:
    return Network(network(0), Inputs(SIZE, 3, "stretch", (0.5,), (0.25,)), "fc")


def test_the_class_is_the_named_one_or_else_the_predicted_one(opened):
    subjects = [Subject(f"p{seed}", "a", target, frame(seed), None) for seed, target in ((0, None), (1, 2), (2, 3))]
    stored = [Explained("p1", frame(1).numpy(), None, {"lime": np.eye(SIZE, dtype=np.float32)})]
    measuring = {"metrics": ["deletion"], "steps": 2, "shares": [0.5]}
    found = measure_subjects(opened, subjects, stored, {**SETTINGS, "measuring": measuring}, "cpu", 1)
    starts = {(point.image, point.method): point.value for point in found.points if point.share == 0}
    with torch.no_grad():
        chances = opened.model(opened.inputs.normalise(torch.stack([each.frame for each in subjects]))).softmax(1)
    wanted = {"p0": chances[0].max(), "p1": chances[1, 2], "p2": chances[2, 3]}
    for (image, _), value in starts.items():
        assert value == pytest.approx(float(wanted[image]), abs=1e-6)
    methods = {image: [method for own, method in starts if own == image] for image in wanted}
    assert methods["p0"] == methods["p2"] == ["gradcam", "epsilon_plus_flat", "centre", "random"]
    assert methods["p1"] == [*methods["p0"], "lime"]


def test_a_network_with_attention_has_its_map_and_lime_is_asked_where_it_is_set(opened):
    torch.manual_seed(0)
    attentive = Network(attention_small_resnet(3, width=4).eval(), opened.inputs, "fc")
    lime = {"segmentation": {"algorithm": "slic", "n_segments": 6}, "num_samples": 10}
    attention = {"methods": ["attention"], "options": {}}
    x = opened.inputs.normalise(frame(0)[None])
    maps = {}
    for explainer in explainers([*FAMILIES, attention], attentive, "cpu"):
        maps |= explainer(x, 1)
    assert list(maps) == ["gradcam", "epsilon_plus_flat", "attention"]
    assert all(values.shape == (1, SIZE, SIZE) for values in maps.values())
    families = [FAMILIES[1], attention, {"methods": ["lime"], "options": {"settings": lime}}]
    assert [each.methods for each in explainers(families, opened, "cpu")] == [("epsilon_plus_flat",), ("lime",)]


SLIC = {"segmentation": {"algorithm": "slic", "n_segments": 12}, "num_features": 4}
OWN = {"p0": {**SLIC, "num_samples": 20}, "p1": {**SLIC, "num_samples": 15, "seed": 3}, "p2": SLIC}
MEASURING = {
    "sensitivity_samples": 3,
    "radius": 0.1,
    "infidelity_samples": 4,
    "steps": 2,
    "shares": [0.5],
    "randomisation_steps": 1,
}
LIME = {"methods": ["lime"], "options": {"batch_size": 7, "own": OWN}}
AGAIN = {"families": [*FAMILIES, LIME]}


@pytest.fixture(scope="module")
def subjects() -> list[Subject]:
    """Images of 64 blocks of one colour, which superpixels follow."""

    def blocks(seed: int) -> torch.Tensor:
        return frame(seed)[:, :8, :8].repeat_interleave(SIZE // 8, 1).repeat_interleave(SIZE // 8, 2)

    return [Subject(f"p{seed}", "a", target, blocks(seed), None) for seed, target in ((0, None), (1, 2), (2, 3))]


@pytest.fixture(scope="module")
def stored(opened, subjects) -> list[Explained]:
    """LIME's maps of the first two images."""
    return explain_subjects(opened, subjects[:2], "abcd", LIME, "cpu", 1)


def rows_of(opened, subjects, stored, **more) -> list[Row]:
    settings = {**SETTINGS, "measuring": MEASURING, **more}
    return measure_subjects(opened, subjects, stored, settings, "cpu", 1).rows


def test_sensitivity_of_lime_is_that_of_its_own_settings_on_the_images_with_noise(opened, subjects, stored):
    rows = rows_of(opened, subjects, stored, **AGAIN)
    found = {row.image: row.value for row in rows if (row.method, row.metric) == ("lime", "sensitivity_max")}
    classify = classifier(opened, "cpu")
    wanted = {}
    for subject, own in zip(subjects, stored, strict=False):
        x = opened.inputs.normalise(subject.frame[None])[0]
        how = FaithfulnessSettings(**{**MEASURING, "shares": (0.5,)})
        target = own.record["target"]
        (noisy,) = Shared(opened.model, subject.image, x, target, opened.inputs.std, how).noisy()
        frames = ((noisy * 0.25 + 0.5) * 255).round().clamp(0, 255).to(torch.uint8).numpy()
        settings = LimeSettings.from_json(OWN[subject.image])
        moved = [explain(classify, each, settings, target, 7).map.astype(float) for each in frames]
        first = own.maps["lime"].astype(float)
        unit = first / np.linalg.norm(first)
        wanted[subject.image] = max(np.linalg.norm(each / np.linalg.norm(each) - unit) for each in moved)
    assert list(found) == ["p0", "p1"]
    assert found == pytest.approx(wanted, rel=1e-4)
    assert min(found.values()) > 0.05
    # Noise that rounding to 8 bits takes away: the stored map again.
    still = {**MEASURING, "radius": 1e-6, "metrics": ["sensitivity_max"]}
    rows = rows_of(opened, subjects, stored, **AGAIN, measuring=still)
    assert [row.value for row in rows if row.method == "lime"] == pytest.approx([0, 0], abs=1e-6)


def test_sensitivity_of_lime_is_one_more_row_and_changes_no_other(opened, subjects, stored):
    without, rows = rows_of(opened, subjects, stored), rows_of(opened, subjects, stored, **AGAIN)
    more = [row for row in rows if row not in without]
    assert [(row.image, row.method, row.metric) for row in more] == [
        (image, "lime", "sensitivity_max") for image in ("p0", "p1")
    ]
    assert [row for row in rows if row not in more] == without
    assert ("lime", "randomisation") not in {(row.method, row.metric) for row in rows}
    parts = [rows_of(opened, some, stored, **AGAIN) for some in (subjects[:1], subjects[1:])]
    assert [row for part in parts for row in part] == rows


def test_the_network_is_made_ready_for_lime_once_and_only_where_it_is_asked_again(
    opened, subjects, stored, monkeypatch
):
    made = []
    monkeypatch.setattr(group, "classifier", lambda *given: made.append(given) or classifier(*given))
    quick = {"measuring": {**MEASURING, "metrics": ["sensitivity_max"]}}
    rows_of(opened, subjects, stored, **quick)
    assert rows_of(opened, subjects, [], **quick, **AGAIN) == rows_of(opened, subjects, [], **quick)
    assert made == []
    rows_of(opened, subjects, stored, **quick, **AGAIN)
    assert made == [(opened, "cpu")]
