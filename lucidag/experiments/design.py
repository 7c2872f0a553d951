"""Which networks of a family can be compared: those of all values of a factor and all seeds, alike in all else."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Network:
    """A network of a family.

    Attributes
    ----------
    settings
        By factor, the place of its value among those of the factor.
    seed
        Of its training.
    """

    settings: Mapping[str, int]
    seed: int


@dataclass(frozen=True)
class Balanced:
    """Networks that differ in one factor, C combinations of the other settings, and seeds.

    Attributes
    ----------
    values
        L x C x S: an outcome; a number everywhere.
    left_out
        How many networks with a number are not among them, as others that they would be compared with are missing.
    """

    values: Floats
    left_out: int


def balanced(
    networks: Sequence[Network], outcome: Floats, factor: str, levels: Sequence[int] | None = None
) -> Balanced | None:
    """Lay out an outcome for the comparison of the values of a factor.

    Where a network is missing or has no number, its combination of other settings is left out: seeds are what intervals
    rest on. Only where no combination has all seeds, the seed that is missing most often is left out instead.

    Parameters
    ----------
    networks
        Of one family, N of them.
    outcome
        N numbers; NaN where there is none.
    factor
        Whose values are compared.
    levels
        Some of its values; None: all that networks have.

    Returns
    -------
    Balanced or None
        None where nothing is left, or the factor has no two values.
    """
    chosen = sorted({each.settings[factor] for each in networks}) if levels is None else list(levels)
    others: dict[Hashable, int] = {}
    seeds = sorted({each.seed for each in networks})
    places = []
    for each in networks:
        rest = tuple(sorted((name, place) for name, place in each.settings.items() if name != factor))
        places.append(others.setdefault(rest, len(others)))
    values = np.full((len(chosen), len(others), len(seeds)), np.nan)
    counted = 0
    for each, row, number in zip(networks, places, outcome, strict=True):
        if each.settings[factor] in chosen:
            values[chosen.index(each.settings[factor]), row, seeds.index(each.seed)] = number
            counted += int(not np.isnan(number))
    kept = _full(~np.isnan(values).any(axis=0))
    if len(chosen) < 2 or kept is None:
        return None
    values = values[:, kept[0]][:, :, kept[1]]
    return Balanced(values, counted - values.size)


def _full(there: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]] | None:
    """Choose rows and columns of a table so that each of their cells is there."""
    columns = np.ones(there.shape[1], bool)
    while columns.any():
        rows: NDArray[np.bool_] = np.all(there[:, columns], axis=1)
        if rows.any():
            return rows, columns
        columns[np.flatnonzero(columns)[int(there[:, columns].mean(axis=0).argmin())]] = False
    return None


def one_factor_each(values: Sequence[Mapping[str, Hashable]]) -> list[tuple[str, ...]]:
    """Put together the settings that always change together, as those of a `zip` do, and leave out what never changes.

    Parameters
    ----------
    values
        By network, its value of each setting.

    Returns
    -------
    list of tuple
        The settings of each factor, in their order.
    """
    names = list(dict.fromkeys(name for each in values for name in each))
    codes = {}
    for name in names:
        known: dict[Hashable, int] = {}
        codes[name] = tuple(known.setdefault(each.get(name), len(known)) for each in values)
    varied = [name for name in names if len(set(codes[name])) > 1]
    found: dict[tuple[int, ...], tuple[str, ...]] = {}
    for name in varied:
        found[codes[name]] = (*found.get(codes[name], ()), name)
    return list(found.values())
