"""Signs that an imported network is not fed, or read, as it was trained: what its logits say about the set-up.

Each function reports rarely where all is right. A claim needs a paired test over images, an exact one-sided sign test
(McNemar 1947, Psychometrika 12) at `ALARM`, and a gain that is worth a sentence: a poor network that by chance does a
little better with other inputs stays unreported.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.stats import binom, norm

from lucidag.models.evaluate import losses

ALARM = 1e-3  # chance of a claim by chance alone
MARGIN = 0.1  # least gain in accuracy that is claimed
MOVED = 0.25  # least gain in accuracy over the images of the classes whose outputs are said to be others
IDENTITY = 0.2  # of a class's images: what the order as it is is ahead of any other
LISTED = 8  # classes that a sentence names at most

Order = dict[int, int]  # class to the output that stands for it; those that are not named keep their place


def clearly_better(now: NDArray[np.bool_], other: NDArray[np.bool_], tests: int = 1, margin: float = MARGIN) -> bool:
    """Tell whether decisions are right clearly more often in another way, image by image.

    Parameters
    ----------
    now, other
        Whether each of N images is decided rightly, as it is and in the other way.
    tests
        Among how many ways this one was picked (Bonferroni).
    margin
        Least gain in accuracy.
    """
    if not len(now) or other.mean() - now.mean() < margin:
        return False
    won, lost = int((other & ~now).sum()), int((now & ~other).sum())
    return bool(binom.sf(won - 1, won + lost, 0.5) * tests <= ALARM)


def reordered(labels: NDArray[np.int64], order: Mapping[int, int]) -> NDArray[np.int64]:
    """Give the output that stands for each label."""
    return np.array([order.get(int(label), int(label)) for label in labels], dtype=np.int64)


def order_of_classes(labels: NDArray[np.int64], decisions: NDArray[np.int64]) -> Order:
    """Find the outputs that stand for other classes than their place says; {} where none clearly does.

    One half of the images of each class fits the order (the assignment with most right decisions, Kuhn 1955, Naval
    Research Logistics Quarterly 2), the other half tests it, ring by ring of classes that change places.

    Parameters
    ----------
    labels, decisions
        N class indices: the truth, and the output that is highest.
    """
    half = _alternating(labels)
    fitted = _assignment(labels[half], decisions[half])
    tested, decided = labels[~half], decisions[~half]
    parts = [{c: fitted[c] for c in ring if c in fitted} for ring in _rings(fitted)]
    # Rings of few images show together what none of them shows alone.
    found = [part for part in parts if _fits(tested, decided, part, len(parts) + 1)]
    left = [part for part in parts if part not in found]
    gaining = {c: output for part in left if _gain(tested, decided, part) >= MOVED for c, output in part.items()}
    whole = {c: output for part in left for c, output in part.items()}
    if _fits(tested, decided, whole, len(parts) + 1):
        found.append(gaining)
    return {c: output for part in found for c, output in part.items()}


def _hits(labels: NDArray[np.int64], decisions: NDArray[np.int64], part: Order) -> tuple[NDArray[np.bool_], ...]:
    """Tell of the images of classes that change places whether they are decided rightly, in either order."""
    mine = np.isin(labels, [*part, *part.values()])
    return decisions[mine] == labels[mine], decisions[mine] == reordered(labels[mine], part)


def _fits(labels: NDArray[np.int64], decisions: NDArray[np.int64], part: Order, tests: int) -> bool:
    now, other = _hits(labels, decisions, part)
    return clearly_better(now, other, tests, MOVED)


def _gain(labels: NDArray[np.int64], decisions: NDArray[np.int64], part: Order) -> float:
    now, other = _hits(labels, decisions, part)
    return float(other.mean() - now.mean()) if len(now) else 0.0


def _alternating(labels: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Put every second image of each class into one half."""
    places = np.zeros(len(labels), dtype=np.int64)
    for label in np.unique(labels):
        mine = labels == label
        places[mine] = np.arange(mine.sum())
    return places % 2 == 0


def _assignment(labels: NDArray[np.int64], decisions: NDArray[np.int64]) -> Order:
    """Assign an output to each class that has images; those that keep theirs are left out."""
    rows = np.unique(labels)
    columns = np.union1d(rows, decisions)
    counts = np.zeros((len(rows), len(columns)))
    np.add.at(counts, (np.searchsorted(rows, labels), np.searchsorted(columns, decisions)), 1)
    counts[np.arange(len(rows)), np.searchsorted(columns, rows)] += 1 + IDENTITY * counts.sum(axis=1)
    chosen = columns[linear_sum_assignment(counts, maximize=True)[1]]
    return {int(c): int(output) for c, output in zip(rows, chosen, strict=True) if c != output}


def _rings(order: Order) -> list[list[int]]:
    """Part classes and the outputs that stand for them into those that have to do with each other."""
    rings: list[set[int]] = []
    for pair in ({c, output} for c, output in order.items()):
        apart = [ring for ring in rings if not ring & pair]
        rings = [*apart, pair.union(*(ring for ring in rings if ring & pair))]
    return [sorted(ring) for ring in rings]


def worse_than_guessing(
    logits: NDArray[np.float64], labels: NDArray[np.int64], learnt: float | None
) -> tuple[float, float] | None:
    """Give the mean cross-entropy and that of guessing, ln C, where the former is clearly above; else None.

    Parameters
    ----------
    logits, labels
        N x C and N, of the images that results are reported on.
    learnt
        Mean cross-entropy over the training split, if there is one: a network that is fine there, and not here, has
        learnt its images by heart, and is fed rightly.
    """
    count, classes = logits.shape
    guess = float(np.log(classes))
    if classes < 2 or count < 2 or (learnt is not None and learnt <= guess):
        return None
    each = losses(logits, labels)
    bound = each.mean() - norm.isf(ALARM) * each.std(ddof=1) / np.sqrt(count)
    return (float(each.mean()), guess) if bound > guess else None


def order_sentence(order: Order, classes: Sequence[str], now: float, then: float) -> str:
    """Say which outputs stand for other classes, what accuracy that would give, and what to do."""
    named = [f"output {output} is '{classes[c]}'" for c, output in sorted(order.items())[:LISTED]]
    more = f" and {len(order) - LISTED} more" if len(order) > LISTED else ""
    moved = {output: classes[c] for c, output in order.items()}
    whole = [moved.get(place, name) for place, name in enumerate(classes)]
    advice = "list `classes` of the data set in the network's order"
    if len(classes) <= LISTED and sorted(whole) == sorted(classes):
        advice += f", {', '.join(whole)}"
    return (
        f"the classes fit the network's outputs in another order ({', '.join(named)}{more}): test accuracy "
        f"{now:.1%} would be {then:.1%}; {advice}"
    )
