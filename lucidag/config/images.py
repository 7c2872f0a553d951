"""The images and classes that a configuration asks to explain: checked in the data set before anything runs."""

from pathlib import Path

from lucidag.artefacts.repair.settings import ORIGINAL
from lucidag.artefacts.study_settings import WITHOUT
from lucidag.config.arms import arms
from lucidag.config.drawn import draw_images
from lucidag.config.faults import Faults
from lucidag.config.repaired import repair_arms
from lucidag.config.schema import Config
from lucidag.data.source import DataSource
from lucidag.explain.settings import Explain, Image, Sampled
from lucidag.ground.errors import InputError
from lucidag.ground.spelling import unknown


def write_out_images(config: Config, source: str, kept: Path | None = None) -> Config:
    """Return the configuration with numbers of images and ``all`` written out as ids.

    Parameters
    ----------
    config, source
        The configuration, and the file that it is from.
    kept
        Keeps which images were drawn.

    Raises
    ------
    InputError
        For ids that a data set does not have, more images than it has, ``all`` of a data set that is no folder, or
        targets that are none of its classes: a line with the key for each.
    """
    if config.explain is None:
        return config
    faults, written = Faults(), {}
    for name in config.explain.images:
        with faults.gathered():
            written[name] = _written_out(
                config.explain, name, config.datasets[name], f"{source}: explain.images.{name}", kept
            )
    faults.stop()
    return config.model_copy(update={"explain": config.explain.model_copy(update={"images": written})})


def _written_out(explain: Explain, name: str, dataset: DataSource, key: str, kept: Path | None) -> dict[str, Image]:
    listed = explain.images[name]
    if isinstance(listed, int):
        return Sampled.fromkeys(draw_images(key, dataset, listed, explain.seed, kept), Image())
    known = dataset.image_ids()
    if listed == "all":
        if known is None or dataset.arrays:
            raise InputError(f"{key}: 'all' is for folders of images; list ids here, as in manifest.csv")
        return Sampled.fromkeys(known, Image())
    chosen = explain.model_copy(update={"images": {name: listed}}).chosen(name)
    if len(chosen) < len(listed):
        repeated = next(image for image in listed if list(listed).count(image) > 1)
        raise InputError(f"{key}: '{repeated}' is listed twice")
    faults, ids = Faults(), None if known is None else frozenset(known)
    for image, pixels in chosen.items():
        with faults.gathered():
            if ids is not None and image not in ids:
                raise InputError(f"{key}: {unknown('image', image, known or ())}")
            check_target(f"{key}.{image}.target", pixels.target, dataset)
    faults.stop()
    return chosen


def check_target(key: str, target: str | None, dataset: DataSource) -> None:
    """Stop at a class that a data set does not have.

    Raises
    ------
    InputError
        One line that starts with the key.
    """
    if target is None:
        return
    classes = dataset.known_classes()
    if classes is not None and target not in classes:
        raise InputError(f"{key}: {unknown('class', target, classes)}")


def check_shortcuts(config: Config, source: str) -> None:
    """Stop at artefacts that are said to go with a class that their models do not have; raises as `check_target`."""
    faults = Faults()
    for name, study in config.shortcuts.items():
        dataset = config.datasets[config.models[arms(config, name)[WITHOUT][0]].dataset]
        for artefact, target in study.artefacts.items():
            with faults.gathered():
                check_target(f"{source}: shortcuts.{name}.artefacts.{artefact}", target, dataset)
    for name, repair in config.repair.items():
        dataset = config.datasets[config.models[repair_arms(config, name)[ORIGINAL][0]].dataset]
        for artefact, target in repair.pasted.items():
            with faults.gathered():
                check_target(f"{source}: repair.{name}.pasted.{artefact}", target, dataset)
    faults.stop()
