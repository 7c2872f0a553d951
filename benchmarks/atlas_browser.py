"""How large the atlas is, and how soon Chromium shows it from disk: made up, with 2,048 units and 500 images."""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from benchmarks.atlas_parts import compare, decided, function, provenance, regions
from benchmarks.case import Limit, machine
from benchmarks.measure import show
from lucidag.atlas.build import SMALLER, rendered
from lucidag.atlas.encode import packed, unpacked
from lucidag.atlas.shrink import in_letters, nibbles, thumbnail
from lucidag.atlas.table import table, values
from lucidag.report.settings import Atlas

CLASSES = tuple(f"class {place}" for place in range(20))
METHODS = tuple(f"method {place}" for place in range(12))
SHRUNK = ("maps:net", "thumbs:scenes")  # what gets smaller until the page fits
TOP = 9  # images of a unit
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking")


def run(quick: bool, full: bool) -> list[Limit]:
    """Measure the page (`quick`: of 64 units and 20 images); the times are medians of five."""
    units, images = (64, 20) if quick else (2048, 500)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "index.html"
        letters = smallest(units, images, Atlas())
        file.write_text(rendered(letters), encoding="utf-8")
        rows = [(name, f"{len(text) / 1e6:.2f} MB") for name, text in letters.items()]
        rows += [("maps, images", ", ".join(f"{unpacked(letters[name])['size']} px" for name in SHRUNK))]
        rows += [("all of the page", f"{file.stat().st_size / 1e6:.2f} MB")]
        show(f"an atlas of {units} units, {images} images, {len(METHODS)} methods", rows)
        where, megabytes = machine(), file.stat().st_size / 1e6
        times = list(_times(file, units, images, 1 if quick else 5))
    show("from disk until it is painted", [(view, f"{took:.2f} s") for view, took in times])
    title = f"atlas, {units:,} units, {images} images, {len(METHODS)} methods"
    found = [Limit("atlas", title, megabytes, 5, "MB", where)]
    return found + [Limit("atlas", f"{title}: {view}", took, 1, "s", where) for view, took in times]


