"""The images and classes that a configuration asks to explain: checked in the data set before anything runs."""

from lucidag.config.schema import Config
from lucidag.data.source import DataSource
from lucidag.ground.errors import InputError
from lucidag.ground.spelling import unknown


def write_out_images(config: Config, source: str) -> Config:
    """Return the configuration with ``all`` written out as the ids of the images.

    Raises
    ------
    InputError
        For an id that a data set does not have, ``all`` of a data set that is no folder, or a target that is none
        of its classes: one line with the key.
    """
    if config.explain is None:
        return config
    written = {}
    for name, listed in config.explain.images.items():
        key = f"{source}: explain.images.{name}"
        known = config.datasets[name].image_ids()
        if listed == "all":
            if known is None or config.datasets[name].arrays:
                raise InputError(f"{key}: 'all' is for folders of images; list ids here, as in manifest.csv")
            listed = known
        chosen = config.explain.model_copy(update={"images": {name: listed}}).chosen(name)
        if len(chosen) < len(listed):
            repeated = next(image for image in listed if list(listed).count(image) > 1)
            raise InputError(f"{key}: '{repeated}' is listed twice")
        for image, pixels in chosen.items():
            if known is not None and image not in known:
                raise InputError(f"{key}: {unknown('image', image, known)}")
            check_target(f"{key}.{image}.target", pixels.target, config.datasets[name])
        written[name] = chosen
    return config.model_copy(update={"explain": config.explain.model_copy(update={"images": written})})


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
    """Stop at an artefact that is said to go with a class that its models do not have; raises as `check_target`."""
    for name, study in config.shortcuts.items():
        dataset = config.datasets[config.models[study.trained_without].dataset]
        for artefact, target in study.artefacts.items():
            check_target(f"{source}: shortcuts.{name}.artefacts.{artefact}", target, dataset)
