"""How well the label is told without looking at the subject: from metadata and artefacts alone."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from threadpoolctl import threadpool_limits

from lucidag.artefacts.scores import classification, mean_auc
from lucidag.artefacts.settings import Draws
from lucidag.ground.statistics.clusters import clustered_share
from lucidag.ground.statistics.owners import owners

FOLDS = 5
METADATA, FINDERS, BOTH = "metadata", "finders", "metadata and finders"
CRITERIA = ("accuracy", "balanced_accuracy")

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]
Fold = tuple[Rows, Rows]  # rows to learn from, rows to predict
Rule = tuple[str, dict[str, int], int]  # a column, the class of each of its values, and that of all others
Predict = Callable[[Rows], Floats]  # rows to probabilities, n x C


def metadata_baseline(
    columns: pd.DataFrame,
    found: pd.DataFrame,
    labels: NDArray[np.integer],
    classes: Sequence[str],
    splits: Sequence[str],
    asked: Draws,
    ids: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Predict the label from what is not the subject.

    A logistic regression (L2, C = 1, values one-hot and standardised) and the best rule on a single column (OneR:
    Holte 1993, *Very simple classification rules perform well on most commonly used datasets*) learn on the train split
    and are measured on the test split; where there is no train split, in five folds over all images.

    Parameters
    ----------
    columns
        N rows of metadata as strings, see `lucidag.artefacts.columns`.
    found
        N rows of 0 and 1 as strings, one column per finder; may have no column. Not the scores: below its threshold a
        finder's score is what the subject itself looks like, its colour and texture.
    labels, classes
        N class indices, and the names.
    splits
        N of train, val, test.
    asked
        Of the bootstrap over images, or over ids where there are any; the seed is also that of the folds.
    ids
        N patients or lesions. Training images whose id is in the test split are not learnt from.

    Returns
    -------
    dict
        ``how`` (``test split`` or ``5 folds``), ``learnt`` and ``measured`` images, ``shared_ids`` (training images
        left out), ``majority`` (class, value, low, high, n: the share of the test images that the most frequent
        training class gets right), ``logistic`` (by ``metadata``, ``finders``, ``metadata and finders``: accuracy,
        balanced_accuracy, auc, features), ``told_by`` (the one of these that ``sentence`` tells of, see `_chosen`),
        ``rule`` (by the criterion that chose it on training images: column, predicts (value to class), accuracy,
        balanced_accuracy; a rule gives no probabilities, so that it has no other AUC than its balanced accuracy), and
        ``sentence``. A data set of one class, or without columns, has only ``sentence``.
    """
    if len(set(labels.tolist())) < 2:
        return {"sentence": "All images are of one class, so there is no label to predict."}
    discrete = pd.concat([columns, found], axis=1)
    features = {METADATA: _encoded(columns), FINDERS: _encoded(found), BOTH: _encoded(discrete)}
    features = {name: table for name, table in features.items() if table.shape[1]}
    if not features:
        return {"sentence": "There is neither a metadata column nor a finder to predict the label from."}
    folds, how, dropped = _folds(labels, splits, ids, asked.seed)
    if not folds:
        return {"sentence": _why_not(how, dropped, ids is not None)}
    rows = np.concatenate([fold[1] for fold in folds])
    own = None if ids is None else [ids[row] for row in rows]

    def measured(fit: Callable[[Rows], Predict]) -> dict[str, Any]:
        probabilities = np.concatenate([fit(learn)(predict) for learn, predict in folds])
        return classification(probabilities, probabilities.argmax(axis=1), labels[rows], asked, own)

    count = len(classes)
    logistic = {
        name: {**measured(partial(_logistic, table, labels, count)), "features": table.shape[1]}
        for name, table in features.items()
    }
    everything = np.unique(np.concatenate([fold[0] for fold in folds]))
    rules = {}
    for criterion in CRITERIA:
        column, told, _ = best_rule(discrete.iloc[everything], labels[everything], count, criterion)
        scored = measured(partial(_ruled, discrete, labels, count, criterion))
        del scored["auc"]
        rules[criterion] = {"column": column, "predicts": {value: classes[c] for value, c in told.items()}, **scored}
    result = {
        "how": how,
        "learnt": len(everything),
        "measured": len(rows),
        "shared_ids": dropped,
        "majority": _majority(folds, labels, classes, asked.confidence, own),
        "logistic": logistic,
        "told_by": _chosen(features, labels, count, splits, folds),
        "rule": rules,
    }
    return {**result, "sentence": _sentence(result)}


def best_rule(columns: pd.DataFrame, labels: NDArray[np.integer], classes: int, criterion: str) -> Rule:
    """Choose the column whose values tell the class best.

    Parameters
    ----------
    columns
        N rows of strings.
    labels
        N class indices.
    classes
        Their number C.
    criterion
        ``accuracy``: each value stands for its most frequent class, and the column with most right answers is taken.
        ``balanced_accuracy``: every class counts the same, however frequent.
        Of equal columns the first, of equal classes the first.

    Returns
    -------
    column, classes, otherwise
        The class of each value that was learnt, and the most frequent class, which all others have.
    """
    totals = np.bincount(labels, minlength=classes)
    weight = 1 / np.maximum(totals, 1) if criterion == "balanced_accuracy" else np.ones(classes)
    best, gained = None, -1.0
    for name in columns.columns:
        values, place = np.unique(columns[name].to_numpy(dtype=str), return_inverse=True)
        counts = np.zeros((len(values), classes))
        np.add.at(counts, (place, labels), 1)
        counts *= weight
        if counts.max(axis=1).sum() > gained + 1e-12:
            gained = float(counts.max(axis=1).sum())
            told = {str(value): int(c) for value, c in zip(values, counts.argmax(axis=1), strict=True)}
            best = str(name), told, int(totals.argmax())
    assert best is not None, "a rule needs a column"
    return best