def smallest(units: int, images: int, size: Atlas) -> dict[str, str]:
    """Return sections that are shrunk until they keep to the size of the page, as `lucidag.atlas.build.page` does."""
    letters: dict[str, str] = {}
    for maps_by, by in SMALLER:
        smaller = size.model_copy(update={"pixels": size.pixels // maps_by, "thumbnail": size.thumbnail // by})
        letters = {name: packed(part) for name, part in sections(units, images, smaller).items()}
        if len(rendered(letters)) <= size.megabytes * 1e6:
            break
    return letters


def sections(units: int, images: int, size: Atlas) -> dict[str, Any]:
    """Return made-up sections: images and maps as smooth as photographs and heat maps are."""
    draw = np.random.default_rng(0)
    ids = [f"scene-{place:05}" for place in range(images)]
    parts = {
        "units:net/layer4": _units(draw, units, ids),
        "images:net": _images(draw, ids),
        "maps:net": _maps(draw, ids, size.pixels),
        "thumbs:scenes": _thumbs(draw, ids, size.thumbnail),
        "regions:net/layer4": regions(draw, units, ids, size.pixels // 2),
        "decided:net": decided(draw, units, ids, CLASSES),
        "function:net": function(draw, units),
        "compare": compare(draw),
        "provenance": provenance(),
    }
    model = {"name": "net", "dataset": "scenes", "architecture": "", "split": "test"}
    finding = {
        "analysis": "Units",
        "level": "result",
        "link": "#units",
        "evidence": [{"file": "units.csv", "where": ""}],
    }
    found = [
        {**finding, "id": f"{place}", "sentence": f"Without unit {place} class 3 loses most."} for place in range(60)
    ]
    core = {
        "models": [model],
        "findings": found,
        "columns": [],
        "layers": {"net": ["layer4"]},
        "last": {},
        "probes": {},
    }
    return {"core": {**core, "sections": {}, "versions": {}, "seeds": {}, "left_out": []}, **parts}


def _units(draw: np.random.Generator, units: int, ids: list[str]) -> dict[str, Any]:
    shown = [draw.choice(ids, TOP).tolist() for _ in range(units)]
    columns = {f"relevance:{name}": draw.normal(size=units) for name in CLASSES}
    told = {name: draw.choice(CLASSES, units) for name in ("words_concept", "pixels_concept", "zero_first_class")}
    scores = {name: draw.random(units) for name in ("words_auprc", "pixels_auprc", "selectivity", "share_active")}
    frame = pd.DataFrame({"unit": range(units), **told, **scores, **columns})
    loss = draw.normal(size=(units, len(CLASSES)))
    lost = {"loss": loss, "loss_low": loss - 0.1, "loss_high": loss + 0.1}
    effects = {key: [values(pd.Series(row)) for row in each] for key, each in lost.items()}
    return {
        "model": "net",
        "layer": "layer4",
        "units": table(frame, "units/net/layer4.csv"),
        "images": {"top": shown, "reference": shown},
        "effects": {"classes": list(CLASSES), "split": "test", **effects, "found": (loss > 1).tolist()},
        "left_out": 0,
    }


def _images(draw: np.random.Generator, ids: list[str]) -> dict[str, Any]:
    labels, told = draw.choice(CLASSES, len(ids)), draw.choice(CLASSES, len(ids))
    frame = pd.DataFrame({"image": ids, "label": labels, "explained": told, "prediction": told})
    frame = frame.assign(probability=draw.random(len(ids)), right=labels == told, agreement=draw.random(len(ids)))
    pairs = [(a, b) for place, a in enumerate(METHODS) for b in METHODS[place + 1 :]]
    agreement = {}
    for name in ids:
        rows = pd.DataFrame(pairs, columns=["method_a", "method_b"]).assign(iou=draw.random(len(pairs)))
        agreement[name] = table(rows, "agreement/net.csv")
    found = {"images": table(frame, "explanations/net/"), "agreement": agreement, "grades": None, "notes": {}}
    return {"model": "net", "dataset": "scenes", **found}


def _maps(draw: np.random.Generator, ids: list[str], side: int) -> dict[str, Any]:
    about = [{"name": name, "title": name, "signed": place % 2 == 0} for place, name in enumerate(METHODS)]
    data = np.stack([nibbles(_smooth(draw, side, 3), bool(each["signed"])) for _ in ids for each in about])
    present = [True] * len(data)
    return {"images": ids, "methods": about, "size": side, "data": in_letters(data), "present": present}


def _thumbs(draw: np.random.Generator, ids: list[str], side: int) -> dict[str, Any]:
    webp = []
    for _ in ids:
        pixels = np.stack([_smooth(draw, side, 2) for _ in range(3)], axis=-1)
        webp.append(thumbnail((128 + 50 * pixels / pixels.std()).clip(0, 255).astype(np.uint8), side))
    labels = {"label": [CLASSES[0]] * len(ids), "split": ["test"] * len(ids)}
    return {"size": side, "ids": ids, "webp": webp, **labels, "left_out": 0}


def _smooth(draw: np.random.Generator, side: int, width: float) -> NDArray[np.float32]:
    return gaussian_filter(draw.standard_normal((side, side)), width).astype(np.float32)


def _times(file: Path, units: int, images: int, repeats: int) -> Iterator[tuple[str, float]]:
    with _page() as page:
        address = file.as_uri()

        def started() -> None:
            page.goto("about:blank")
            page.goto(address)
            page.get_by_text("Without unit 0 class 3").wait_for()

        def moved(view: str, text: str) -> Callable[[], None]:
            def act() -> None:
                page.evaluate("view => { location.hash = view; }", view)
                page.get_by_text(text).first.wait_for()

            return act

        yield "findings", _median(started, repeats)
        yield "units, the first time", _median(moved("#units", f"{units} of {units} rows"), 1)
        started()
        yield "a unit, the first time", _median(moved("#unit=net/layer4/35", "What classes lose"), 1)
        started()
        yield "images, the first time", _median(moved("#images", f"{images} of {images} images"), 1)
        yield "an image with its maps", _median(moved("#image=net/scene-00007", "method 11"), 1)
        started()
        yield "function, the first time", _median(moved("#function", "Turning points"), 1)
        yield "compare, the first time", _median(moved("#compare", "100 of 100 rows"), 1)
        yield "provenance, the first time", _median(moved("#provenance", "300 of 300 rows"), 1)

        def back() -> None:
            moved("#findings", "Without unit 0 class 3")()

        again = []
        for _ in range(repeats):
            back()
            again.append(_seconds(moved("#units", f"{units} of {units} rows")))
        yield "units, again", float(np.median(again))


def _median(act: Callable[[], None], repeats: int) -> float:
    return float(np.median([_seconds(act) for _ in range(repeats)]))


def _seconds(act: Callable[[], None]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


@contextmanager
def _page() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    found = shutil.which("chromium") or shutil.which("google-chrome")
    assert found is not None, "there is no Chromium on this machine"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(FLAGS))
        yield browser.new_page(viewport={"width": 1280, "height": 900})
        browser.close()
