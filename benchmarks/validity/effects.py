"""Units taken away: what is found although no class needs them, and intervals of what is lost."""

from dataclasses import replace
from functools import cache

import numpy as np
from numpy.random import Generator

from benchmarks.validity.case import COVERS, REJECTS, Case, covers
from lucidag.data.features import Features
from lucidag.rof.rank import head_of
from lucidag.units.effects.exact import judged
from lucidag.units.effects.sets import sets_table
from lucidag.units.effects.table import effects

UNITS, CLASSES, FEW, RESAMPLES = 24, 3, 10, 300
SETS = 99
TABLE, SET_TABLE = "`units/{model}/effects.csv`", "`units/{model}/sets.csv`"


def cases() -> list[Case]:
    """Give rows of what is found with dealt-out labels, of intervals, and of sets that are no worse than others."""
    alone = [*(_dealt(n) for n in (60, 300)), *(_interval(n) for n in (60, 300)), *map(_set, ("random", "matched"))]
    return [*alone, _dealt_patients(90), _patients(90)]


def _drawn(rng: Generator, images: int) -> Features:
    """Draw a network whose units speak for classes, by activations of which half are 0."""
    labels = rng.integers(0, CLASSES, images)
    features = np.maximum(rng.normal(size=(images, UNITS)) + (np.arange(UNITS) % CLASSES == labels[:, None]), 0)
    weight = 0.5 * (np.arange(UNITS) % CLASSES == np.arange(CLASSES)[:, None]) + 0.0
    names = tuple(map(str, range(CLASSES)))
    nothing = np.zeros((images, CLASSES), dtype=np.float32)
    groups = np.zeros(images, dtype=np.int64)
    return Features(
        tuple(map(str, range(images))),
        labels,
        groups,
        nothing,
        features,
        weight,
        np.zeros(CLASSES, np.float32),
        names,
        ("all",),
        "fc",
    )


def _dealt(images: int) -> Case:
    def draw(rng: Generator) -> bool | None:
        content = _drawn(rng, images)
        dealt = replace(content, labels=rng.permutation(content.labels))
        return bool((effects(dealt, "test", 0.95, FEW, 0)["p_fdr"] <= 0.05).any())

    words = f"{UNITS} units of {CLASSES} classes, labels of {images} images dealt out at random"
    return Case(f"any unit found, {images} images", "test", f"{TABLE}: `p_fdr`, `found`", words, 0.05, draw, REJECTS)


@cache
def _truth(patients: bool = False) -> float:
    """Give what images of the first class lose without the first unit, from very many."""
    rng = np.random.default_rng(9)
    content = _owned(rng, 200_000) if patients else _drawn(rng, 600_000)
    features, weight, bias = head_of(content, "test")
    part = content.labels == 0
    z = features[part] @ weight.T + bias
    both = z, z - features[part, :1] * weight[:, 0]
    before, after = (judged(each[:, :, None], content.labels[part])[0] for each in both)
    return float((after - before).mean())


def _interval(images: int) -> Case:
    def draw(rng: Generator) -> bool | None:
        table = effects(_drawn(rng, images), "test", 0.95, RESAMPLES, int(rng.integers(2**31)))
        row = table[(table["unit"] == 0) & (table["kind"] == "class") & (table["name"] == "0")].iloc[0]
        return covers(row["loss_low"], row["loss_high"], _truth())

    words = f"{images} images, a third of them of the class; half of the activations 0; {RESAMPLES} bootstrap draws"
    shown = f"{TABLE}: `loss_low`, `loss_high`; {SET_TABLE}"
    return Case(f"loss without a unit, {images} images", "interval", shown, words, 0.95, draw, COVERS, short=50)


def _owned(rng: Generator, patients: int) -> Features:
    """Draw images of patients, 1 to 6 of each and of one class, whose activations are alike."""
    of_patients = _drawn(rng, patients)
    owners = np.repeat(np.arange(patients), rng.integers(1, 7, patients))
    assert of_patients.features is not None
    features = np.maximum(of_patients.features[owners] + 0.5 * rng.normal(size=(len(owners), UNITS)), 0)
    return replace(
        of_patients,
        images=tuple(map(str, range(len(owners)))),
        labels=of_patients.labels[owners],
        groups=of_patients.groups[owners],
        logits=of_patients.logits[owners],
        features=features,
        owners=owners,
    )


def _dealt_patients(patients: int) -> Case:
    def draw(rng: Generator) -> bool | None:
        content = _owned(rng, patients)
        assert content.owners is not None
        dealt = replace(content, labels=rng.integers(0, CLASSES, patients)[content.owners])
        return bool((effects(dealt, "test", 0.95, FEW, 0)["p_fdr"] <= 0.05).any())

    words = f"{UNITS} units of {CLASSES} classes, {patients} patients of 1 to 6 images, labels dealt out to patients"
    return Case(
        f"any unit found, {patients} patients", "test", f"{TABLE}: `p_fdr`, `found`", words, 0.05, draw, REJECTS
    )


def _patients(patients: int) -> Case:
    def draw(rng: Generator) -> bool | None:
        table = effects(_owned(rng, patients), "test", 0.95, RESAMPLES, int(rng.integers(2**31)))
        row = table[(table["unit"] == 0) & (table["kind"] == "class") & (table["name"] == "0")].iloc[0]
        return covers(row["loss_low"], row["loss_high"], _truth(patients=True))

    words = f"{patients} patients of 1 to 6 images, a third of them of the class; {RESAMPLES} bootstrap draws"
    shown = f"{TABLE}: `loss_low`, `loss_high`; {SET_TABLE}"
    return Case(f"loss without a unit, {patients} patients", "interval", shown, words, 0.95, draw, COVERS, short=50)


def _set(kind: str) -> Case:
    def draw(rng: Generator) -> bool | None:
        content = _drawn(rng, 90)
        content = replace(content, weight=rng.normal(size=(CLASSES, UNITS)).astype(np.float32))
        worst = {"0": rng.choice(UNITS, 2, replace=False)}
        table = sets_table(content, "test", worst, SETS, 0.95, FEW, int(rng.integers(2**31))).set_index("set")
        return bool(table["p"].to_dict()[kind] <= 0.05)

    words = f"2 of {UNITS} units chosen at random, {SETS} {kind} sets"
    return Case(f"a set beside {kind} ones", "test", f"{SET_TABLE}: `p`", words, 0.05, draw, REJECTS, short=50)
