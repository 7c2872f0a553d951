"""Finders held against a person's flags: the threshold is chosen on one half, reported on the other."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lucidag.ground.errors import InputError
from lucidag.ground.statistics.areas import area_interval
from lucidag.ground.statistics.clusters import clustered_share
from lucidag.ground.statistics.owners import owners

PRESENT, ABSENT = ("1", "true", "yes", "y", "t"), ("0", "false", "no", "n", "f")
LEAST = 4  # images with and without: two in each half
WEAK = 0.5
COMMON = 0.9  # of all images: a find in more of them tells no image from another

Flags = NDArray[np.bool_]


def flags(cells: Sequence[str]) -> Flags | None:
    """Read a column of 0 and 1 (or true/false, yes/no in any case); None where it holds anything else."""
    words = [str(cell).strip().lower().removesuffix(".0") for cell in cells]
    if not words or not set(words) <= {*PRESENT, *ABSENT}:
        return None
    return np.array([word in PRESENT for word in words])


def halves(truth: Flags, ids: Sequence[str] | None, seed: int) -> Flags | None:
    """Choose half of N images at random, stratified by `truth`; the images of one id stay together.

    Returns
    -------
    array or None
        bool N, True where a threshold is chosen. None where a half would lack images with or without the artefact.
    """
    from sklearn.model_selection import StratifiedGroupKFold  # here, as a figure reads flags alone

    owners = np.arange(len(truth)) if ids is None else np.unique(np.asarray(ids, str), return_inverse=True)[1]
    if min(truth.sum(), (~truth).sum()) < LEAST or len(np.unique(owners)) < 2:
        return None
    folds = StratifiedGroupKFold(2, shuffle=True, random_state=seed)
    chosen = np.zeros(len(truth), dtype=np.bool_)
    chosen[next(folds.split(owners, truth, owners))[0]] = True
    usable = all(0 < truth[side].sum() < side.sum() for side in (chosen, ~chosen))
    return chosen if usable else None


def best_threshold(scores: NDArray[np.float64], truth: Flags) -> float:
    """Give the threshold that has the highest F1 where a score above it is a find.

    Candidates are the middles between neighbouring scores, and one below all of them; of several that are as good the
    highest, which finds least.
    """
    order = np.argsort(-scores, kind="stable")
    ranked, hits = scores[order], np.cumsum(truth[order])
    last = np.append(ranked[1:] < ranked[:-1], True)
    f1 = np.where(last, 2 * hits / (np.arange(1, len(scores) + 1) + truth.sum()), -1.0)
    place = int(f1.argmax())
    below = ranked[place + 1] if place + 1 < len(ranked) else ranked[place] - 1
    return float((ranked[place] + below) / 2)


def measures(found: Flags, truth: Flags, confidence: float, ids: Sequence[str] | None = None) -> dict[str, Any]:
    """Give precision, recall and F1 with intervals, over `ids` where several images share one.

    Precision and recall are shares, with Wilson's interval. F1 grows with the overlap J of what is found and what is
    there (F1 = 2J / (1 + J)), which is a share too, so its interval is that of J, carried over.

    Returns
    -------
    dict
        ``precision``, ``recall``, ``f1`` (value, low, high, n; None where nothing is found or there), and the counts
        ``found``, ``present``, ``both``, ``images``.
    """
    both, owner = found & truth, owners(ids, len(truth))

    def share(among: Flags) -> dict[str, Any]:
        return clustered_share(both[among], None if owner is None else owner[among], confidence)

    overlap = share(found | truth)
    shares = {key: overlap[key] for key in ("value", "low", "high")}
    f1 = {key: None if each is None else 2 * each / (1 + each) for key, each in shares.items()}
    return {
        "precision": share(found),
        "recall": share(truth),
        "f1": {**f1, "n": overlap["n"]},
        "found": int(found.sum()),
        "present": int(truth.sum()),
        "both": int(both.sum()),
        "images": len(truth),
    }


def grade(
    name: str,
    scores: Sequence[float] | NDArray[np.float64] | pd.Series,
    truth: Flags | None,
    column: str | None,
    threshold: float,
    fixed: bool,
    ids: Sequence[str] | None,
    seed: int,
    confidence: float,
) -> dict[str, Any]:
    """Say of how many images a finder's find is, and what that can mean: measured against flags, where there are any.

    Parameters
    ----------
    name
        Of the finder.
    scores
        N scores.
    truth
        N flags, or None.
    column
        Where the flags are from.
    threshold
        The finder's own.
    fixed
        Whether the finder keeps it.
    ids
        N patients or lesions; the images of one stay in one half, and intervals are over them.
    seed
        Of the halves.
    confidence
        Of the intervals.

    Returns
    -------
    dict
        ``found``, how many images; ``validated``, whether flags have measured the finder; ``common``, whether it
        finds something in more than 90 % of the images; ``column``; ``threshold`` that is used; ``chosen`` and
        ``own``: a threshold each with what `measures` gives on the half that did not choose; ``used``: which of the
        two it is; ``selection_f1`` of the other half; ``auc`` on the reporting half (the chance that an image with
        the artefact scores higher than one without: value, low, high, n, reason); ``always``, the F1 of flagging
        every image; ``weak`` and ``sentence``. Where there are no flags, or too few images for two halves, column,
        threshold, weak (None) and sentence alone follow the first three.

    Raises
    ------
    InputError
        If there are flags and a score is not finite or their number differs.
    """
    values = np.asarray(scores, dtype=np.float64)
    graded: dict[str, Any] = {"column": column, "threshold": threshold, "weak": None}
    if truth is None:
        graded["sentence"] = f"{name} is unvalidated: no column holds flags to measure it against."
    else:
        if len(values) != len(truth) or not np.isfinite(values).all():
            raise InputError(f"finder '{name}': {len(truth)} flags need as many finite scores, there are {len(values)}")
        chosen = halves(truth, ids, seed)
        if chosen is None:
            graded["sentence"] = (
                f"{name} is unvalidated: it cannot be measured against '{column}', as {int(truth.sum())} of "
                f"{len(truth)} images have the flag, too few or too many for two halves."
            )
        else:
            measured = _measured(values, truth, chosen, threshold, fixed, confidence, ids)
            verdict = _verdict(f"{name} against '{column}'", measured)
            graded = {"column": column, "threshold": measured[measured["used"]]["threshold"], **measured, **verdict}
    found = values > graded["threshold"]
    number, common = int(found.sum()), bool(found.mean() > COMMON)
    told = f" It finds something in {number} of {len(found)} images: too common to tell one from another."
    standing = {"found": number, "validated": "used" in graded, "common": common}
    return {**standing, **graded, "sentence": graded["sentence"] + told * common}


def _measured(
    values: NDArray[np.float64],
    truth: Flags,
    chosen: Flags,
    threshold: float,
    fixed: bool,
    confidence: float,
    ids: Sequence[str] | None,
) -> dict[str, Any]:
    best = best_threshold(values[chosen], truth[chosen])
    rest, flagged = values[~chosen], truth[~chosen]
    own = None if ids is None else np.asarray(ids, str)[~chosen].tolist()
    return {
        "used": "own" if fixed else "chosen",
        "chosen": {"threshold": best, **measures(rest > best, flagged, confidence, own)},
        "own": {"threshold": threshold, **measures(rest > threshold, flagged, confidence, own)},
        "selection_f1": measures(values[chosen] > best, truth[chosen], confidence)["f1"]["value"],
        "auc": area_interval(rest, flagged, owners(own, len(rest)), confidence),
        "always": float(2 * flagged.mean() / (1 + flagged.mean())),
    }


def _verdict(what: str, measured: dict[str, Any]) -> dict[str, Any]:
    """Say in words how far the finder can be trusted: weak if at most half of its finds, or of the flags, is sure."""
    used, reasons = measured[measured["used"]], []
    if used["precision"]["value"] is None or used["precision"]["low"] <= WEAK:
        reasons.append("its finds may be wrong half of the time")
    if used["recall"]["low"] <= WEAK:
        reasons.append("it may miss half of the flagged images")
    if used["f1"]["low"] is None or used["f1"]["low"] <= measured["always"]:
        reasons.append("flagging every image may do as well")
    precision, recall = (
        "none" if used[key]["value"] is None else f"{used[key]['value']:.3f}" for key in ("precision", "recall")
    )
    words = f"{what}: precision {precision}, recall {recall} on {used['images']} images"
    return {"weak": bool(reasons), "sentence": f"{words}; {'weak: ' + ', '.join(reasons) if reasons else 'usable'}."}
