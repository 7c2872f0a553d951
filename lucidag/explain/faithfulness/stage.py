"""The explanations of one model measured: by methods that are asked again, and by the stored maps of slow ones."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from lucidag.explain.faithfulness.measure import Faithfulness, Image, measure
from lucidag.explain.faithfulness.metrics import Row
from lucidag.explain.faithfulness.settings import FaithfulnessSettings
from lucidag.explain.methods.base import asked
from lucidag.explain.methods.registry import SLOW
from lucidag.explain.no_class import NOTE, without_class
from lucidag.explain.stage import open_group
from lucidag.explain.store import Explained
from lucidag.explain.subjects import Subject
from lucidag.models.network import Network
from lucidag.models.reproducible import reproducible


def measure_subjects(
    network: Network,
    subjects: Sequence[Subject],
    stored: Sequence[Explained],
    settings: Mapping[str, Any],
    device: str,
    threads: int = 2,
) -> Faithfulness:
    """Measure explanations of some images.

    Parameters
    ----------
    network, subjects, device, threads
        As for `lucidag.explain.stage.explain_subjects`.
    stored
        Explanations of them by methods that are not asked again (`lucidag.explain.methods.registry.SLOW`), or none.
    settings
        ``families``: the methods that are asked, see `lucidag.explain.stage.open_group`; a slow one among them explains
        the images with noise alone, where its map is stored, so that its sensitivity is known. ``measuring``: see
        `lucidag.explain.faithfulness.settings.FaithfulnessSettings`.
    """
    families: Sequence[Mapping[str, Any]] = settings["families"]
    maps = {explained.image: explained.maps for explained in stored}
    model = network.model.to(device).eval()
    with reproducible(device, threads):
        known = [subject.image for subject in subjects if subject.image in maps]
        slow = [open_group(each, network, device) for each in families if _slow(each) and known]
        again = {image: tuple(each for group in slow for each in group.again(image)) for image in known}
        frames = []
        for subject in subjects:
            x, _, target = asked(network, subject, device)
            own, more = maps.get(subject.image, {}), again.get(subject.image, ())
            frames.append(Image(subject.image, x[0], target, own, more))
        groups = [open_group(each, network, device) for each in families if not _slow(each)]
        found = measure(
            model,
            frames,
            lambda asked: [each for group in groups for each in group.explainers(asked)],
            network.inputs.std,
            FaithfulnessSettings.model_validate(settings["measuring"]),
        )
    free = {name for group in groups for name, each in group.classes.items() if not each.per_class}
    return replace(found, rows=[_noted(row, free | without_class(stored)) for row in found.rows])


def _noted(row: Row, methods: Collection[str]) -> Row:
    """Say of a value that its method knows no class."""
    if row.method not in methods:
        return row
    return replace(row, note="; ".join(each for each in (NOTE, row.note) if each))


def _slow(family: Mapping[str, Any]) -> bool:
    return family["methods"][0] in SLOW
