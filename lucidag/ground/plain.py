"""Values as JSON has words for them."""

import math
from collections.abc import Iterator, Mapping
from typing import Any


def plain(value: Any) -> Any:  # noqa: ANN401 (whatever the settings of a job are)
    """Return a value that JSON can write: what it has no word for as text.

    >>> plain({"lr": (0.1, float("inf")), 3: None})
    {'lr': [0.1, 'inf'], '3': None}
    """
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(each) for each in value]
    if value is None or isinstance(value, (bool, int, str)) or (isinstance(value, float) and math.isfinite(value)):
        return value
    return str(value)


def seeds_in(settings: Any, path: str = "") -> Iterator[tuple[str, Any]]:  # noqa: ANN401
    """Give each value that is called a seed, with its path of keys.

    >>> dict(seeds_in({"train": {"seed": 7, "lr": 0.1}, "model_seeds": {"a": 1}, "arms": [{"seed": 2}]}))
    {'train.seed': 7, 'model_seeds': {'a': 1}, 'arms.0.seed': 2}
    """
    parts = enumerate(settings) if isinstance(settings, list) else ()
    for key, value in settings.items() if isinstance(settings, Mapping) else parts:
        here = f"{path}.{key}" if path else str(key)
        if str(key).split("_")[-1] in ("seed", "seeds"):
            yield here, value
        else:
            yield from seeds_in(value, here)
