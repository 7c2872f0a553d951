"""From results to the page: its sections, small enough together, in one file."""

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import chain
from typing import Any

from jinja2 import Environment, StrictUndefined

from lucidag.atlas.about import About, Network
from lucidag.atlas.contents import Contents
from lucidag.atlas.encode import packed
from lucidag.atlas.explained import by_image, decisions, read
from lucidag.atlas.findings.finding import Evidence, Finding
from lucidag.atlas.findings.registry import ANALYSES
from lucidag.atlas.provenance import provenance
from lucidag.atlas.results import Results
from lucidag.atlas.sections.compare import compare
from lucidag.atlas.sections.data import data
from lucidag.atlas.sections.decided import decided
from lucidag.atlas.sections.function import function
from lucidag.atlas.sections.images import images, maps
from lucidag.atlas.sections.measures import measures
from lucidag.atlas.sections.regions import regions
from lucidag.atlas.sections.thumbs import thumbs
from lucidag.atlas.sections.units import images_of, units
from lucidag.atlas.table import head, short, table
from lucidag.atlas.versions import versions
from lucidag.ground.progress import track

PARTS = "page"
SMALLER = ((1, 1), (2, 1), (2, 2), (4, 2))  # by how much maps and thumbnails shrink, until the page fits
TEXTS = ("model", "architecture", "dataset", "split")  # of the table of models
NUMBERS = ("n", "accuracy", "accuracy_low", "accuracy_high", "loss")
Sections = dict[str, Any]


@dataclass(frozen=True)
class Size:
    """How large things are in the page.

    Attributes
    ----------
    pixels, thumbnail
        Width and height of maps and of images.
    units, images
        Rows of a layer, and images of a data set, at most.
    megabytes
        What the page keeps to.
    """

    pixels: int
    thumbnail: int
    units: int
    images: int
    megabytes: float


