"""The classes that a configuration asks to explain: found in the data set before anything runs."""

from lucidag.config.schema import ArtefactRate, Config, Dataset, Digits, Folder, Lesions, Mnist, Scenes
from lucidag.config.sources import class_names
from lucidag.data.listing import entries
from lucidag.ground.errors import InputError
from lucidag.ground.spelling import unknown


def check_target(key: str, target: str | None, dataset: Dataset) -> None:
    """Stop at a class that a data set does not have.

    Raises
    ------
    InputError
        One line that starts with the key.
    """
    if target is None:
        return
    classes = known_classes(dataset)
    if classes is not None and target not in classes:
        raise InputError(f"{key}: {unknown('class', target, classes)}")


def check_shortcuts(config: Config, source: str) -> None:
    """Stop at an artefact that is said to go with a class that its models do not have; raises as `check_target`."""
    for name, study in config.shortcuts.items():
        dataset = config.datasets[config.models[study.trained_without].dataset]
        for artefact, target in study.artefacts.items():
            check_target(f"{source}: shortcuts.{name}.artefacts.{artefact}", target, dataset)


def known_classes(dataset: Dataset) -> list[str] | None:
    """Return the classes of a data set; None where only reading it would tell."""
    if isinstance(dataset, Folder):
        columns = dataset.columns.named()
        return class_names(dataset) or sorted({entry.label for entry in entries(dataset.path, dataset.root, columns)})
    if isinstance(dataset, Lesions):
        return list(ArtefactRate.model_fields)
    if isinstance(dataset, Digits | Mnist):
        return [str(digit) for digit in range(10)]
    if isinstance(dataset, Scenes):
        from lucidag.data import scene_objects, scene_places  # load numpy: only for those who name a target

        return list(scene_objects.KINDS if dataset.label == "object" else scene_places.PLACES)
    return None
