"""Labels of units, against untrained networks and against chance."""

from functools import cache, partial

import numpy as np
import pandas as pd
import torch
from numpy.random import Generator
from numpy.typing import NDArray

from benchmarks.validity.case import COVERS, REJECTS, Case, covers
from lucidag.models.inputs import Inputs
from lucidag.models.untrained import adapt, untrained
from lucidag.units.compare.roles_join import role_tests
from lucidag.units.compare.two_models import compare
from lucidag.units.evidence import Evidence
from lucidag.units.labels.chance import untrained_chance
from lucidag.units.labels.held_out import average_precision, precision_interval
from lucidag.units.labels.layer import clip_labels
from lucidag.units.labels.quality import graded
from lucidag.units.labels.verdict import Labelled, verdicts
from lucidag.units.names import BY_ANNOTATIONS, CONFIRMED, NONE
from lucidag.units.passes.overlaps import Overlaps
from lucidag.units.passes.unit_statistics import LayerStatistics
from lucidag.units.settings import Comparison, Describing, Draws, Similarity

LEVEL = 0.05
TWINS, IMAGES, SIDE, TOP = 60, 160, 16, 10
COLOURS = np.array([[230, 40, 40], [40, 200, 40], [40, 60, 230], [230, 220, 40], [200, 60, 220], [220, 220, 220]], "u1")
RESNET = {"architecture": "lucidag.models.small:small_resnet", "input": {"size": SIDE}, "head": None}
# Layers of few and of many units: of so many, the width of the network and the layer's name.
LAYERS = {16: (8, "layer2"), 32: (8, "layer3"), 64: (16, "layer3")}
SHOWN = "`verdict` of `dissect/{model}/{layer}.csv`, its last point"
SETTING = (
    "the level of a layer of {units} units of an untrained ResNet, and a unit of this layer of another, both drawn "
    f"from {TWINS}; {IMAGES} drawn images of {SIDE} × {SIDE} pixels, concepts their colours and textures"
)
SKEWED_GOAL = 0.90
SKEWED = "the average precision of few images is skewed, and of a unit that tells nothing above its base rate"
FEW_GOAL = 0.08
FEW = "of 16 units even the greatest is passed by one in 17, and the units of one network are alike"
SIMILAR: tuple[Similarity, ...] = ("soft_wpmi", "cosine_cubed")


def cases() -> list[Case]:
    """Give the rows."""
    rows = [_untrained(name, units) for name in SIMILAR for units in LAYERS]
    for measure in ("labelled", "unique", "shannon"):
        rows.append(
            Case(
                f"two models with the same labels: {measure}",
                "test",
                f"`differences.{measure}.p` of `dissect/{{a}}-vs-{{b}}.json`",
                "two models of 60 units, labels of both drawn from the same twelve concepts; 100 permutations",
                LEVEL,
                partial(_compared, measure=measure),
                REJECTS,
                short=40,
            )
        )
    for test in ("score", "labelled", "rank"):
        rows.append(
            Case(
                f"roles that have nothing to do with labels: {test}",
                "test",
                f"`{test}.p` of `dissect/{{model}}/role_tests.json`",
                "60 units, half of them restore function, skewed scores; 200 permutations",
                LEVEL,
                partial(_roles, test=test),
                REJECTS,
            )
        )
    deals = "60 units of which no label fits better than another's, 12 concepts; 100 deals"
    shown = "`dealt.p` of `dissect/{model}/summary.json`"
    rows.append(Case("labels that fit no better than dealt-out ones", "test", shown, deals, LEVEL, _graded, REJECTS))
    return [*rows, _noise(), *(_precision(count, skill) for count in (10, 40) for skill in (0.0, 1.0))]