def page(
    results: Results,
    contents: Contents,
    size: Size,
    about: About,
    failed: Sequence[Sequence[str]] | None = None,
    others: Mapping[str, Any] | None = None,
) -> str:
    """Return the page.

    Parameters
    ----------
    results
        What may be read.
    contents
        What the configuration asked for.
    size
        How large things may be.
    about
        What the results do not tell.
    failed
        Job, sentence and log of each job that failed, where the run did not end; None: it did.
    others
        What made the results, see `lucidag.config.origins.origins`; None: nobody knows, and the page does not say.
    """
    files = {model: read(results, found) for model, found in contents.explained.items()}
    seen = {model: by_image(found) for model, found in files.items()}
    known = {model: own for model, found in files.items() if (own := decisions(found, size.images)).records}
    parts = dict(_tables(results, contents, size, about, seen))
    wanted = _wanted(parts, contents, about)
    tables = {name: packed(part) for name, part in parts.items()}
    tables |= {} if others is None else {"provenance": packed(provenance(results, others))}
    core = _core(results, contents, list(_findings(Evidence(results, about, known))), about)
    html, small = "", dict[int, Sections]()
    for maps_by, thumbnails_by in SMALLER:
        if thumbnails_by not in small:
            small[thumbnails_by] = dict(_thumbs(results, wanted, size, thumbnails_by))
        drawn = _regions(results, parts, contents, max(1, size.pixels // 2 // maps_by))
        shown = small[thumbnails_by] | dict(_maps(seen, size, maps_by)) | dict(drawn)
        letters = tables | {name: packed(part) for name, part in shown.items()}
        said = {
            "sections": {name: len(text) for name, text in letters.items()},
            "failed": None if failed is None else [list(each) for each in failed],
            "left_out": _left_out(parts, shown, size, maps_by, thumbnails_by),
        }
        html = rendered({"core": packed(core | said), **letters})
        if len(html) <= size.megabytes * 1e6:
            break
    return html


def _findings(evidence: Evidence) -> Iterator[dict[str, Any]]:
    """Give what the rules say, as the page takes it; the first of each name counts."""
    seen: set[str] = set()
    for analysis in ANALYSES:
        for finding in analysis.findings(evidence):
            told = _shown(finding, analysis.title)
            if told["id"] not in seen:
                seen.add(told["id"])
                yield told


def _shown(finding: Finding, title: str) -> dict[str, Any]:
    plain = finding.plain()
    where = [", ".join(f"{key} {value}" for key, value in each["where"].items()) for each in plain["evidence"]]
    evidence = [{"file": each["file"], "where": told} for each, told in zip(plain["evidence"], where, strict=True)]
    return {
        **{key: plain[key] for key in ("id", "level", "sentence", "links")},
        "link": plain["links"][0]["to"] if plain["links"] else "",
        "analysis": title,
        "control": plain["control"],
        "evidence": evidence,
    }


def rendered(letters: Mapping[str, str]) -> str:
    """Return the page of these sections, each as `lucidag.atlas.encode.packed` gives it."""
    folder = files("lucidag.atlas") / PARTS
    text = {name: (folder / name).read_text(encoding="utf-8") for name in ("index.html.j2", "app.js", "app.css")}
    template = Environment(autoescape=True, undefined=StrictUndefined).from_string(text["index.html.j2"])
    allowed = base64.b64encode(hashlib.sha256(text["app.js"].encode()).digest()).decode("ascii")
    return template.render(style=text["app.css"], script=text["app.js"], allowed=allowed, sections=letters)


def _tables(
    results: Results, contents: Contents, size: Size, about: About, seen: Mapping[str, Any]
) -> Iterable[tuple[str, Any]]:
    for model, layers in contents.dossiers.items():
        for layer in layers:
            yield f"units:{model}/{layer}", units(results, model, layer, size.units)
    for model in track(contents.examined, "retrieval of function"):
        yield f"function:{model}", function(results, model)
    if contents.compared or contents.studies or contents.generalisation:
        yield "compare", compare(results, contents.studies, contents.generalisation)
    yield "measures", measures(results, about.models, about.ranking)
    yield "data", data(results, contents.datasets)
    claims = results.table("claims.csv")
    if claims is not None:
        meanings = (results.json("claims.json") or {}).get("columns", {})
        yield "claims", {"table": table(claims, "claims.csv", meanings=meanings)}
    for model, parts in seen.items():
        yield f"images:{model}", images(results, model, about.models[model].dataset, parts)
        yield f"decided:{model}", decided(results, model, contents.last.get(model), parts)


def _wanted(parts: Sections, contents: Contents, about: About) -> dict[str, list[str]]:
    """Return the images that are shown, by data set; explained ones first."""
    wanted: dict[str, list[str]] = {}
    for model in contents.explained:
        wanted.setdefault(about.models[model].dataset, []).extend(parts[f"images:{model}"]["images"]["data"]["image"])
    for model, layers in contents.dossiers.items():
        shown = chain.from_iterable(images_of(parts[f"units:{model}/{layer}"]) for layer in layers)
        wanted.setdefault(contents.probes.get(model, about.models[model].dataset), []).extend(shown)
    return wanted


def _thumbs(results: Results, wanted: Mapping[str, Sequence[str]], size: Size, by: int) -> Iterable[tuple[str, Any]]:
    for dataset, ids in wanted.items():
        if results.has(f"data/{dataset}/manifest.csv"):
            yield f"thumbs:{dataset}", thumbs(results.path(f"data/{dataset}"), ids, size.thumbnail // by, size.images)


def _maps(seen: Mapping[str, Any], size: Size, by: int) -> Iterable[tuple[str, Any]]:
    for model, parts in seen.items():
        if parts:
            yield f"maps:{model}", maps(parts, max(1, size.pixels // by))


def _regions(results: Results, parts: Sections, contents: Contents, side: int) -> Iterable[tuple[str, Any]]:
    for model, layers in contents.dossiers.items():
        for layer in layers:
            found = regions(results, model, layer, parts[f"units:{model}/{layer}"]["units"]["data"]["unit"], side)
            if found is not None:
                yield f"regions:{model}/{layer}", found


def _core(results: Results, contents: Contents, found: list[Any], about: About) -> dict[str, Any]:
    return {
        "models": [_model(results, name, network) for name, network in about.models.items()],
        "columns": [head(name, "text" if name in TEXTS else "number") for name in (*TEXTS, *NUMBERS)],
        "findings": found,
        "layers": {model: list(layers) for model, layers in contents.dossiers.items()},
        "last": {model: contents.last[model] for model in contents.dossiers if model in contents.last},
        "probes": dict(contents.probes),
        "versions": versions(),
        "seeds": dict(about.seeds),
        "ran": [
            {"analysis": each.title, "doc": each.doc, "of": ran} for each in ANALYSES if (ran := each.ran(results))
        ],
    }


def _model(results: Results, name: str, network: Network) -> dict[str, Any]:
    evaluation = results.json(f"models/{name}/evaluation.json") or {}
    split = next((split for split in ("test", "val", "train") if evaluation.get(split)), None)
    about = evaluation[split] if split else {}
    told = {key: short(about.get(key)) for key in ("accuracy", "accuracy_low", "accuracy_high", "loss", "n")}
    return {
        "name": name,
        "model": name,
        "dataset": network.dataset,
        "architecture": network.architecture,
        "split": split,
        **told,
    }


def _left_out(parts: Sections, shown: Sections, size: Size, maps_by: int, thumbnails_by: int) -> list[str]:
    said = [
        f"{part['left_out']} of the units of {name.removeprefix('units:')} are not in this page but in its table."
        for name, part in parts.items()
        if name.startswith("units:") and part["left_out"]
    ]
    said += [
        f"{part['left_out']} images of {name.removeprefix('thumbs:')} that units or tables name are not in this page."
        for name, part in shown.items()
        if name.startswith("thumbs:") and part["left_out"]
    ]
    if any(name.startswith("maps:") for name in shown):
        side = max(1, size.pixels // maps_by)
        said.append(f"Maps have {side} × {side} places in 16 steps here; full ones lie in explanations/.")
    if thumbnails_by > 1:
        said.append(
            f"Images are shrunk to {size.thumbnail // thumbnails_by} pixels, so that the page keeps to its size."
        )
    if any(name.startswith("regions:") for name in shown):
        sides = sorted({part["height"] for name, part in shown.items() if name.startswith("regions:")})
        said.append(f"Maps of units have {' or '.join(map(str, sides))} places a side; full ones: figures/dissect/.")
    return said
