"""What is planted is what the formulas say: each kind of unit by hand, and a network that plants and then trains."""

import numpy as np
import pytest
import torch

from lucidag.data.scenes import CONCEPTS, draw
from lucidag.ground.errors import InputError
from lucidag.models import planted
from lucidag.models.planted import ALIKE, FIELDS, OFF, make, planted_weights
from lucidag.models.planted_units import (
    DEAD,
    KINDS,
    NAMES,
    NOISE,
    NONE,
    PURE,
    REDUNDANT,
    SHORTCUT,
    SIZE,
    TWO,
    Plants,
    draw_plants,
)

RED, FISH, SEA = (NAMES.index(pair) for pair in (("red", "colour"), ("fish", "object"), ("sea", "place")))
COUNTS = {PURE: 6, TWO: 4, REDUNDANT: 3, DEAD: 2, SHORTCUT: 2, NOISE: 2}
TINY = {"width": 4, "detail": 4, "units": COUNTS, "floor": 0.0, "images": 72, "epochs": 1}


def one_of_each() -> Plants:
    kinds = [PURE, TWO, REDUNDANT, DEAD, SHORTCUT, NOISE]
    columns = {
        "first": [FISH, FISH, FISH, NONE, RED, NONE],
        "second": [NONE, SEA, NONE, NONE, NONE, NONE],
        "source": [NONE, NONE, 0, NONE, NONE, NONE],
        "acts_on": [3, 3, 3, 0, 4, NONE],
    }
    whole = {name: np.array(values) for name, values in columns.items()}
    return Plants(np.array([KINDS.index(kind) for kind in kinds]), **whole, least=np.array([0.25, 0, 0.25, 0, 0, 0.0]))


def test_one_unit_of_each_kind_by_hand():
    usual = np.full(len(NAMES), 8.0)
    weight, bias = planted_weights(one_of_each(), usual)
    found = np.zeros((len(NAMES) + FIELDS, 2))  # two positions
    found[FISH], found[SEA], found[RED] = (8, 1), (0, 3), (5, 0)
    found[len(NAMES) : len(NAMES) + 6] = np.array([(0.5, -0.5)] * 6) * np.arange(1, 7)[:, None]
    maps = np.maximum(weight @ found + bias[:, None], 0)
    noise = np.sqrt(1 / ALIKE**2 - 1) * 3 * 0.5
    np.testing.assert_allclose(maps[0], (8 - 2, 0))  # a quarter of the usual 8 passes without an answer
    np.testing.assert_allclose(maps[1], (8, 1 + 3))
    np.testing.assert_allclose(maps[2], (8 - 2 + noise, 0))
    np.testing.assert_allclose(maps[3], (0, 0))
    np.testing.assert_allclose(maps[4], (5, 0))
    np.testing.assert_allclose(maps[5], (6 * 0.5, 0))
    assert bias[3] == -OFF * 8


@pytest.mark.parametrize("seed", range(3))
def test_each_kind_is_drawn_as_asked(seed):
    sound = [*range(8), *range(13, 27)]
    plants = draw_plants(COUNTS, sound, "object", {"heart": "red", "fish": "sea"}, seed)
    kinds, classes = np.array(plants.kinds()), CONCEPTS["object"]
    assert {kind: int((kinds == kind).sum()) for kind in KINDS} == COUNTS
    for unit, kind in enumerate(kinds):
        first, second, acts = plants.first[unit], plants.second[unit], plants.acts_on[unit]
        if kind in (PURE, TWO, REDUNDANT):
            assert first in sound
            assert acts == (classes.index(NAMES[first][0]) if NAMES[first][1] == "object" else NONE)
        if kind == TWO:
            assert NAMES[first][1] != NAMES[second][1]
        if kind == REDUNDANT:
            source = plants.source[unit]
            assert kinds[source] == PURE
            assert (first, acts, plants.least[unit]) == (
                plants.first[source],
                plants.acts_on[source],
                plants.least[source],
            )
        if kind in (DEAD, NOISE):
            assert first == second == NONE
    shortcuts = [(NAMES[plants.first[u]][0], classes[plants.acts_on[u]]) for u in np.flatnonzero(kinds == SHORTCUT)]
    assert shortcuts == [("red", "heart"), ("sea", "fish")]


