"""The settings that a tuner of LIME tries: a space as plain data, and seeded draws from it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lucidag.explain.lime.settings import LimeSettings
from lucidag.ground.errors import InputError

# A list holds choices; low and high are the ends of a range, of whole numbers where both are whole. `log`: drawn
# evenly in the logarithm.
SEARCH_SPACE: Mapping[str, Any] = {
    "segmentation": {
        "quickshift": {
            "kernel_size": {"low": 1.0, "high": 6.0},
            "max_dist": {"low": 5.0, "high": 200.0, "log": True},
            "ratio": {"low": 0.1, "high": 1.0},
        },
        "slic": {
            "n_segments": {"low": 10, "high": 150, "log": True},
            "compactness": {"low": 1.0, "high": 40.0, "log": True},
            "sigma": [0.0, 1.0, 2.0],
        },
        "felzenszwalb": {
            "scale": {"low": 20.0, "high": 1000.0, "log": True},
            "sigma": [0.5, 0.8, 1.5],
            "min_size": {"low": 20, "high": 400, "log": True},
        },
    },
    "hide_color": [None, 0, 128, 255],
    "num_features": {"low": 2, "high": 12},
    "num_samples": [100, 200, 300, 500],
}


def trials(
    current: LimeSettings, number: int, seed: int, space: Mapping[str, Any] = SEARCH_SPACE
) -> list[LimeSettings]:
    """Return settings to try: the current ones first, then different draws from a space.

    What the space does not name (the classes explained, the kernel, the seed of the masks) stays as it is. More trials
    with the same seed begin with the same draws.

    Parameters
    ----------
    current
        Trial 0.
    number
        How many in all.
    seed
        Of the draws.
    space
        See `SEARCH_SPACE`.

    Raises
    ------
    InputError
        If the space does not hold so many different settings.
    """
    random = np.random.default_rng(seed)
    found = [current]
    for _ in range(100 * number):
        if len(found) >= number:
            return found
        drawn = _draw(current, space, random)
        if drawn not in found:
            found.append(drawn)
    raise InputError(
        f"lime tuning: the search space holds fewer than {number} different settings; ask for fewer trials"
    )


def _draw(current: LimeSettings, space: Mapping[str, Any], random: np.random.Generator) -> LimeSettings:
    segmentation = space["segmentation"]
    algorithm = _pick(list(segmentation), random)
    words = {key: _pick(space[key], random) for key in ("hide_color", "num_features", "num_samples")}
    parameters = {name: _pick(values, random) for name, values in segmentation[algorithm].items()}
    drawn = LimeSettings.from_json({"segmentation": {"algorithm": algorithm, **parameters}}).segmentation
    return current.model_copy(update={"segmentation": drawn, **words})


def _pick(values: Sequence[Any] | Mapping[str, Any], random: np.random.Generator) -> Any:  # noqa: ANN401
    """Draw one of some choices, or a number of a range; three digits are enough, and are read more easily."""
    if not isinstance(values, Mapping):
        return values[int(random.integers(len(values)))]
    low, high = values["low"], values["high"]
    share = random.random()
    # A whole number owns the unit around it, so that both ends are as likely as the rest.
    whole = isinstance(low, int) and isinstance(high, int)
    ends = (low - 0.5, high + 0.5) if whole else (low, high)
    drawn = ends[0] * (ends[1] / ends[0]) ** share if values.get("log") else ends[0] + share * (ends[1] - ends[0])
    return min(max(round(drawn), low), high) if whole else float(f"{drawn:.3g}")
