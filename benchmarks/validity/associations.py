"""What goes with the class: columns of single images, and of patients with several."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.random import Generator
from numpy.typing import NDArray

from benchmarks.validity.case import COVERS, REJECTS, Case, covers
from lucidag.artefacts.association import associations, best_rule, counted
from lucidag.artefacts.grading import measures

CLASSES = ("benign", "malignant")
PATIENTS, IMAGES, COLUMNS = 100, 5, 4
COMMON = 0.3  # of the images have the value
SHARED = 0.6  # how often an image has its patient's value, and not one of its own
ODDS = 3.0
PLACES = "`artefacts/{dataset}.json`: `associations`"
Columns = Callable[[Generator], tuple[pd.DataFrame, list[str], list[str] | None]]


def cases() -> list[Case]:
    """Give rows of tests, of a family of tests, of odds ratios, of shares and of best rules."""
    kinds = {
        "single images": (_single, f"{PATIENTS} images"),
        "constant by patient": (
            _constant,
            f"{PATIENTS} patients of {IMAGES} images, class and column constant by patient",
        ),
        "varying within patients": (
            _varying,
            f"{PATIENTS} patients of {IMAGES} images, class constant by patient, {SHARED:g} of images as the patient",
        ),
        "three values": (_three, f"{PATIENTS} patients of {IMAGES} images, class constant by patient"),
    }
    rows = [_test(name, *each) for name, each in kinds.items()]
    rows += [_family(name, *each) for name, each in kinds.items() if each[0] in (_constant, _varying)]
    rows += [
        _odds(name, within) for name, within in (("constant by patient", 1.0), ("varying within patients", SHARED))
    ]
    return [*rows, *(_recall(shared) for shared in (0.0, 0.7)), *(_rule(values) for values in (2, 4, 8))]


def _labels(rng: Generator, count: int) -> NDArray[np.str_]:
    return np.asarray(CLASSES)[(rng.random(count) < 0.4).astype(int)]


def _single(rng: Generator) -> tuple[pd.DataFrame, list[str], list[str] | None]:
    cells = (rng.random((PATIENTS, COLUMNS)) < COMMON).astype(int)
    return pd.DataFrame(cells, columns=_names()).astype(str), _labels(rng, PATIENTS).tolist(), None


def _constant(rng: Generator) -> tuple[pd.DataFrame, list[str], list[str] | None]:
    return _patients(rng, (rng.random((PATIENTS, COLUMNS)) < COMMON).astype(int).repeat(IMAGES, axis=0))


def _varying(rng: Generator) -> tuple[pd.DataFrame, list[str], list[str] | None]:
    return _patients(rng, _mixed(rng, (rng.random((PATIENTS, COLUMNS)) < COMMON).astype(int), SHARED))


def _three(rng: Generator) -> tuple[pd.DataFrame, list[str], list[str] | None]:
    return _patients(rng, _mixed(rng, rng.integers(0, 3, (PATIENTS, COLUMNS)), SHARED))


def _mixed(rng: Generator, own: NDArray[np.integer], within: float) -> NDArray[np.integer]:
    """Let each image have its patient's value, or that of any patient."""
    whole = own.repeat(IMAGES, axis=0)
    return np.where(rng.random(whole.shape) < within, whole, rng.permuted(whole, axis=0))


def _patients(rng: Generator, cells: NDArray[np.integer]) -> tuple[pd.DataFrame, list[str], list[str] | None]:
    labels = _labels(rng, PATIENTS).repeat(IMAGES).tolist()
    ids = np.arange(PATIENTS).astype(str).repeat(IMAGES).tolist()
    return pd.DataFrame(cells, columns=_names()).astype(str), labels, ids


def _names() -> list[str]:
    return [f"column {number}" for number in range(COLUMNS)]


def _found(rng: Generator, drawn: Columns, columns: int) -> list[dict[str, object]]:
    cells, labels, ids = drawn(rng)
    asked = cells.iloc[:, :columns]
    return associations(
        asked, dict.fromkeys(map(str, asked), "metadata"), labels, CLASSES, 0.95, int(rng.integers(2**31)), ids
    )


