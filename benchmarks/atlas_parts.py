"""Made-up sections of an atlas that stand behind a unit or an image: regions, decisions, curves, provenance."""

import hashlib
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter

from lucidag.atlas.sections.decided import COLUMNS, MOST_UNITS
from lucidag.atlas.sections.function import MOST_K
from lucidag.atlas.shrink import LEVELS, in_letters
from lucidag.atlas.table import head, rounded

REGIONS, SIDE = 5, 7  # maps of a unit, and places a side: those of the last layer of a ResNet at 224 pixels
WITHOUT = 20  # units whose absence changes a decision
FILES, JOBS = 300, 150  # that a page of the default's size is made of, twice over

MODELS = 100  # of a table of experiments


def regions(draw: np.random.Generator, units: int, ids: list[str], side: int) -> dict[str, Any]:
    """Return maps of units in their top images, as smooth as activations are; `side` places at most."""
    side = min(SIDE, max(1, side))
    values = gaussian_filter(draw.standard_normal((units, REGIONS, side, side)), (0, 0, 1, 1))
    shares = np.maximum(values, 0) / values.max(axis=(1, 2, 3), keepdims=True)
    return {
        "images": [draw.choice(ids, REGIONS).tolist() for _ in range(units)],
        "height": side,
        "width": side,
        "data": in_letters(np.rint(shares * LEVELS).astype(np.uint8)),
        "threshold": [rounded(float(value)) for value in draw.random(units)],
    }


def decided(draw: np.random.Generator, units: int, ids: list[str], classes: tuple[str, ...]) -> dict[str, Any]:
    """Return what each image rests on."""

    def told() -> dict[str, Any]:
        first, second, third = draw.choice(classes, 3, replace=False).tolist()
        order = draw.permutation(units).tolist()
        adds = [rounded(float(value)) for value in draw.random(MOST_UNITS)]
        found = {"decided": first, "rival": second, "lead": rounded(float(draw.random())), "others": adds[0]}
        found |= {"units": order[:MOST_UNITS], "adds": adds, "without": order[:WITHOUT], "then": third, "of": units}
        return found

    rests = {name: told() for name in ids}
    columns = {name: head(name) for name in COLUMNS}
    return {"model": "net", "layer": "layer4", "columns": columns, "rests_on": rests, "relevance": {}, "edits": {}}


def function(draw: np.random.Generator, units: int) -> dict[str, Any]:
    """Return curves of eight orders on three splits, each with the measures of the sweep."""
    k = sorted({*range(0, units + 1, max(1, units // MOST_K)), units})

    def rising() -> list[Any]:
        return [rounded(float(value)) for value in (np.array(k) / units + draw.normal(0, 0.003, len(k)))]

    names = [(split, f"order {place}") for split in ("train", "val", "test") for place in range(8)]
    keys = ("accuracy", "loss", "worst_accuracy")
    curves = [{"split": split, "method": name, "k": k, **{key: rising() for key in keys}} for split, name in names]
    none = {"file": "", "rows": 0, "columns": [], "data": {}}
    points = {**none, "data": {"split": [], "metric": [], "n0": []}}
    found = {"model": "net", "file": "rof/net/sweep.csv", "curves": curves, "points": points, "roles": none}
    return {**found, "confusion": None, "units": units}


def compare(draw: np.random.Generator) -> dict[str, Any]:
    """Return a table of a hundred models, as wide as that of the default's experiments."""
    words = ("family", "status", "data", "code", "worst_group")
    names = [f"test_{word}" for word in ("accuracy", "accuracy_low", "accuracy_high", "loss")]
    names += [f"share_{place}" for place in range(40)] + [f"faithfulness:measure:{place}" for place in range(110)]
    data: dict[str, list[Any]] = {"model": [f"model-{place}" for place in range(MODELS)]}
    data |= {word: [word] * MODELS for word in words}
    data |= {name: [rounded(float(value)) for value in draw.random(MODELS)] for name in names}
    columns = [head(name, "text" if name in ("model", *words) else "number") for name in data]
    table = {"file": "experiments.csv", "rows": MODELS, "columns": columns, "data": data}
    return {"tables": [{"title": "Models", "table": table}]}


def provenance() -> dict[str, Any]:
    """Return a row for each of many files, which as many jobs made as two files have."""
    files = [f"analysis-{place % 12}/model-{place // 12}/table-{place}.csv" for place in range(FILES)]
    sums = [hashlib.sha256(file.encode()).hexdigest() for file in files]
    columns: dict[str, list[Any]] = {
        "file": files,
        "rule": [file.split("/")[0] for file in files],
        "of": [file.split("/")[1] for file in files],
    }
    columns |= {"sha256": sums, "bytes": list(range(FILES)), "code": [each[:12] for each in sums]}
    values = [f'{{"seed":{place},"name":"{sums[place]}"}}' for place in range(JOBS)]
    jobs = [
        {"settings": {"one": place}, "packages": 0, "record": f"provenance/{files[place]}.json", "seeds": {}}
        for place in range(JOBS)
    ]
    table = {"file": "", "rows": FILES, "columns": [head(name, "text") for name in columns], "data": columns}
    job = [place % JOBS for place in range(FILES)]
    return {"table": table, "job": job, "jobs": jobs, "values": values, "packages": [["numpy 2"]]}
