"""The parts of the dossier of a layer out of the files that there are. No torch."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from lucidag.data.features import Features, read_features
from lucidag.explain.relevance.store import read_references
from lucidag.ground.files import read_json
from lucidag.ground.tables import read_table
from lucidag.units.compare.roles_join import penultimate_layer
from lucidag.units.dossier.activity import activity_part
from lucidag.units.dossier.alike import alike_part
from lucidag.units.dossier.effects import effect_part
from lucidag.units.dossier.labels import label_parts, measure_part
from lucidag.units.dossier.part import Part
from lucidag.units.dossier.relevance import relevance_part
from lucidag.units.dossier.roles import rank_part, role_part
from lucidag.units.labels.unit_tables import read_units
from lucidag.units.passes.probe_set import top_count
from lucidag.units.passes.unit_statistics import read_activations, read_statistics

ZERO, MEAN = "zero", "mean"


def parts_of(
    files: Mapping[str, str], layer: str, results: str | Path, metric: str | None, confidence: float, seed: int
) -> Iterator[Part]:
    """Give what each analysis says of a layer.

    Parameters
    ----------
    files
        By what is in them: ``labels``, ``measures``, ``images``, ``statistics`` and ``activations`` of a dissected
        layer; ``effects`` and ``features`` of the units in front of the last layer; ``inner``; ``roles`` and
        ``ranking``; ``references`` and ``dataset``. Those that there are.
    layer
        Its name.
    results
        The folder that files are named from.
    metric
        Whose roles are taken; None without any.
    confidence, seed
        Of intervals, and of what is dealt out.

    Raises
    ------
    InputError
        If a file is something else, or the units of a dissected layer are not those of the features.
    """
    named = {name: os.path.relpath(file, results) for name, file in files.items()}
    activity = _activity(files, layer, named, confidence, seed)
    if "labels" in files:
        units = read_statistics(files["statistics"]).shapes[layer][0]
        yield from label_parts(read_units(files["labels"]), units, named["labels"])
    if "effects" in files:
        yield effect_part(read_table(files["effects"]), ZERO, named["effects"])
    if "inner" in files:
        table = read_table(files["inner"])
        for baseline in (ZERO, MEAN):
            yield effect_part(table[table["baseline"] == baseline], baseline, named["inner"])
    if "roles" in files and metric is not None:
        yield role_part(read_table(files["roles"]), metric, named["roles"])
        yield rank_part(read_table(files["ranking"]), named["ranking"])
    if "references" in files:
        classes = tuple(read_json(files["dataset"])["classes"])
        found = read_references(files["references"])
        yield relevance_part(found, layer, classes, confidence, named["references"])
    if activity is not None:
        yield activity
    if "images" in files:
        yield alike_part(read_table(files["images"]), layer, named["images"])
    if "measures" in files:
        yield measure_part(read_table(files["measures"]), named["measures"])


def _activity(
    files: Mapping[str, str], layer: str, named: Mapping[str, str], confidence: float, seed: int
) -> Part | None:
    """Look at the activations of a probe set, else at features of test images; None where there are neither."""
    features = read_features(files["features"]) if "features" in files else None
    if "statistics" in files:
        statistics = read_statistics(files["statistics"])
        activations = read_activations(files["activations"], statistics, layer)
        if features is not None and statistics.pooling == "mean":
            _check_same_units(features, layer, activations, statistics.images)
        top = statistics.layers[layer].top
        return activity_part(activations, statistics.images, top, confidence, seed, named["activations"])
    if features is None or features.features is None:
        return None
    count = top_count(None, len(features.images))
    top = np.argsort(-features.features, axis=0, kind="stable")[:count].T
    return activity_part(features.features, features.images, top, confidence, seed, named["features"])


def _check_same_units(features: Features, layer: str, activations: np.ndarray, images: tuple[str, ...]) -> None:
    """Stop where the units of a layer are not those in front of the last one, by images that both know.

    Raises
    ------
    InputError
        As `lucidag.units.compare.roles_join.penultimate_layer`; where they share no image nothing can be told.
    """
    if features.features is not None and set(images) & set(features.images):
        penultimate_layer(features.features, features.images, {layer: activations}, images)


def not_told_by_numbers(files: Mapping[str, str]) -> list[str]:
    """Say why nothing tells by numbers that a dissected layer gives the units in front of the last one."""
    if "features" not in files or "statistics" not in files:
        return []
    statistics, features = read_statistics(files["statistics"]), read_features(files["features"])
    if statistics.pooling != "mean":
        return ["activations are no means over places: labels and roles are joined by what the network's steps say"]
    if not set(statistics.images) & set(features.images):
        return ["the probe set has no test image: labels and roles are joined by what the network's steps say"]
    return []
