"""Which units a decision rests on, where logits are linear in them: exact, without running the network again.

With the units a and the last layer z_c = b_c + sum_u w_cu a_u, the lead of the decided class c over another class r is
b_c - b_r + sum_u (w_cu - w_ru) a_u. What unit u adds to the lead is its term, and switching units off takes their terms
away. So for each r the fewest units whose absence ends the lead are those that add most to it, and the fewest of all
are the fewest over r.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Decision:
    """What one decision rests on.

    Attributes
    ----------
    decided, rival
        The class with the greatest logit, and the next one.
    lead
        How much greater it is.
    adds
        K: what each unit adds to that lead; the rest of the lead is a difference of biases.
    without
        The fewest units without which the decision is another one, those that help most first; None where no units
        do that.
    then
        The decision without them.
    """

    decided: int
    rival: int
    lead: float
    adds: Floats
    without: tuple[int, ...] | None
    then: int | None


def decision(units: NDArray[np.floating], weight: NDArray[np.floating], bias: NDArray[np.floating]) -> Decision:
    """Return what the decision about one image rests on.

    Parameters
    ----------
    units
        K: the units in front of the last layer.
    weight, bias
        C x K and C, of at least two classes: the last layer.
    """
    terms = np.asarray(weight, np.float64) * np.asarray(units, np.float64)
    logits = terms.sum(axis=1) + bias
    order = np.argsort(-logits, kind="stable")
    decided, rival = int(order[0]), int(order[1])
    adds = terms[decided] - terms[rival]
    ways = [way for other in order[1:] if (way := _without(terms, logits, decided, int(other))) is not None]
    without = min(ways, key=len, default=None)
    then = None if without is None else int((logits - terms[:, list(without)].sum(axis=1)).argmax())
    return Decision(decided, rival, float(logits[decided] - logits[rival]), adds, without, then)


def _without(terms: Floats, logits: Floats, decided: int, other: int) -> tuple[int, ...] | None:
    """Return the fewest units without which `other` is above `decided`."""
    adds = terms[decided] - terms[other]
    order = np.argsort(-adds, kind="stable")
    left = logits[decided] - logits[other] - np.cumsum(adds[order])
    below = np.flatnonzero(left < 0)
    return tuple(int(unit) for unit in order[: below[0] + 1]) if len(below) else None
