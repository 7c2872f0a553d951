"""Discovery: kinds of images, units and columns that are named where nothing is planted, and where something is."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.random import Generator
from numpy.typing import NDArray

from benchmarks.validity.case import FINDS, REJECTS, Case
from lucidag.artefacts.discover.columns import best_match
from lucidag.artefacts.discover.found import candidates
from lucidag.artefacts.discover.settings import Discovery
from lucidag.artefacts.discover.stage import Shown, run_discovery, spaces
from lucidag.artefacts.discover.units import COLUMN, HALVES, as_question, units_table
from lucidag.data.features import Features
from lucidag.data.manifest import Manifest
from lucidag.ground.statistics.corrections import holm

SETTINGS = Discovery(clusters=4, surrogates=19, resamples=10)
SIZE, IMAGES, UNITS, SHARE = 8, 80, 6, 0.4
SMALLER = f"{SETTINGS.clusters} clusters at most, {SETTINGS.surrogates} surrogates"
# Goals of their own, with the reason.
FALSE_DRAWS, FOUND_DRAWS = 300, 50  # a discovery takes a second or two
FALSE, REASON = 0.05, "the goal is that at most one network of twenty has a false proposal"
KINDS, UNIT_TABLE = "`discovery/{model}.csv`", "`discovery/{model}-units.csv`"

Values = Callable[[Generator, tuple[int, ...]], NDArray[np.float64]]
SHAPES: dict[str, Values] = {
    "normal": lambda rng, size: rng.normal(size=size),
    "skewed": lambda rng, size: rng.exponential(size=size) - 1,
    "long-tailed": lambda rng, size: rng.standard_t(3, size=size),
}


def cases() -> list[Case]:
    """Give rows of what is named where there is nothing, then of what is found where it is planted."""
    nothing = [*map(_no_kind, SHAPES), *map(_no_unit, SHAPES), _no_column(1), _no_column(10)]
    return [*nothing, _kind("maps"), _kind("activations"), _unit(COLUMN), _unit(HALVES), _column()]


def _drawn(rng: Generator, shape: Values, planted: str) -> tuple[dict[str, Shown], Manifest, NDArray[np.bool_]]:
    """Draw images of one class, whose maps and units vary together, and a flag of some of them.

    Where it is `planted` in ``maps`` the relevance of flagged images lies on the rim, on one of four sides, and not in
    the middle; where in ``activations`` their units differ.
    """
    shown, flags, mixed = {}, [], rng.normal(size=(UNITS, UNITS))
    for split in ("val", "test"):
        flag = rng.random(IMAGES) < SHARE
        maps, features = 0.3 * shape(rng, (IMAGES, SIZE, SIZE)), shape(rng, (IMAGES, UNITS)) @ mixed
        maps[:, 2:6, 2:6] += 1 + 0.3 * shape(rng, (IMAGES, 1, 1))
        if planted == "maps":
            maps[flag, 2:6, 2:6] -= 0.8
            maps[flag, 0, 2:] += 2
            maps = np.array([np.rot90(own, turn) for own, turn in zip(maps, rng.integers(4, size=IMAGES), strict=True)])
        if planted == "activations":
            features[flag] += 4 * features.std(axis=0)
        names = tuple(f"{split}-{place}" for place in range(IMAGES))
        zeros, logits = np.zeros(IMAGES, np.int64), np.repeat(np.array([[1, 0]], np.float32), IMAGES, axis=0)
        content = Features(
            names, zeros, zeros, logits, features.astype(np.float32), None, None, ("a", "b"), ("",), "fc"
        )
        shown[split] = Shown(content, maps.astype(np.float32))
        flags.append(flag)
    table = pd.DataFrame({"image": [name for each in shown.values() for name in each.content.images]})
    table["split"] = np.repeat(["val", "test"], IMAGES)
    table["flag"] = np.concatenate(flags).astype(int).astype(str)
    table = table.assign(label="a", site=rng.integers(3, size=len(table)).astype(str))
    return shown, Manifest(Path(), table, ("a", "b")), flags[1]


def _no_kind(shape: str) -> Case:
    def draw(rng: Generator) -> bool | None:
        shown, manifest, _ = _drawn(rng, SHAPES[shape], "")
        return _any_passes(shown) and bool(run_discovery(shown, manifest, SETTINGS).kinds["proposed"].any())

    words = f"maps and {UNITS} units of {IMAGES} validation and {IMAGES} test images of one kind, {shape}; {SMALLER}"
    where = f"{KINDS}: `proposed`"
    return Case(
        f"any kind proposed, {shape}", "test", where, words, SETTINGS.level, draw, FALSE, REASON, 4, FALSE_DRAWS
    )


def _any_passes(shown: Mapping[str, Shown]) -> bool:
    """Say whether any candidate passes the test: only then does the eigengap matter, whose surrogates are dear."""
    without = SETTINGS.model_copy(update={"surrogates": 1})
    found = [candidates(by["val"], by["test"], space, 0, without) for space, by in spaces(shown, SETTINGS).items()]
    return bool(holm([each.p for own in found for each in own.candidates]).min(initial=1) <= SETTINGS.level)


def _kind(planted: str) -> Case:
    def draw(rng: Generator) -> bool | None:
        shown, manifest, flag = _drawn(rng, SHAPES["normal"], planted)
        found = run_discovery(shown, manifest, SETTINGS)
        own = found.images[found.images["proposal"] == 1]
        right = float((own["member"].to_numpy() == flag).mean()) if len(own) == len(flag) else 0.5
        return max(right, 1 - right) > 0.9  # a kind is named as members, or as the rest

    where = {"maps": "relevance on one of four rims", "activations": f"{UNITS} units 4 deviations apart"}[planted]
    words = f"{SHARE:.0%} of {IMAGES} validation and {IMAGES} test images: {where}; {SMALLER}"
    shown = f"{KINDS}: `proposed`; `-images.csv`: `member`, right of more than 90%"
    return Case(
        f"planted kind proposed, by {planted}", "finding", shown, words, np.nan, draw, FINDS, short=1, most=FOUND_DRAWS
    )


def _asked(rng: Generator, shape: Values, planted: str) -> pd.DataFrame:
    """Ask units what they go with: three flags that go with the class, dealt out inside it, of which one may matter."""
    labels = {key: rng.integers(0, 2, 200) for key in ("picked", "tested")}
    features = {key: shape(rng, (200, 12)) + (own == 1)[:, None] for key, own in labels.items()}
    flags = [{key: rng.random(200) < 0.2 + 0.4 * own for key, own in labels.items()} for _ in range(3)]
    for key, own in labels.items():
        if planted == COLUMN:
            features[key][:, 0] += flags[0][key]
        if planted == HALVES:
            features[key][:, 0] += 8 * ((own == 1) & (rng.random(200) < SHARE))
    questions = [
        as_question(COLUMN, f"flag {place}", each["picked"], each["tested"]) for place, each in enumerate(flags)
    ]
    return units_table(features, labels, questions, ("a", "b"), 1 - SETTINGS.confidence)


def _no_unit(shape: str) -> Case:
    def draw(rng: Generator) -> bool | None:
        return bool(_asked(rng, SHAPES[shape], "")["found"].any())

    words = f"12 units, {shape}, 2 classes and 3 flags that go with the class and not with units inside it, 200 images"
    return Case(f"any unit found, {shape}", "test", f"{UNIT_TABLE}: `found`", words, 0.05, draw, REJECTS, short=20)


def _unit(planted: str) -> Case:
    def draw(rng: Generator) -> bool | None:
        table = _asked(rng, SHAPES["normal"], planted)
        name = {COLUMN: "flag 0", HALVES: "b"}[planted]
        own = table[table["found"] & (table["kind"] == planted) & (table["name"] == name)]
        return own["unit"].tolist() == [0]

    where = {
        COLUMN: "one goes with a flag, 1 deviation",
        HALVES: f"one is 8 deviations greater in {SHARE:.0%} of a class",
    }
    words = f"12 units of 200 images, {where[planted]}: it is found, and no other with it"
    name = {COLUMN: "planted unit of a flag found", HALVES: "planted unit that halves a class found"}[planted]
    return Case(name, "finding", f"{UNIT_TABLE}: `found`", words, np.nan, draw, FINDS, short=20)


def _flags(rng: Generator, count: int) -> Mapping[str, tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    return {f"flag {place}": (rng.random(60) < 0.3, rng.random(60) < 0.3) for place in range(count)}


def _no_column(count: int) -> Case:
    def draw(rng: Generator) -> bool | None:
        picked, tested = (rng.random(60) < SHARE for _ in range(2))
        found = best_match(picked, tested, _flags(rng, count), SETTINGS.confidence)
        return None if found is None else found.p <= 0.05

    words = f"members of 60 validation and 60 test images, dealt out; flags, dealt out as well: {count}"
    name = f"a kind goes with the best of {count} columns" if count > 1 else "a kind goes with a column"
    return Case(name, "test", f"{KINDS}: `p_column`", words, 0.05, draw, REJECTS)


def _column() -> Case:
    def draw(rng: Generator) -> bool | None:
        picked, tested = (rng.random(60) < SHARE for _ in range(2))
        own = tuple(np.where(rng.random(60) < 0.1, ~each, each) for each in (picked, tested))
        found = best_match(picked, tested, {**_flags(rng, 9), "own": (own[0], own[1])}, SETTINGS.confidence)
        return found is not None and found.name == "own" and found.p <= 0.05

    words = "members of 60 validation and 60 test images; one of 10 flags is theirs, wrong in a tenth of the images"
    return Case("planted column found", "finding", f"{KINDS}: `column`, `p_column`", words, np.nan, draw, FINDS)
