"""The classes that a configuration asks to explain: found in the data set before anything runs."""

from lucidag.config.schema import Config
from lucidag.data.source import DataSource
from lucidag.ground.errors import InputError
from lucidag.ground.spelling import unknown


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