def _untrained(similarity: Similarity, units: int) -> Case:
    def draw(rng: Generator) -> bool:
        one, other = (_lifts(int(seed), similarity, units) for seed in rng.choice(TWINS, 2, replace=False))
        return bool(rng.choice(other) > untrained_chance(one, 1 - LEVEL))

    name = f"a label of an untrained unit, {similarity}, layer of {units}"
    goal, reason = (FEW_GOAL, FEW) if units < 1 / LEVEL - 1 else (REJECTS, "")
    return Case(name, "test", SHOWN, SETTING.format(units=units), LEVEL, draw, goal, reason, short=10)


@cache
def _images() -> tuple[torch.Tensor, Evidence]:
    """Draw images, a ground of one colour and a patch of another with stripes or none, and say what each shows."""
    rng = np.random.default_rng(0)
    ground, patch, stripes = (rng.integers(0, count, IMAGES) for count in (len(COLOURS), len(COLOURS), 3))
    frames = np.repeat(np.repeat(COLOURS[ground][:, :, None, None], SIDE, 2), SIDE, 3)
    half, every = SIDE // 2, np.arange(SIDE // 2) // 2 % 2
    masks = np.stack([np.ones((half, half)), np.tile(every, (half, 1)), np.tile(every, (half, 1)).T])
    for image, (y, x) in enumerate(rng.integers(0, half, (IMAGES, 2))):
        inside = frames[image, :, y : y + half, x : x + half]
        inside[...] = np.where(masks[stripes[image]], COLOURS[patch[image]][:, None, None], inside)
    shown = [np.eye(count)[each] for count, each in ((6, ground), (6, patch), (3, stripes))]
    shares = np.concatenate(shown, axis=1).astype(np.float32)
    names = tuple(str(number) for number in range(shares.shape[1]))
    ids = tuple(str(number) for number in range(IMAGES))
    evidence = Evidence(names, ("",) * len(names), ids, shares, np.eye(len(names), dtype=np.float32))
    return torch.from_numpy(frames), evidence


@cache
def _activations(seed: int, units: int) -> NDArray[np.float32]:
    """Show an untrained network the images: the pooled activations of its layer of so many units."""
    width, layer = LAYERS[units]
    network = untrained({**RESNET, "options": {"width": width}}, 4, seed)
    assert isinstance(network.inputs, Inputs)
    frames, _ = _images()
    adapt(network, [frames[:80], frames[80:]], threads=1)
    batch = network.inputs.normalise(frames)
    with torch.inference_mode():
        network.model.eval()
        for name, module in network.model.named_children():
            batch = module(batch)
            if name == layer:
                break
    found: NDArray[np.float32] = batch.mean(dim=(2, 3)).numpy()
    return found


@cache
def _lifts(seed: int, similarity: Similarity, units: int) -> NDArray[np.float64]:
    """Give how far above chance the labels of an untrained layer tell the images that did not choose them."""
    shown, chosen = np.asarray(_images()[1].images) > 0, np.arange(IMAGES) % 2 == 0
    activations = _activations(seed, units)
    own = np.array([-1 if name == NONE else int(name) for name in _labelled(activations, similarity)["concept"]])
    labels = Labelled(activations, shown, [BY_ANNOTATIONS] * shown.shape[1], own, np.ones(len(own), dtype=np.bool_))
    found = verdicts(labels, chosen, seed=0, confidence=0.95)["lift"].dropna()
    return found.to_numpy(np.float64)


def _labelled(activations: NDArray[np.float32], similarity: Similarity, seed: int = 0) -> pd.DataFrame:
    top = np.argsort(-activations, axis=0, kind="stable")[:TOP].T
    none = np.zeros(activations.shape[1], np.float32)
    units = LayerStatistics(top, np.take_along_axis(activations.T, top, 1), none, none, none, none)
    asked = Describing(similarity=similarity, seed=seed)
    return clip_labels(units, activations, _images()[1], asked, None, 0.95)[0]


