"""How well a classifier does on one split, overall and for each class and group."""

import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support, roc_auc_score

from lucidag.data.features import Features, judged_groups
from lucidag.ground.statistics.clusters import clustered_mean, clustered_share
from lucidag.models.calibration import calibration

CONFIDENCE = 0.95


def exact_logits(content: Features) -> NDArray[np.float64]:
    """Give the N x C logits in float64: ``features @ weight.T + bias`` where they are linear in the units.

    The sweep over units adds up the same products in float64, so with all units on it ends at the same
    decisions. Without penultimate units these are the network's own logits.
    """
    if content.exact is not None:
        return content.exact
    if content.features is None or content.weight is None or content.bias is None:
        return content.logits.astype(np.float64)
    product: NDArray[np.float64] = content.features.astype(np.float64) @ content.weight.astype(np.float64).T
    return product + content.bias.astype(np.float64)


def evaluate(content: Features, min_group: int = 1) -> dict[str, Any]:
    """Measure a split; the result can be written as JSON.

    Decisions and loss come from `exact_logits`. Classes and groups without an image are left out:
    of ``per_class`` and ``per_group``, of the macro means, and of the choice of the worst group. A group of
    fewer than `min_group` images is reported, but is not the worst (`lucidag.data.features.judged_groups`). A class
    that is never predicted has precision 0 and F1 0, as in scikit-learn with ``zero_division=0``.

    Returns
    -------
    dict
        ``n``, ``ids`` (patients or lesions, where images share any, else None), ``accuracy`` with ``accuracy_low`` and
        ``accuracy_high`` (the 95 % interval, over ids where there are any), ``loss`` (mean cross-entropy, natural
        logarithm) with ``loss_low`` and ``loss_high`` (None of one image or id), ``calibration_error`` and
        ``calibration_chance`` (see `lucidag.models.calibration.calibration`), ``balanced_accuracy`` (the mean recall),
        ``precision``, ``recall``, ``f1`` (macro), ``auc`` (two classes: of class 1; more: mean over one class against
        the rest; None where no class has both images inside and outside it), ``per_class`` {name: n, accuracy (its
        recall), precision, f1}, ``per_group`` {name: n, accuracy, low, high}, ``worst_group`` {name, n, accuracy}:
        without an interval, as it was picked for its accuracy, ``confusion`` (C x C counts, one row per true class),
        and ``head_agreement``: the largest difference between `exact_logits` and the network's float32 logits, and the
        share of images that both decide alike (None without penultimate units).
    """
    logits = exact_logits(content)
    labels, decisions = content.labels, logits.argmax(axis=1)
    hits = decisions == labels
    classes = range(len(content.classes))
    precision, recall, f1, count = precision_recall_fscore_support(
        labels, decisions, labels=list(classes), zero_division=0
    )
    present = count > 0
    owner = content.clusters()
    groups = _per_group(content, hits, owner)
    judged = judged_groups(np.array([group["n"] for group in groups.values()]), min_group)
    worst = min(itertools.compress(groups, judged), key=lambda name: groups[name]["accuracy"])
    overall = clustered_share(hits, owner, CONFIDENCE)
    loss = losses(logits, labels)
    low, high = clustered_mean(loss, owner, CONFIDENCE)
    error, chance = calibration(logits, labels)
    return {
        "n": len(labels),
        "ids": None if owner is None else int(owner.max()) + 1,
        "accuracy": float(hits.mean()),
        "accuracy_low": overall["low"],
        "accuracy_high": overall["high"],
        "loss": float(loss.mean()),
        "loss_low": low,
        "loss_high": high,
        "calibration_error": error,
        "calibration_chance": chance,
        "balanced_accuracy": float(recall[present].mean()),
        "precision": float(precision[present].mean()),
        "recall": float(recall[present].mean()),
        "f1": float(f1[present].mean()),
        "auc": _auc(labels, logits),
        "per_class": {
            content.classes[c]: {
                "n": int(count[c]),
                "accuracy": float(recall[c]),
                "precision": float(precision[c]),
                "f1": float(f1[c]),
            }
            for c in classes
            if present[c]
        },
        "per_group": groups,
        "worst_group": {"name": worst, "n": groups[worst]["n"], "accuracy": groups[worst]["accuracy"]},
        "confusion": confusion_matrix(labels, decisions, labels=list(classes)).tolist(),
        "head_agreement": _head_agreement(content, logits),
    }


def mean_loss(logits: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """Give the mean cross-entropy of N x C logits, natural logarithm."""
    return float(losses(logits, labels).mean())


def losses(logits: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Give the cross-entropy of each image, natural logarithm."""
    found: NDArray[np.float64] = -log_softmax(logits, axis=1)[np.arange(len(labels)), labels]
    return found


def _per_group(
    content: Features, hits: NDArray[np.bool_], owner: NDArray[np.int64] | None
) -> dict[str, dict[str, Any]]:
    found = {}
    for number, name in enumerate(content.group_names):
        here = content.groups == number
        if here.any():
            share = clustered_share(hits[here], None if owner is None else owner[here], CONFIDENCE)
            found[name] = {"n": share["n"], "accuracy": share["value"], "low": share["low"], "high": share["high"]}
    return found


def _auc(labels: NDArray[np.int64], logits: NDArray[np.float64]) -> float | None:
    """Give the area under the ROC curve; None where it is undefined."""
    if logits.shape[1] == 2:
        # The difference of the logits orders images as the probability does, without its ties near 0 and 1.
        scores = {1: logits[:, 1] - logits[:, 0]}
    else:
        probabilities = np.exp(log_softmax(logits, axis=1))
        scores = {c: probabilities[:, c] for c in range(logits.shape[1])}
    areas = [roc_auc_score(labels == c, score) for c, score in scores.items() if 0 < (labels == c).sum() < len(labels)]
    return float(np.mean(areas)) if areas else None


def _head_agreement(content: Features, logits: NDArray[np.float64]) -> dict[str, float] | None:
    if content.features is None:
        return None
    same = logits.argmax(axis=1) == content.logits.argmax(axis=1)
    return {
        "max_abs_difference": float(np.abs(logits - content.logits).max()),
        "same_decision_share": float(same.mean()),
    }