def _encoded(columns: pd.DataFrame) -> Floats:
    """Give one column of 0 and 1 for each value; of two values, one column."""
    parts = []
    for name in columns.columns:
        values = sorted(set(columns[name]))
        parts += [
            (columns[name] == value).to_numpy(np.float64) for value in (values if len(values) > 2 else values[1:])
        ]
    return np.stack(parts, axis=1) if parts else np.zeros((len(columns), 0))


def _folds(
    labels: NDArray[np.integer], splits: Sequence[str], ids: Sequence[str] | None, seed: int
) -> tuple[list[Fold], str, int]:
    where = np.asarray(splits)
    train, test = np.flatnonzero(where == "train"), np.flatnonzero(where == "test")
    if len(train) and len(test):
        dropped = 0
        if ids is not None:
            shared = np.isin(np.asarray(ids, str)[train], np.asarray(ids, str)[test])
            train, dropped = train[~shared], int(shared.sum())
        return ([(train, test)] if len(np.unique(labels[train])) > 1 else []), "test split", dropped
    owners = np.arange(len(labels)) if ids is None else np.unique(np.asarray(ids, str), return_inverse=True)[1]
    smallest = min(len(np.unique(owners[labels == c])) for c in np.unique(labels))
    if smallest < FOLDS:
        return [], f"{FOLDS} folds", 0
    chosen = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed).split(owners, labels, owners)
    folds = [(learn, predict) for learn, predict in chosen if len(np.unique(labels[learn])) > 1]
    return folds, f"{FOLDS} folds", 0


def _logistic(features: Floats, labels: NDArray[np.integer], classes: int, learn: Rows) -> Predict:
    middle, spread = features[learn].mean(axis=0), features[learn].std(axis=0)
    spread[spread == 0] = 1.0
    scaled = (features - middle) / spread
    with threadpool_limits(1):  # sums in one order, so that the bytes do not depend on the number of cores
        model = LogisticRegression(C=1.0, max_iter=2000).fit(scaled[learn], labels[learn])

    def predict(rows: Rows) -> Floats:
        probabilities = np.zeros((len(rows), classes))
        with threadpool_limits(1):
            probabilities[:, model.classes_] = model.predict_proba(scaled[rows])
        return probabilities

    return predict


def _chosen(
    features: Mapping[str, Floats], labels: NDArray[np.integer], classes: int, splits: Sequence[str], folds: list[Fold]
) -> str:
    """Choose the features to tell of without a look at the images that measure them.

    Those with the greatest AUC on validation images, learnt from the training images; of equal ones the first. Without
    a test split, or validation images of two classes, all features, whatever they are worth.
    """
    validation = np.flatnonzero(np.asarray(splits) == "val")
    learn, measured = folds[0]
    if len(folds) > 1 or set(validation) & set(measured) or len(np.unique(labels[validation])) < 2:
        return max(features, key=lambda name: features[name].shape[1])

    def area(name: str) -> float:
        return mean_auc(_logistic(features[name], labels, classes, learn)(validation), labels[validation])

    return max(features, key=area)


def _ruled(columns: pd.DataFrame, labels: NDArray[np.integer], classes: int, criterion: str, learn: Rows) -> Predict:
    column, told, otherwise = best_rule(columns.iloc[learn], labels[learn], classes, criterion)
    return lambda rows: np.eye(classes)[[told.get(value, otherwise) for value in columns[column].iloc[rows]]]


def _majority(
    folds: Sequence[Fold],
    labels: NDArray[np.integer],
    classes: Sequence[str],
    confidence: float,
    ids: Sequence[str] | None,
) -> dict[str, Any]:
    hits = np.concatenate([labels[predict] == np.bincount(labels[learn]).argmax() for learn, predict in folds])
    learnt = np.concatenate([learn for learn, _ in folds])
    return {
        "class": classes[int(np.bincount(labels[learnt]).argmax())],
        **clustered_share(hits, owners(ids, len(hits)), confidence),
    }


def _why_not(how: str, dropped: int, known: bool) -> str:
    if how != "test split":
        return f"A class has fewer than {FOLDS} images{' of different ids' if known else ''}, too few for {how}."
    left = f" that share no id with test images ({dropped} do)" if dropped else ""
    return f"The training images{left} are of one class at most, so nothing can be learnt from them."


def _sentence(result: dict[str, Any]) -> str:
    name = result["told_by"]
    area, accuracy = (result["logistic"][name][measure] for measure in ("auc", "accuracy"))
    if area["value"] is None:
        return "The images to measure on are of one class, so no AUC is defined."
    told = f"AUC {area['value']:.3f}"
    if area["reason"] is None:
        told += f" ({area['low']:.3f} to {area['high']:.3f})"
    return (
        f"Without the subject, {name} alone tell the label with {told} and accuracy {accuracy['value']:.1%}, where "
        f"always saying '{result['majority']['class']}' has {result['majority']['value']:.1%} ({result['how']})."
    )
