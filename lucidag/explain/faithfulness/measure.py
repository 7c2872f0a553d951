"""All metrics of all explanations of some images."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from lucidag.explain.faithfulness.controls import controls
from lucidag.explain.faithfulness.flipping import area, flipped, shares
from lucidag.explain.faithfulness.infidelity import infidelity
from lucidag.explain.faithfulness.metrics import (
    BETTER,
    DELETION,
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
from lucidag.explain.faithfulness.randomisation import cascade, correlation, randomisation
from lucidag.explain.faithfulness.road import removals, road
from lucidag.explain.faithfulness.scores import device_of
from lucidag.explain.faithfulness.sensitivity import sensitivity_max
from lucidag.explain.faithfulness.settings import FaithfulnessSettings
from lucidag.explain.faithfulness.shared import Shared
from lucidag.explain.methods.explainer import Explainer, NoMapError
from lucidag.ground.errors import InputError
from lucidag.ground.progress import track
from lucidag.ground.statistics.ranks import ranks, tie_seed
from lucidag.models.head import evaluating

Map = NDArray[np.float64]
Maps = dict[str, Map]
Results = dict[tuple[str, str, str], Measured]  # by image, method and metric
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
    results: Results = {}
    points: list[Point] = []
    originals: dict[str, Maps] = {}
    with evaluating(model):
        explainers = make(model)
        for subject in track(images, "faithfulness"):
            shared = Shared(model, subject.image, subject.x, subject.target, std, settings)
            every = _with_controls(explainers, subject, settings)
            originals[subject.image], found, curves = _of_image(every, subject, shared)
            results |= found
            points += curves
        if RANDOMISATION in settings.metrics:
            found, curves = _randomised(model, images, make, originals, settings)
            results |= found
            points += curves
    # By image, so that it does not matter which others are measured in the same job.
    places = {subject.image: place for place, subject in enumerate(images)}
    return Faithfulness(_rows(results, places, settings), sorted(points, key=lambda point: places[point.image]))


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


def _with_controls(explainers: Sequence[Explainer], subject: Image, settings: FaithfulnessSettings) -> list[Explainer]:
    return [*explainers, controls(subject.x.shape[-1], settings.seed, subject.image)]


def _of_image(explainers: Sequence[Explainer], subject: Image, shared: Shared) -> tuple[Maps, Results, list[Point]]:
    """Explain an image, and measure all but the randomisation: the maps of the explainers, the values, the curves."""
    metrics = shared.settings.metrics
    explained, without = _explained(explainers, shared.x[None], shared)
    maps = {method: each[0] for method, each in explained.items()}
    every = {**maps, **_stored(subject, maps)}
    results: Results = {
        (shared.image, method, metric): Measured(None, why) for method, why in without.items() for metric in metrics
    }
    points: list[Point] = []
    if SENSITIVITY in metrics:
        asked = [each for each in [*explainers, *subject.again] if without.keys().isdisjoint(each.methods)]
        results |= {(shared.image, *key): value for key, value in _sensitivity(asked, every, shared).items()}
    for method, values in every.items():
        measured, curves = _of_map(method, values, shared)
        results |= {(shared.image, method, metric): each for metric, each in measured.items()}
        points += curves
    return maps, results, points


def _sensitivity(explainers: Sequence[Explainer], maps: Maps, shared: Shared) -> dict[tuple[str, str], Measured]:
    parts = [_explained(explainers, batch, shared) for batch in shared.noisy()]
    found = {}
    for method in (method for explainer in explainers for method in explainer.methods):
        missing = [without[method] for _, without in parts if method in without]
        if missing:
            found[method, SENSITIVITY] = Measured(None, f"of an image with noise: {missing[0]}")
        else:
            moved = np.concatenate([own[method] for own, _ in parts])
            found[method, SENSITIVITY] = sensitivity_max(maps[method], moved)
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
    points: list[Point] = []
    for metric in removing:
        if metric == ROAD:
            found[metric], curves = _road(order, shared)
        else:
            found[metric], curves = _flipping(metric, order, shared)
        points += [
            Point(shared.image, method, curve, float(share), "", float(value))
            for curve, (at, curve_values) in curves.items()
            for share, value in zip(at, curve_values, strict=True)
        ]
    return found, points


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
) -> tuple[Results, list[Point]]:
    """Explain each image by each randomised network, and compare with the original maps."""
    keys = [(subject.image, method) for subject in images for method in originals[subject.image]]
    correlations: dict[tuple[str, str], list[float | None]] = {key: [] for key in keys}
    points: list[Point] = []
    device = device_of(model)
    stages = cascade(model, images[0].x[None].to(device), settings.randomisation_steps, settings.seed)
    for stage in track(stages, "randomisation of the network", settings.randomisation_steps):
        explainers = make(stage.model)
        for subject in images:
            maps = dict(_with_a_map(_with_controls(explainers, subject, settings), subject, device))
            for method, values in originals[subject.image].items():
                own = correlation(values, maps[method]) if method in maps else None
                correlations[subject.image, method].append(own)
                points.append(Point(subject.image, method, RANDOMISATION, stage.share, stage.layer, own))
    found = {
        (image, method, RANDOMISATION): randomisation(originals[image][method], each)
        for (image, method), each in correlations.items()
    }
    return found, points


def _with_a_map(explainers: Sequence[Explainer], subject: Image, device: torch.device) -> Iterator[tuple[str, Map]]:
    """Give the maps of an image; a randomised network may leave a method without one (its relevance explodes)."""
    for explainer in explainers:
        try:
            found = explainer(subject.x[None].to(device), subject.target)
        except InputError:
            continue
        yield from ((method, maps[0]) for method, maps in found.items())


def _rows(results: Results, places: Mapping[str, int], settings: FaithfulnessSettings) -> list[Row]:
    """Give the values by image, then by method as the image's first appear, then by metric."""
    methods: dict[str, list[str]] = {image: [] for image in places}
    for image, method, _ in results:
        if method not in methods[image]:
            methods[image].append(method)
    order = sorted(results, key=lambda key: (places[key[0]], methods[key[0]].index(key[1]), METRICS.index(key[2])))
    return [
        Row(image, method, metric, found.value, settings.used_by(metric), BETTER[metric], found.note)
        for image, method, metric in order
        for found in (results[image, method, metric],)
    ]
