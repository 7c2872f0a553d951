"""The record of an explanation: everything but the image and the network to make it again."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lucidag.explain.lime.explain import LimeResult, explain
from lucidag.explain.lime.neighbourhood import Classify
from lucidag.explain.lime.settings import LimeSettings
from lucidag.ground.errors import InputError


def result_json(result: LimeResult, settings: LimeSettings, classes: Sequence[str]) -> dict[str, Any]:
    """Give an explanation as plain values.

    Parameters
    ----------
    result, settings
        The explanation and how it was made.
    classes
        The names of all classes.

    Returns
    -------
    dict
        ``settings`` (with the seed), ``target``, ``target_name``, ``segments`` (their number), ``explained`` (for
        each class ``class``, ``name``, ``probability``, ``intercept``, ``score``, ``local_prediction`` and ``weights``
        as pairs of superpixel and weight), ``notes`` and ``seconds``.
    """
    return {
        "settings": settings.to_json(),
        "target": result.target,
        "target_name": classes[result.target],
        "segments": int(result.segments.max()) + 1,
        "explained": [
            {
                "class": label,
                "name": classes[label],
                "probability": float(result.probabilities[label]),
                "intercept": result.intercept[label],
                "score": result.score[label],
                "local_prediction": result.local_prediction[label],
                "weights": [[segment, weight] for segment, weight in result.weights[label]],
            }
            for label in result.classes
        ],
        "notes": list(result.notes),
        "seconds": {part: round(seconds, 6) for part, seconds in result.seconds.items()},
    }


def reproduce(
    record: Mapping[str, Any], classify: Classify, frame: NDArray[np.uint8], batch_size: int, device: str = "cpu"
) -> LimeResult:
    """Make an explanation again from its record; see `lucidag.explain.lime.explain.explain` for the other arguments.

    Raises
    ------
    InputError
        If the record lacks something.
    """
    for key in ("settings", "target"):
        if key not in record:
            raise InputError(f"the record of a LIME explanation lacks '{key}'")
    settings = LimeSettings.from_json(record["settings"])
    return explain(classify, frame, settings, int(record["target"]), batch_size, device)
