"""Units in front of the last layer taken out: those that carry what an artefact adds to the logits.

Without unit u the logits are Z - f_u W_u, so that a column of the last layer set to 0 takes it out exactly.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lucidag.artefacts.repair.groups import Rows, Shown
from lucidag.artefacts.repair.head import Floats, Head


@dataclass(frozen=True)
class Mask:
    """Units to be taken out.

    Attributes
    ----------
    units
        In the order in which they were chosen.
    carried
        What each carries: see `carried`.
    left
        The sum of what all units that stay carry, for each artefact; of all units, where none is taken out.
    why
        Why there are no more of them.
    """

    units: Rows
    carried: Floats
    left: Floats
    why: str


def class_of(labels: Rows, column: NDArray[np.bool_], classes: int) -> int:
    """Return the class of whose images the greatest share shows an artefact; of equal ones the first."""
    shares = [column[labels == c].mean() if (labels == c).any() else -1.0 for c in range(classes)]
    return int(np.argmax(shares))


def carried(features: NDArray[np.floating], labels: Rows, shown: Shown, head: Head) -> Floats:
    """Return what each unit adds to the margin of an artefact's class where the artefact is shown.

    d_u (W_tu - V_u): d is the mean activation of images that show it less that of those that do not, inside each class
    (so that the class itself has no part in it) and averaged over classes; t is the class that the artefact goes with,
    V the mean row of the others.

    Returns
    -------
    array
        K x artefacts; its sum over units is what the artefact adds to the margin.
    """
    found = []
    for column in shown.T:
        target = class_of(labels, column, len(head.bias))
        others = np.delete(head.weight, target, axis=0).mean(axis=0)
        change = [
            features[(labels == c) & column].mean(axis=0, dtype=np.float64)
            - features[(labels == c) & ~column].mean(axis=0, dtype=np.float64)
            for c in np.unique(labels)
            if 0 < column[labels == c].sum() < (labels == c).sum()
        ]
        found.append(np.mean(change, axis=0) * (head.weight[target] - others))
    return np.stack(found, axis=1)


def choose_units(features: NDArray[np.floating], labels: Rows, shown: Shown, head: Head, tolerance: float) -> Mask:
    """Choose the fewest units without which artefacts add nothing, as long as accuracy allows.

    Units come in the order of what they carry of all artefacts together; those that carry less than nothing stay.

    Parameters
    ----------
    features, labels, shown
        N images: N x K, N class indices, N x artefacts.
    head
        The last layer.
    tolerance
        How far the accuracy on images that show no artefact may fall.
    """
    carry = carried(features, labels, shown, head)
    total = carry.sum(axis=1)
    order = np.argsort(-total, kind="stable")
    clean = ~shown.any(axis=1)
    least = head.right(features[clean], labels[clean]).mean() - tolerance if clean.any() else 0.0
    kept, why = 0, "no further unit carries anything"
    for count in range(1, int((total > 0).sum()) + 1):
        without = taken_out(head, order[:count])
        if clean.any() and without.right(features[clean], labels[clean]).mean() < least - 1e-12:
            continue
        kept = count
        if (carry.sum(axis=0) - carry[order[:count]].sum(axis=0) <= 0).all():
            why = "nothing of the artefacts is left"
            break
    else:
        if kept < int((total > 0).sum()):
            why = "without more, accuracy on images that show no artefact falls by more than `tolerance`"
    units = order[:kept].astype(np.int64)
    return Mask(units, carry, carry.sum(axis=0) - carry[units].sum(axis=0), why)


def taken_out(head: Head, units: Rows) -> Head:
    """Return a last layer that sees nothing of some units."""
    weight = head.weight.copy()
    weight[:, units] = 0.0
    return Head(weight, head.bias)