def test_what_cannot_be_planted_is_told():
    with pytest.raises(InputError, match="the shortcut 'red' is not told well enough"):
        draw_plants(COUNTS, [0, 20], "object", {"heart": "red"}, 0)
    with pytest.raises(InputError, match="names no class"):
        draw_plants(COUNTS, [0, 20], "object", {}, 0)
    with pytest.raises(InputError, match="more images or epochs"):
        draw_plants(COUNTS, [0, 1], "object", {"heart": "ball"}, 0)
    with pytest.raises(InputError, match=r"has 8 classes, and the data set 6"):
        make(6, **TINY).prepare(0, 1)


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    model = make(8, shortcuts={"heart": "red"}, **TINY)
    model.prepare(3, 1)
    return model


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    frames = np.stack([drawing.image for drawing in draw(40, SIZE, 9)])
    return torch.from_numpy(frames).permute(0, 3, 1, 2).float() / 255


def test_detectors_keep_what_they_learnt_when_their_norms_are_folded(network):
    """The mean of r_c over an image has standard deviation 1 over the images that it was scaled by."""
    seed = planted.mix(3, 0)
    frames = np.stack([drawing.image for drawing in draw(TINY["images"], SIZE, seed)])
    with torch.no_grad():
        found = network.detector(torch.from_numpy(frames).permute(0, 3, 1, 2).float() / 255).mean(dim=(2, 3))
    spread = found.std(dim=0, correction=0).numpy()
    np.testing.assert_allclose(spread[spread > 1e-3], 1, rtol=1e-3)
    assert (spread > 1e-3).sum() > len(NAMES) / 2


def test_noise_is_the_grain_alone(network, images):
    """Uniform over its range, and another in each image though two images differ by their grain alone."""
    with torch.no_grad():
        values = network.noise(images)[:, :, ::4, ::4]
        reach = np.sqrt(12) * 4 / 2
        other = network.noise((images + torch.randn((*images.shape[:1], 1, SIZE, SIZE)) / 255).clamp(0, 1))[
            :, :, ::4, ::4
        ]
    assert values.shape == (40, FIELDS, 4, 4)
    assert float(values.abs().max()) <= reach * 1.01
    assert float(values.std()) == pytest.approx(4, rel=0.1)
    assert abs(float(torch.corrcoef(torch.stack([values.flatten(), other.flatten()]))[0, 1])) < 0.1


def test_training_moves_all_but_what_is_planted(network, images):
    before = {name: value.clone() for name, value in network.state_dict().items()}
    parameters = [*network.trunk.parameters(), *network.fc.parameters()]
    optimizer = torch.optim.AdamW(parameters, 0.01, weight_decay=0.0)
    network.train()
    for _ in range(3):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(network(images), torch.arange(40) % 8).backward()
        optimizer.step()
    network.eval()
    after = network.state_dict()
    for name in before:
        if name.startswith(("detector.", "noise.", "plant.")):
            assert torch.equal(before[name], after[name]), name
    assert torch.equal(before["fc.weight"][:, 4:], after["fc.weight"][:, 4:])
    assert not torch.equal(before["fc.weight"][:, :4], after["fc.weight"][:, :4])
    plants = network.plants()
    weights = after["fc.weight"][:, 4:].numpy()
    for unit, acts in enumerate(plants.acts_on):
        expected = np.zeros(8)
        if acts != NONE:
            expected[acts] = 0.5
        np.testing.assert_array_equal(weights[:, unit], expected)


def test_dead_units_are_dead_and_copies_are_alike(network, images):
    seen = []
    handle = network.units.register_forward_hook(lambda module, inputs, output: seen.append(output))
    with torch.no_grad():
        network.eval()(images)
    handle.remove()
    kinds = np.array(network.plants().kinds())
    maps = seen[0][:, 4:].numpy()
    assert not maps[:, kinds == DEAD].any()
    assert maps[:, kinds != DEAD].mean(axis=(0, 2, 3)).min() >= 0
    detected = network.detector(images).detach().numpy()
    for unit in np.flatnonzero(kinds == SHORTCUT):
        first = network.plants().first[unit]
        if network.plants().least[unit] == 0:
            np.testing.assert_allclose(maps[:, unit], detected[:, first], rtol=1e-4, atol=1e-4)


def test_the_same_seed_plants_the_same():
    states = []
    for build in range(2):
        torch.manual_seed(build)
        model = make(8, shortcuts={"heart": "red"}, **TINY)
        model.prepare(5, 1)
        states.append(
            {k: v for k, v in model.state_dict().items() if k.startswith(("detector", "plant", "kind", "first"))}
        )
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
