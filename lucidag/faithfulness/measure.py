"""All metrics of all explanations of some pictures."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from lucidag.agreement.masks import ranks, tie_seed
from lucidag.errors import InputError
from lucidag.faithfulness.explainers import Explainer, controls
from lucidag.faithfulness.flipping import area, flipped, shares
from lucidag.faithfulness.infidelity import infidelity
from lucidag.faithfulness.metrics import (
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
from lucidag.faithfulness.randomisation import cascade, correlation, randomisation
from lucidag.faithfulness.road import removals, road
from lucidag.faithfulness.scores import device_of
from lucidag.faithfulness.sensitivity import sensitivity_max
from lucidag.faithfulness.settings import FaithfulnessSettings
from lucidag.faithfulness.shared import Shared
from lucidag.models.head import evaluating
from lucidag.progress import track

Map = NDArray[np.float64]
Maps = dict[str, Map]
Results = dict[tuple[str, str, str], Measured]  # by image, method and metric
Curves = dict[str, tuple[Sequence[float] | NDArray[np.float64], NDArray[np.float64]]]
Make = Callable[[nn.Module], Sequence[Explainer]]


@dataclass(frozen=True)
class Picture:
    """A picture whose explanations are measured.

    Attributes
    ----------
    image
        Its id.
    x
        The normalised picture, float C x S x S.
    target
        The class that is explained.
    maps
        Maps (S x S) by method that are already there. Of a method that is not asked again (no explainer has its name)
        neither the sensitivity nor the randomisation is known.
    again
        Explainers that made some of these maps. They are asked about the picture with noise alone, so that the
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
    model: nn.Module, pictures: Sequence[Picture], make: Make, std: Sequence[float], settings: FaithfulnessSettings
) -> Faithfulness:
    """Measure the explanations of pictures, those that an explainer gives, stored ones, and two controls.

    What the network says of a picture, of its baseline and of its perturbed pictures is computed once for all methods.

    Parameters
    ----------
    model
        A classifier, on the device where it is to run; its modes are restored.
    pictures
        All of one size, and square.
    make
        Gives the explainers of a network; called with `model`, and with each randomised copy of it.
    std
        What pictures are divided by when they are normalised, one number or one a channel.
    settings
        How.

    Raises
    ------
    InputError
        If there is no picture, pictures differ in size or share an id, two explainers have one name, a map does not
        fit or is not there though it is to be explained again, or the network gives NaN.
    """
    _check(pictures)
    results: Results = {}
    points: list[Point] = []
    originals: dict[str, Maps] = {}
    with evaluating(model):
        explainers = make(model)
        for picture in track(pictures, "faithfulness"):
            shared = Shared(model, picture.image, picture.x, picture.target, std, settings)
            every = _with_controls(explainers, picture, settings)
            originals[picture.image], found, curves = _of_picture(every, picture, shared)
            results |= found
            points += curves
        if RANDOMISATION in settings.metrics:
            found, curves = _randomised(model, pictures, make, originals, settings)
            results |= found
            points += curves
    # By picture, so that it does not matter which others are measured in the same job.
    places = {picture.image: place for place, picture in enumerate(pictures)}
    return Faithfulness(_rows(results, places, settings), sorted(points, key=lambda point: places[point.image]))


def _check(pictures: Sequence[Picture]) -> None:
    if not pictures:
        raise InputError("faithfulness: there is no picture whose explanations could be measured")
    seen: set[str] = set()
    for picture in pictures:
        if picture.image in seen:
            raise InputError(f"faithfulness: two pictures have the id '{picture.image}'")
        seen.add(picture.image)
        shape, first = tuple(picture.x.shape), pictures[0].x.shape
        if len(shape) != 3 or shape[1] != shape[2] or shape != first:
            words, allowed = (" x ".join(map(str, each)) for each in (shape, (first[0], first[-1], first[-1])))
            raise InputError(
                f"faithfulness: picture '{picture.image}' is {words}; allowed: {allowed}, as the first one"
            )
        for method in (each for explainer in picture.again for each in explainer.methods):
            if method not in picture.maps:
                raise InputError(f"faithfulness: picture '{picture.image}' has no {method} map to compare others with")


def _with_controls(
    explainers: Sequence[Explainer], picture: Picture, settings: FaithfulnessSettings
) -> list[Explainer]:
    return [*explainers, controls(picture.x.shape[-1], settings.seed, picture.image)]