def _test(name: str, drawn: Columns, setting: str) -> Case:
    def draw(rng: Generator) -> bool | None:
        (one,) = _found(rng, drawn, 1)
        return float(str(one["p"])) < 0.05

    words = f"{setting}; independent of the class"
    return Case(f"association, {name}", "test", f"{PLACES}, `p`", words, 0.05, draw, REJECTS, short=25)


def _family(name: str, drawn: Columns, setting: str) -> Case:
    def draw(rng: Generator) -> bool | None:
        return any(float(str(one["p_holm"])) < 0.05 for one in _found(rng, drawn, COLUMNS))

    words = f"{setting}; {COLUMNS} columns independent of the class"
    return Case(f"any association, {name}", "test", f"{PLACES}, `p_holm`", words, 0.05, draw, REJECTS, short=8)


def _odds(name: str, within: float) -> Case:
    def draw(rng: Generator) -> bool | None:
        of = rng.random(PATIENTS) < 0.4
        odds = COMMON / (1 - COMMON) * np.where(of, ODDS, 1.0)
        chance = odds / (1 + odds)
        own = rng.random(PATIENTS) < chance
        again = rng.random((PATIENTS, IMAGES)) < chance[:, None]
        cells = np.where(rng.random((PATIENTS, IMAGES)) < within, own[:, None], again).astype(int)
        labels = np.asarray(CLASSES)[of.astype(int)].repeat(IMAGES).tolist()
        ids = np.arange(PATIENTS).astype(str).repeat(IMAGES).tolist()
        table = pd.DataFrame({"column": cells.ravel()}).astype(str)
        (one,) = associations(table, {"column": "metadata"}, labels, CLASSES, 0.95, 0, ids)
        low, high = one["odds_ratio_low"], one["odds_ratio_high"]
        return covers(None if low is None else float(low), None if high is None else float(high), ODDS)

    words = f"odds ratio of {ODDS:g}; {PATIENTS} patients of {IMAGES} images, {within:g} of them as the patient"
    shown = f"{PLACES}, `odds_ratio_low`, `odds_ratio_high`"
    return Case(f"odds ratio, {name}", "interval", shown, words, 0.95, draw, COVERS, short=25)


def _recall(shared: float) -> Case:
    def draw(rng: Generator) -> bool | None:
        own = rng.random(PATIENTS) < 0.7
        again = rng.random((PATIENTS, IMAGES)) < 0.7
        found = np.where(rng.random((PATIENTS, IMAGES)) < shared, own[:, None], again).ravel()
        ids = np.arange(PATIENTS).astype(str).repeat(IMAGES).tolist()
        got = measures(found, np.ones(len(found), dtype=np.bool_), 0.95, ids)["recall"]
        return covers(got["low"], got["high"], 0.7)

    words = f"a recall of .7; {PATIENTS} patients of {IMAGES} images, {shared:g} of them as the patient"
    shown = "`artefacts/{dataset}.json`: `finders`; `shortcut`, `majority`; `rule`"
    return Case(f"share over patients, {shared:g} shared", "interval", shown, words, 0.95, draw, COVERS)


def _rule(values: int) -> Case:
    def draw(rng: Generator) -> bool | None:
        cells = rng.integers(0, values, PATIENTS)
        malignant = rng.random(PATIENTS) < 0.4
        found = best_rule(
            counted(pd.Series(cells.astype(str)), np.asarray(CLASSES)[malignant.astype(int)], CLASSES), 0.95
        )
        return covers(found["share_low"], found["share_high"], 0.4 if found["class"] == "malignant" else 0.6)

    words = f"{PATIENTS} images, a column of {values} values that is independent of the class"
    shown = f"{PLACES}, `rule`, `share_low`, `share_high`"
    return Case(f"share of the best rule, {values} values", "interval", shown, words, 0.95, draw, COVERS)
