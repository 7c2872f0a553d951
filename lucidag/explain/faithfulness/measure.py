"""All metrics of all explanations of some images."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from lucidag.explain.agreement.baselines import CENTRE, RANDOM, centre, random
from lucidag.explain.faithfulness.metrics import (
    BETTER,
    DELETION,
    FLOOR,
    INFIDELITY,
    INSERTION,
    METRICS,
    RANDOMISATION,
    ROAD,
    ROAD_LEAST,
    ROAD_MOST,
    SENSITIVITY,
    Measured,
    Point,
    Row,
    shows_nothing,
)
from lucidag.explain.faithfulness.perturbation import infidelity, sensitivity_max
from lucidag.explain.faithfulness.randomisation import cascade, correlation, randomisation, untrained
from lucidag.explain.faithfulness.removal import area, flipped, removals, road, shares
from lucidag.explain.faithfulness.settings import FaithfulnessSettings
from lucidag.explain.faithfulness.shared import Shared
from lucidag.explain.methods.explainer import Explainer, NoMapError
from lucidag.explain.scores import device_of
from lucidag.ground.errors import InputError
from lucidag.ground.progress import track
from lucidag.ground.statistics.ranks import ranks, tie_seed
from lucidag.models.fast import accelerate
from lucidag.models.head import evaluating

Map = NDArray[np.float64]
Maps = dict[str, Map]
Measures = dict[str, dict[str, Measured]]  # by method and metric
Curves = dict[str, tuple[Sequence[float] | NDArray[np.float64], NDArray[np.float64]]]
Make = Callable[[nn.Module], Sequence[Explainer]]


@dataclass(frozen=True)
class Image:
    """An image whose explanations are measured.

    Attributes
    ----------
    image
        Its id.
    x
        The normalised image, float C x S x S.
    target
        The class that is explained.
    maps
        Maps (S x S) by method that are already there. Of a method that is not asked again (no explainer has its name)
        neither the sensitivity nor the randomisation is known.
    again
        Explainers that made some of these maps. They are asked about the image with noise alone, so that the
        sensitivity of these methods is known too; the randomisation is not.
    """

    image: str
    x: torch.Tensor
    target: int
    maps: Mapping[str, NDArray[np.floating]] = field(default_factory=dict)
    again: tuple[Explainer, ...] = ()


@dataclass(frozen=True)
class Faithfulness:
    """The values, and the curves behind some of them."""

    rows: list[Row]
    points: list[Point]


def measure(
    model: nn.Module, images: Sequence[Image], make: Make, std: Sequence[float], settings: FaithfulnessSettings
) -> Faithfulness:
    """Measure the explanations of images, those that an explainer gives, stored ones, and two controls.

    What the network says of an image, of its baseline and of its perturbed images is computed once for all methods.

    Parameters
    ----------
    model
        A classifier, on the device where it is to run; its modes are restored.
    images
        All of one size, and square.
    make
        Gives the explainers of a network; called with `model`, and with each randomised copy of it.
    std
        What images are divided by when they are normalised, one number or one per channel.
    settings
        How.

    Raises
    ------
    InputError
        If there is no image, images differ in size or share an id, two explainers have one name, a map does not
        fit or is not there though it is to be explained again, or the network gives NaN.
    """
    _check(images)
    results: dict[str, Measures] = {}
    points: dict[str, list[Point]] = {}
    originals: dict[str, Maps] = {}
    with evaluating(model):
        explainers, fast = make(model), accelerate(model, images[0].x[None].to(device_of(model)))
        for subject in track(images, "faithfulness"):
            image, shared = subject.image, Shared(fast, subject.image, subject.x, subject.target, std, settings)
            originals[image], results[image], points[image] = _of_image(explainers, subject, shared)
        if RANDOMISATION in settings.metrics:
            correlations, curves = _randomised(model, images, make, originals, settings)
            for (image, method), each in correlations.items():
                own = results[image].setdefault(method, {})
                own[RANDOMISATION] = randomisation(originals[image][method], each)
            for point in curves:
                points[point.image].append(point)
    # By image, so that it does not matter which others are measured in the same job; then as its methods first appear.
    rows = [
        Row(image, method, metric, own[metric].value, settings.used_by(metric), BETTER[metric], own[metric].note)
        for image, by_method in results.items()
        for method, own in by_method.items()
        for metric in METRICS
        if metric in own
    ]
    return Faithfulness(rows, [point for of_image in points.values() for point in of_image])


def controls(size: int, seed: int, image: str) -> Explainer:
    """Make an explainer that looks at neither image nor network: a blob in the centre, and smooth noise.

    Parameters
    ----------
    size
        S, the side of the image.
    seed, image
        Each image has a random map of its own, which stays the same whatever happens to the image.
    """
    maps = {CENTRE: centre(size), RANDOM: random(size, seed, image, draws=1)[0]}

    def function(x: torch.Tensor, _: int) -> Mapping[str, NDArray[np.float32]]:
        return {method: np.repeat(values[None], len(x), axis=0) for method, values in maps.items()}

    return Explainer(tuple(maps), function)


def _check(images: Sequence[Image]) -> None:
    if not images:
        raise InputError("faithfulness: there is no image whose explanations could be measured")
    seen: set[str] = set()
    for subject in images:
        if subject.image in seen:
            raise InputError(f"faithfulness: two images have the id '{subject.image}'")
        seen.add(subject.image)
        shape, first = tuple(subject.x.shape), images[0].x.shape
        if len(shape) != 3 or shape[1] != shape[2] or shape != first:
            words, allowed = (" x ".join(map(str, each)) for each in (shape, (first[0], first[-1], first[-1])))
            raise InputError(f"faithfulness: image '{subject.image}' is {words}; allowed: {allowed}, as the first one")
        for method in (each for explainer in subject.again for each in explainer.methods):
            if method not in subject.maps:
                raise InputError(f"faithfulness: image '{subject.image}' has no {method} map to compare others with")


def _of_image(explainers: Sequence[Explainer], subject: Image, shared: Shared) -> tuple[Maps, Measures, list[Point]]:
    """Explain an image, and measure all but the randomisation: the maps of the explainers, the values, the curves."""
    metrics = shared.settings.metrics
    asked = [
        *(each.of(shared.image) for each in explainers),
        controls(shared.x.shape[-1], shared.settings.seed, shared.image),
    ]
    explained, without = _explained(asked, shared.x[None], shared)
    maps = {method: each[0] for method, each in explained.items()}
    every = {**maps, **_stored(subject, maps)}
    found: Measures = {method: dict.fromkeys(metrics, Measured(None, why)) for method, why in without.items()}
    if SENSITIVITY in metrics:
        again = [each for each in [*asked, *subject.again] if without.keys().isdisjoint(each.methods)]
        found |= {method: {SENSITIVITY: value} for method, value in _sensitivity(again, every, shared).items()}
    points: list[Point] = []
    for method, values in every.items():
        measured, curves = _of_map(method, values, shared)
        found[method] = found.get(method, {}) | measured
        points += curves
    return maps, found, points


def _sensitivity(explainers: Sequence[Explainer], maps: Maps, shared: Shared) -> dict[str, Measured]:
    parts = [_explained(explainers, batch, shared) for batch in shared.noisy()]
    found = {}
    for method in (method for explainer in explainers for method in explainer.methods):
        missing = [without[method] for _, without in parts if method in without]
        if missing:
            found[method] = Measured(None, f"of an image with noise: {missing[0]}")
        else:
            moved = np.concatenate([own[method] for own, _ in parts])
            found[method] = sensitivity_max(maps[method], moved)
    return found


def _explained(explainers: Sequence[Explainer], x: torch.Tensor, shared: Shared) -> tuple[Maps, dict[str, str]]:
    """Give the maps of images by method, B x S x S, and why there are none by others."""
    found: Maps = {}
    without: dict[str, str] = {}
    for explainer in explainers:
        if twice := set(explainer.methods) & (set(found) | set(without)):
            raise InputError(f"faithfulness: two explainers have the name '{min(twice)}'")
        try:
            found |= explainer(x.to(shared.device), shared.target)
        except NoMapError as error:
            without |= dict.fromkeys(explainer.methods, str(error))
    return found, without


def _stored(subject: Image, explained: Maps) -> Maps:
    """Give the stored maps of methods that no explainer has."""
    rest = [method for method in subject.maps if method not in explained]
    maps = {method: np.asarray(subject.maps[method], dtype=np.float64) for method in rest}
    for method, values in maps.items():
        if values.shape != tuple(subject.x.shape[1:]):
            raise InputError(
                f"the {method} map of image '{subject.image}' is {' x '.join(map(str, values.shape))} pixels; "
                f"allowed: {' x '.join(map(str, subject.x.shape[1:]))}, as the image"
            )
        if not np.isfinite(values).all():
            raise InputError(f"the {method} map of image '{subject.image}' holds NaN or infinity")
    return maps


def _of_map(method: str, values: Map, shared: Shared) -> tuple[dict[str, Measured], list[Point]]:
    """Measure what needs the map alone."""
    settings = shared.settings
    found: dict[str, Measured] = {}
    if INFIDELITY in settings.metrics:
        found[INFIDELITY] = infidelity(values, *shared.perturbations)
    removing = [metric for metric in (DELETION, INSERTION, ROAD) if metric in settings.metrics]
    if nothing := shows_nothing(values):
        return found | dict.fromkeys(removing, Measured(None, nothing)), []
    order = ranks(values, tie_seed(settings.seed, shared.image, method))
    curves: Curves = {}
    for metric in removing:
        found[metric], own = _road(order, shared) if metric == ROAD else _flipping(metric, order, shared)
        curves |= own
    return found, [
        Point(shared.image, method, curve, float(share), "", float(value))
        for curve, (at, along) in curves.items()
        for share, value in zip(at, along, strict=True)
    ]


def _flipping(metric: str, order: NDArray[np.int32], shared: Shared) -> tuple[Measured, Curves]:
    at = shares(shared.settings.steps)
    ends = (shared.x, shared.baseline) if metric == DELETION else (shared.baseline, shared.x)
    known = shared.ends.probability if metric == DELETION else shared.ends.probability[::-1]
    inner = shared.scores(flipped(*ends, order, at[1:-1])).probability if len(at) > 2 else np.empty(0)
    values = np.concatenate([known[:1], inner, known[1:]])
    return Measured(area(values)), {metric: (at, values)}


def _road(order: NDArray[np.int32], shared: Shared) -> tuple[Measured, Curves]:
    at = shared.settings.shares
    most, least = np.split(shared.scores(removals(shared.x, order, at, shared.road_noise)).probability, 2)
    return Measured(road(most, least)), {ROAD_MOST: (at, most), ROAD_LEAST: (at, least)}


def _randomised(
    model: nn.Module,
    images: Sequence[Image],
    make: Make,
    originals: Mapping[str, Maps],
    settings: FaithfulnessSettings,
) -> tuple[dict[tuple[str, str], list[float | None]], list[Point]]:
    """Explain each image by each randomised network: the correlations with the original maps by image and method.

    The points have the floor of each image and method too: the correlation of its maps by two networks without any
    training, which is what a map owes to the image and to the method alone.
    """
    keys = [(subject.image, method) for subject in images for method in originals[subject.image]]
    correlations: dict[tuple[str, str], list[float | None]] = {key: [] for key in keys}
    points: list[Point] = []
    example = images[0].x[None].to(device_of(model))
    stages = cascade(model, example, settings.randomisation_steps, settings.seed)
    for stage in track(stages, "randomisation of the network", settings.randomisation_steps):
        explainers = make(stage.model)
        other = make(untrained(stage.model, example, settings.seed + 1)) if stage.share == 1 else None
        for subject in images:
            maps = _by_randomised(explainers, subject, settings.seed, example.device)
            for method, values in originals[subject.image].items():
                own = correlation(values, maps[method][0]) if method in maps else None
                correlations[subject.image, method].append(own)
                points.append(Point(subject.image, method, RANDOMISATION, stage.share, stage.layer, own))
            if other is not None:
                again = _by_randomised(other, subject, settings.seed, example.device)
                points += _floor(subject.image, originals[subject.image], maps, again)
    return correlations, points


def _by_randomised(explainers: Sequence[Explainer], subject: Image, seed: int, device: torch.device) -> Maps:
    """Give the maps (1 x S x S) of an image by a randomised network, and those of the controls."""
    maps: Maps = {}
    asked = (each.of(subject.image) for each in explainers)
    for explainer in (*asked, controls(subject.x.shape[-1], seed, subject.image)):
        with suppress(InputError):  # a randomised network may leave a method without a map: relevance explodes
            maps |= explainer(subject.x[None].to(device), subject.target)
    return maps


def _floor(image: str, methods: Collection[str], first: Maps, second: Maps) -> list[Point]:
    """Give the correlation of the maps of two untrained networks as a level line over the shares of the layers."""
    found = {
        method: correlation(first[method][0], second[method][0]) if method in first and method in second else None
        for method in methods
    }
    return [Point(image, method, FLOOR, share, "", own) for method, own in found.items() for share in (0.0, 1.0)]
