"""The explanations of the images of one job, by the methods of one family."""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn

from lucidag.explain.methods.base import Group, nothing_in
from lucidag.explain.methods.explainer import Explainer
from lucidag.explain.methods.registry import load, name_of
from lucidag.explain.store import Explained
from lucidag.explain.subjects import Subject
from lucidag.ground.progress import track
from lucidag.models.network import Network
from lucidag.models.reproducible import reproducible


def open_group(family: Mapping[str, Any], network: Network, device: str) -> Group:
    """Make what explains by the methods of a family.

    Parameters
    ----------
    family
        ``methods``, as the configuration names them, and their ``options``.
    network
        The network with its weights.
    device
        Where to compute.
    """
    methods = {name_of(method): load(method) for method in family["methods"]}
    return next(iter(methods.values())).group(methods, network, family["options"], device)


def explainers(
    families: Sequence[Mapping[str, Any]], network: Network, device: str, model: nn.Module | None = None
) -> list[Explainer]:
    """Return the methods of several families as functions, of the network or of another with its layers (`model`)."""
    return [each for family in families for each in open_group(family, network, device).explainers(model)]


def explain_subjects(
    network: Network,
    subjects: Sequence[Subject],
    classes: Sequence[str],
    family: Mapping[str, Any],
    device: str,
    threads: int = 2,
) -> list[Explained]:
    """Explain each image by each method of a family.

    Parameters
    ----------
    network, classes
        The network with its weights, and the names of its classes.
    subjects
        The images.
    family
        See `open_group`.
    device, threads
        How to compute; they change the numbers by rounding only.

    Raises
    ------
    InputError
        If the network does not have what a method needs: the sentence starts with the key.
    """
    with reproducible(device, threads):
        group = open_group(family, network, device)
        return [group.explain(subject, classes) for subject in track(subjects, "explanations")]


def same_maps(explained: Sequence[Explained]) -> list[str]:
    """Say which methods gave the same map for two classes, of how many images."""
    said = []
    for method in dict.fromkeys(method for each in explained for method in each.maps):
        maps = [each for each in explained if method in each.maps]
        same = [each for each in maps if method in each.record.get("same_for", {})]
        if same:
            name, other = same[0].image, same[0].record["same_for"][method]
            said.append(
                f"{method}: {len(same)} of {len(maps)} maps are the same for a second class, {name} and '{other}' for "
                "one; they say where the network looks, and nothing about the class"
            )
    return said


def empty_maps(explained: Sequence[Explained]) -> list[str]:
    """Say which methods gave maps of nothing, of how many images, and what helps; without such maps nothing.

    A map that is the same everywhere shows nothing, whatever its value.
    """
    said = []
    for method in dict.fromkeys(method for each in explained for method in each.maps):
        maps = [each for each in explained if method in each.maps]
        empty = [each for each in maps if nothing_in(each.maps[method])]
        undivided = [each for each in empty if each.segments is not None and not each.segments.any()]
        if not empty:
            continue
        cure = "nothing that it sees speaks for the class; another layer or method may say more"
        if undivided:
            cure = (
                f"{len(undivided)} of these images are one superpixel each: finer ones come with `explain.lime."
                "segmentation: {algorithm: slic, n_segments: 50}`"
            )
        said.append(f"{method}: {len(empty)} of {len(maps)} maps are empty, {empty[0].image} for one; {cure}")
    return said
