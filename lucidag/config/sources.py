"""The files outside the project that a configuration names, found (or missed) before anything runs."""

from collections.abc import Sequence
from pathlib import Path

from lucidag.config.faults import Faults
from lucidag.config.schema import Config
from lucidag.ground.checksums import Checksum
from lucidag.ground.errors import InputError
from lucidag.ground.files import is_file, is_folder
from lucidag.models.settings import Model, is_weight_file
from lucidag.units.clip.settings import Clip


def weight_files(model: Model) -> list[str]:
    """Return the local file that `weights` names, if it names a file.

    Raises
    ------
    InputError
        If it looks like a file and is not there.
    """
    if model.weights is None or not is_weight_file(model.weights):
        return []
    if not is_file(model.weights):
        raise InputError(f"weights: file '{model.weights}' does not exist")
    return [model.weights]


def clip_weight_files(clip: Clip) -> list[str]:
    """Return the local files of a CLIP: that which `weights` names, or all in the folder that it names.

    Raises
    ------
    InputError
        If it looks like a file and is not there.
    """
    if clip.train is not None or not clip.weights:
        return []
    place = Path(clip.weights)
    if is_folder(place):
        return sorted(str(file) for file in place.iterdir() if file.is_file() and not file.name.startswith("."))
    if not is_weight_file(clip.weights):
        return []
    if not is_file(place):
        raise InputError(f"weights: file or folder '{clip.weights}' does not exist")
    return [clip.weights]


def check_sources(config: Config, source: str) -> None:
    """Find the files that are missing.

    Raises
    ------
    InputError
        A line for each: the configuration file, the key path, what is missing.
    """
    faults = Faults()
    for name, dataset in config.datasets.items():
        try:
            dataset.files()
            dataset.named_classes()
        except InputError as error:
            faults.lines += [f"{source}: datasets.{name}.{line}" for line in error.lines]
        except Exception as error:  # whatever the user's own lines raise
            reason = f"{type(error).__name__}: {error}"
            faults.lines.append(" ".join(f"{source}: datasets.{name}: {dataset.source}: {reason}".split()))
    for name, model in config.models.items():
        with faults.gathered(f"{source}: models.{name}."):
            weight_files(model)
    for name, clip in config.clips.items():
        with faults.gathered(f"{source}: clips.{name}."):
            clip_weight_files(clip)
    faults.stop()


def source_notes(config: Config) -> list[str]:
    """Return what is known of the data sets to be left out, guessed or doubtful; sentences that start with the key."""
    return [f"datasets.{name}: {note}" for name, dataset in config.datasets.items() for note in dataset.notes()]


def listable(files: Sequence[str]) -> list[str]:
    """Return the files that Snakemake takes as inputs: in all others it would fill in what stands in braces."""
    return [file for file in files if "{" not in file]


def digests(files: Sequence[str]) -> dict[str, str]:
    """Return a digest of each file that is not `listable`; a job that has it as a parameter notices a change."""
    unlisted = [file for file in files if "{" in file]
    return {file: Checksum.of(file).sha256[:16] for file in unlisted}
