"""Maps of methods compared with those of the libraries that have them too."""

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from lucidag.explain.checks.table import Row, compared, failed, row_of
from lucidag.explain.methods.base import Group, Method
from lucidag.explain.methods.registry import load, name_of
from lucidag.explain.reference import Case, NoReferenceError
from lucidag.explain.store import Explained
from lucidag.explain.subjects import Subject
from lucidag.ground.progress import track
from lucidag.models.network import Network
from lucidag.models.reproducible import reproducible

NONE = "no library has this method"


def check_explanations(
    network: Network,
    subjects: Sequence[Subject],
    families: Sequence[Mapping[str, Any]],
    stored: Mapping[str, Sequence[Explained]],
    device: str,
    threads: int = 2,
) -> list[Row]:
    """Explain images by the libraries too, each in its plain way, and compare.

    Parameters
    ----------
    network
        The network with its weights.
    subjects
        The images.
    families
        See `lucidag.explain.stage.open_group`.
    stored
        By image, its explanations, one for each family.
    device, threads
        How to compute; they change the numbers by rounding only.

    Returns
    -------
    A row of `lucidag.explain.checks.table.COLUMNS` for each image and method.
    """
    methods = [(name, family["options"]) for family in families for name in family["methods"]]
    asked = [(subject, *method) for subject in subjects for method in methods]
    network.model.to(device).eval()
    with reproducible(device, threads):
        return [
            check_method(network, subject, method, options, stored[subject.image], device)
            for subject, method, options in track(asked, "explanations by libraries")
        ]


def check_method(
    network: Network,
    subject: Subject,
    method: str,
    options: Mapping[str, Any],
    stored: Sequence[Explained],
    device: str,
) -> Row:
    """Explain an image by the library that has a method, and compare; see `check_explanations`."""
    name, kind = name_of(method), load(method)
    row = row_of(subject.image, name, kind.library)
    explained = next((each for each in stored if name in each.maps), None)
    if explained is None:
        return row | {"note": f"there is nothing in this network that {name} could show"}
    if kind.library is None:
        return row | {"note": NONE}
    case = Case(
        model=copy.deepcopy(network.model),
        inputs=network.inputs,
        subject=subject,
        pixels=network.inputs.normalise(subject.frame[None].to(device)),
        target=int(explained.record["target"]),
        record=explained.record,
        segments=explained.segments,
    )
    try:
        # What a library does with a network that it does not expect can raise anything.
        found = opened(kind, network, options).of(subject.image).reference(case)
    except NoReferenceError as error:
        return row | {"note": str(error)}
    except Exception as error:
        return row | failed(str(kind.library), error)
    return row | compared(explained.maps[name], found)


def opened(kind: type[Method], network: Network, options: Mapping[str, Any]) -> Method:
    """Make a method; the options of a family with a group of its own are those of the group."""
    return kind(network.inputs, options if kind.group is Group else None)