def _compared(rng: Generator, measure: str) -> bool | None:
    def table() -> pd.DataFrame:
        rows = {"concept": rng.choice([f"c{n}" for n in range(12)], 60, p=np.arange(1, 13) / 78)}
        return pd.DataFrame({"layer": "l", "method": "netdissect", "unit": range(60), "category": "", **rows}).assign(
            score=rng.random(60), verdict=np.where(rng.random(60) < 0.5, CONFIRMED, "")
        )

    asked = Comparison(resamples=100, seed=int(rng.integers(2**31)))
    found = compare(table(), table(), asked)["methods"]["netdissect"]["confirmed"]["differences"]
    p = found[measure]["p"]
    return None if p is None else bool(p < LEVEL)


def _roles(rng: Generator, test: str) -> bool | None:
    score = rng.exponential(size=60)
    joined = pd.DataFrame({"method": "netdissect", "unit": range(60), "concept": "c", "category": "", "flags": ""})
    order = rng.permutation(60)
    roles = np.where(order < 30, "both", "neither")
    joined = joined.assign(role=roles, rank_train=order + 1, rank_test=order + 1, score=score, labelled=score > 1)
    asked = Draws(resamples=200, seed=int(rng.integers(2**31)))
    p = role_tests(joined, asked)["netdissect"]["restoring"]["test"][test]["p"]
    return None if p is None else bool(p < LEVEL)


def _graded(rng: Generator) -> bool:
    units, names = 60, tuple(f"c{number}" for number in range(12))
    union = rng.integers(50, 100, (units, len(names)))
    counts = {"l/intersection/object": rng.integers(0, 50, union.shape), "l/union/object": union}
    overlaps = Overlaps(counts, {"object": names}, ("l",), {"object": 1000}, 10, 0.005, 10)
    labels = pd.DataFrame({"unit": range(units), "concept": rng.choice(names, units), "category": "object"})
    return bool(graded(labels, overlaps, "l", 0.95, 100, int(rng.integers(2**31)))["dealt"]["p"] < LEVEL)


def _noise() -> Case:
    def draw(rng: Generator) -> bool:
        shown = rng.random((IMAGES, 12)) < rng.uniform(0.1, 0.4, 12)
        own = rng.integers(0, 12, 20)
        labels = Labelled(rng.random((IMAGES, 20)), shown, [BY_ANNOTATIONS] * 12, own, np.ones(20, dtype=np.bool_))
        chosen = rng.permutation(IMAGES) < IMAGES // 2
        found = verdicts(labels, chosen, seed=0, confidence=0.95)
        return bool((found["verdict"] == CONFIRMED).any())

    words = f"20 units of random activations, labels by chance that the choosing half gives too, {IMAGES} images"
    shown = "`verdict` of `dissect/{model}/{layer}.csv`"
    return Case("any label of a random unit is confirmed", "test", shown, words, LEVEL, draw, REJECTS)


@cache
def _true_precision(share: float, skill: float) -> float:
    """Give the average precision over 2,000,000 images."""
    rng = np.random.default_rng(0)
    shown = rng.random((2_000_000, 1)) < share
    return float(average_precision(rng.normal(size=shown.shape) + skill * shown, shown)[0])


def _precision(count: int, skill: float) -> Case:
    share = 0.2

    def draw(rng: Generator) -> bool | None:
        shown = rng.random((round(count / share), 1)) < share
        if not shown.any():
            return None
        found = average_precision(rng.normal(size=shown.shape) + skill * shown, shown)
        low, high = precision_interval(found, shown.sum(axis=0), 0.95)
        return covers(float(low[0]), float(high[0]), _true_precision(share, skill))

    words = (
        f"{round(count / share)} images, {share:.0%} show the concept, normal activations {skill:g} deviations apart"
    )
    shown = "`auprc_low`, `auprc_high` of `dissect/{model}/{layer}.csv`"
    name = f"average precision, about {count} images show it, {'random unit' if skill == 0 else 'unit that answers'}"
    goal, reason = (SKEWED_GOAL, SKEWED) if skill == 0 and count == 10 else (COVERS, "")
    return Case(name, "interval", shown, words, 0.95, draw, goal, reason)
