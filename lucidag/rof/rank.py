"""Rankings of the units of the penultimate layer, best first.

What is ranked are the inputs of the last linear layer, pooled where the network pools. After a ReLU and
average pooling the order by mean activation is the same as that of the feature maps; on signed layers
it is not, because positive and negative positions cancel in the pooled value.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lucidag.data.features import Features
from lucidag.ground.errors import InputError
from lucidag.rof.forward import forward

RANDOM = "random"
REVERSED = "reversed"
FORWARD = "forward"


def _contribution(features: NDArray[np.float32], weight: NDArray[np.float32]) -> NDArray[np.float64]:
    strength = np.abs(weight).mean(axis=0, dtype=np.float64)
    return np.abs(features).mean(axis=0, dtype=np.float64) * strength


SCORES: Mapping[str, Callable[[NDArray[np.float32], NDArray[np.float32]], NDArray[np.float64]]] = {
    "l1": lambda features, _: np.abs(features).mean(axis=0, dtype=np.float64),
    "l2": lambda features, _: np.sqrt(np.square(features, dtype=np.float64).mean(axis=0)),
    "variance": lambda features, _: features.var(axis=0, dtype=np.float64),
    "contribution": _contribution,
}
METHODS = (*SCORES, RANDOM, REVERSED)
ORDER_COLUMNS = ("split", "method", "seed")
RANKING_COLUMNS = (*ORDER_COLUMNS, "rank", "unit", "score")


def score(features: NDArray[np.float32], weight: NDArray[np.float32], method: str = "l1") -> NDArray[np.float64]:
    """Score the K units.

    Parameters
    ----------
    features
        N x K input of the last linear layer.
    weight
        C x K weight of that layer.
    method
        ``l1`` mean of abs(f) over images, the ranking of retrieval of function (Zhao, Zhang and Hu, arXiv
        2011.00789); ``l2`` root mean square; ``variance``; ``contribution`` mean over images and classes of
        abs(w f), which is the mean of abs(f) times the mean over classes of abs(w).

    Raises
    ------
    InputError
        If the method is unknown or gives no score, or a score is not finite.
    """
    if method not in SCORES:
        raise InputError(f"ranking method '{method}' has no score; allowed: {', '.join(SCORES)}")
    scores = SCORES[method](features, weight)
    if not np.isfinite(scores).all():
        unit = int(np.flatnonzero(~np.isfinite(scores))[0])
        raise InputError(f"the features or weights of unit {unit} hold NaN or infinite values")
    return scores


def rank(
    features: NDArray[np.float32], weight: NDArray[np.float32], method: str = "l1", seed: int | None = None
) -> NDArray[np.int64]:
    """Order the K units, the best first; equal scores by unit number.

    Beside the methods of `score` there are two controls: ``random``, a permutation drawn from `seed`, and
    ``reversed``, the order of ``l1`` from its end.

    Raises
    ------
    InputError
        If the method is unknown, a score is not finite, or ``random`` has no seed.
    """
    if method == RANDOM:
        if seed is None:
            raise InputError("ranking method 'random' needs a seed")
        return np.random.Generator(np.random.PCG64(seed)).permutation(features.shape[1])
    if method == REVERSED:
        return rank(features, weight, "l1")[::-1].copy()
    if method not in SCORES:
        raise InputError(f"ranking method '{method}' is unknown; allowed: {', '.join(METHODS)}")
    return np.argsort(-score(features, weight, method), kind="stable")


def orders(methods: Sequence[str], random_seeds: Sequence[int]) -> list[tuple[str, int | None]]:
    """List every order as (method, seed); only ``random`` has seeds."""
    return [(method, seed) for method in methods for seed in (random_seeds if method == RANDOM else (None,))]


def ranking_table(
    contents: Mapping[str, Features], methods: Sequence[str], random_seeds: Sequence[int] = ()
) -> pd.DataFrame:
    """Rank the units of a model on every split.

    Parameters
    ----------
    contents
        The features file of each split.
    methods
        Of `METHODS`, or ``forward``.
    random_seeds
        One ``random`` order for each.

    Returns
    -------
    DataFrame
        Columns split, method, seed (empty unless random), rank (1 to K), unit (from 0) and score (empty
        for random, that of ``l1`` for reversed; for forward see `lucidag.rof.forward`).

    Raises
    ------
    InputError
        If the network has no last linear layer, or `rank` refuses.
    """
    parts = []
    for split, content in contents.items():
        features, weight, bias = head_of(content, split)
        for method, seed in orders(methods, random_seeds):
            if method == FORWARD:
                order, scores = forward(features, weight, bias, content.labels)
            else:
                order = rank(features, weight, method, seed)
                scores = np.full(len(order), np.nan)
            if method not in (RANDOM, FORWARD):
                scores = score(features, weight, "l1" if method == REVERSED else method)[order]
            columns = order_columns(split, method, seed, len(order))
            parts.append(pd.DataFrame(columns | {"rank": np.arange(1, len(order) + 1), "unit": order, "score": scores}))
    if not parts:
        raise InputError("there is nothing to rank: no split or no ranking method was given")
    return pd.concat(parts, ignore_index=True)


def order_columns(split: str, method: str, seed: int | None, rows: int) -> dict[str, object]:
    """Return `ORDER_COLUMNS` of `rows` rows; ``seed`` is empty where there is none."""
    return {"split": split, "method": method, "seed": pd.array([seed] * rows, dtype="Int64")}


def rows_of(table: pd.DataFrame, split: str, method: str, seed: int | None) -> pd.DataFrame:
    """Give the rows of one order, of a table with `ORDER_COLUMNS`."""
    chosen = (table["split"] == split) & (table["method"] == method)
    return table[chosen & (table["seed"].isna() if seed is None else (table["seed"] == seed).fillna(False))]


def order_of(ranking: pd.DataFrame, split: str, method: str, seed: int | None = None) -> NDArray[np.int64]:
    """Read one order out of a ranking table.

    Raises
    ------
    InputError
        If the table lacks it.
    """
    return ranking_rows(ranking, split, method, seed)["unit"].to_numpy(dtype=np.int64)


def ranking_rows(ranking: pd.DataFrame, split: str, method: str, seed: int | None = None) -> pd.DataFrame:
    """Give the rows of one order of a ranking table, by rank.

    Raises
    ------
    InputError
        If the table lacks it.
    """
    rows = rows_of(ranking, split, method, seed)
    if rows.empty:
        name = method if seed is None else f"{method} (seed {seed})"
        raise InputError(f"the ranking table holds no order '{name}' of split '{split}'")
    return rows.sort_values("rank")


def head_of(content: Features, split: str) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Return features, weight and bias, all there.

    Raises
    ------
    InputError
        If the network has no last linear layer.
    """
    if content.features is None or content.weight is None or content.bias is None:
        raise InputError(
            f"the features of split '{split}' hold no last linear layer: "
            "ranking and sweeping need a network that ends in one"
        )
    return content.features, content.weight, content.bias