def _of_picture(explainers: Sequence[Explainer], picture: Picture, shared: Shared) -> tuple[Maps, Results, list[Point]]:
    """Explain a picture, and measure all but the randomisation: the maps of the explainers, the values, the curves."""
    explained = _explained(explainers, shared.x[None], shared)
    maps = {method: each[0] for method, each in explained.items()}
    every = {**maps, **_stored(picture, maps)}
    results: Results = {}
    points: list[Point] = []
    if SENSITIVITY in shared.settings.metrics:
        parts = [_explained([*explainers, *picture.again], batch, shared) for batch in shared.noisy()]
        for method in parts[0]:
            moved = np.concatenate([part[method] for part in parts])
            results[shared.image, method, SENSITIVITY] = sensitivity_max(every[method], moved)
    for method, values in every.items():
        measured, curves = _of_map(method, values, shared)
        results |= {(shared.image, method, metric): each for metric, each in measured.items()}
        points += curves
    return maps, results, points


def _explained(explainers: Sequence[Explainer], x: torch.Tensor, shared: Shared) -> Maps:
    """Give the maps of pictures by method, B x S x S."""
    found: Maps = {}
    for explainer in explainers:
        if twice := set(explainer.methods) & set(found):
            raise InputError(f"faithfulness: two explainers have the name '{min(twice)}'")
        found |= explainer(x.to(shared.device), shared.target)
    return found


def _stored(picture: Picture, explained: Maps) -> Maps:
    """Give the stored maps of methods that no explainer has."""
    rest = [method for method in picture.maps if method not in explained]
    maps = {method: np.asarray(picture.maps[method], dtype=np.float64) for method in rest}
    for method, values in maps.items():
        if values.shape != tuple(picture.x.shape[1:]):
            raise InputError(
                f"the {method} map of picture '{picture.image}' is {' x '.join(map(str, values.shape))} pixels; "
                f"allowed: {' x '.join(map(str, picture.x.shape[1:]))}, as the picture"
            )
        if not np.isfinite(values).all():
            raise InputError(f"the {method} map of picture '{picture.image}' holds NaN or infinity")
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
    pictures: Sequence[Picture],
    make: Make,
    originals: Mapping[str, Maps],
    settings: FaithfulnessSettings,
) -> tuple[Results, list[Point]]:
    """Explain each picture by each randomised network, and compare with the original maps."""
    keys = [(picture.image, method) for picture in pictures for method in originals[picture.image]]
    correlations: dict[tuple[str, str], list[float | None]] = {key: [] for key in keys}
    points: list[Point] = []
    device = device_of(model)
    stages = cascade(model, pictures[0].x[None].to(device), settings.stages, settings.seed)
    for stage in track(stages, "randomisation of the network", settings.stages):
        explainers = make(stage.model)
        for picture in pictures:
            maps = dict(_with_a_map(_with_controls(explainers, picture, settings), picture, device))
            for method, values in originals[picture.image].items():
                own = correlation(values, maps[method]) if method in maps else None
                correlations[picture.image, method].append(own)
                points.append(Point(picture.image, method, RANDOMISATION, stage.share, stage.layer, own))
    found = {
        (image, method, RANDOMISATION): randomisation(originals[image][method], each)
        for (image, method), each in correlations.items()
    }
    return found, points


def _with_a_map(explainers: Sequence[Explainer], picture: Picture, device: torch.device) -> Iterator[tuple[str, Map]]:
    """Give the maps of a picture; a randomised network may leave a method without one (its relevance explodes)."""
    for explainer in explainers:
        try:
            found = explainer(picture.x[None].to(device), picture.target)
        except InputError:
            continue
        yield from ((method, maps[0]) for method, maps in found.items())


def _rows(results: Results, places: Mapping[str, int], settings: FaithfulnessSettings) -> list[Row]:
    """Give the values by picture, then by method as the picture's first appear, then by metric."""
    methods: dict[str, list[str]] = {image: [] for image in places}
    for image, method, _ in results:
        if method not in methods[image]:
            methods[image].append(method)
    order = sorted(results, key=lambda key: (places[key[0]], methods[key[0]].index(key[1]), METRICS.index(key[2])))
    return [
        Row(image, method, metric, found.value, settings.of(metric), BETTER[metric], found.note)
        for image, method, metric in order
        for found in (results[image, method, metric],)
    ]
