"""Open what a job that explains images needs: the trained network and the images."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lucidag.explain.subjects import Subject, read_subjects
from lucidag.models.network import Network
from lucidag.models.trained import open_trained


def open_job(
    settings: Mapping[str, Any], checkpoint: str, files: Sequence[str]
) -> tuple[Network, list[str], list[Subject]]:
    """Open a network with its weights, the names of its classes, and the images of a job.

    Parameters
    ----------
    settings
        The network's ``architecture``, ``options``, ``input`` and ``head``, and ``images``: see
        `lucidag.explain.subjects.read_subjects`.
    checkpoint
        The weights, as lucidag writes them.
    files
        The images' own files, or those of a data set with a manifest, whose folder the first one is in.
    """
    network, classes = open_trained(settings, checkpoint)
    folder = Path(files[0]).parent
    return network, classes, read_subjects(settings["images"], folder, network.inputs, classes)
