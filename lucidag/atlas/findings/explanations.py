"""Explanations: which method finds the object, and which images and maps are not to be read."""

from collections.abc import Iterator

from lucidag.atlas.contents import Contents
from lucidag.atlas.findings.base import Evidence, Finding, counted, number, to, within
from lucidag.atlas.results import Results
from lucidag.atlas.sections.images import title
from lucidag.explain.store import read_explained

ORDER = 40
ANALYSIS = "Explanations"


def find(results: Results, contents: Contents) -> Iterator[Finding]:
    """Tell the best method by overlap with masks beside both baselines; doubt wrong decisions and empty maps."""
    for model, files in contents.explained.items():
        yield from _best(results, model)
        yield from _doubts(results, model, files)


def _best(results: Results, model: str) -> Iterator[Finding]:
    file = f"localisation/{model}-summary.csv"
    table = results.table(file)
    if table is None or table.empty:
        return
    rows = table[(table["prediction"] == "all") & (table["metric"] == "iou") & (table["threshold"] == "area")]
    rows = rows if len(rows) else table[(table["prediction"] == "all") & (table["metric"] == "iou")]
    methods = rows[~rows["method"].isin(["centre", "random"]) & rows["mean"].notna()]
    if methods.empty:
        return
    best = methods.sort_values("mean", ascending=False).iloc[0]
    baselines = {name: rows[rows["method"] == name]["mean"].mean() for name in ("centre", "random")}
    beside = " and ".join(f"{number(value)} by {told}" for value, told in zip(baselines.values(), ("the centre", "random maps"), strict=True))
    winners = methods[methods["beats_both"].fillna(False).astype(bool)]["method"].nunique()
    sentence = (
        f"{model}: maps of {best['method']} overlap most with the object, {number(best['mean'])}"
        f"{within(best['low'], best['high'])} beside {beside}, of {int(best['n'])} images; "
        f"{counted(winners, 'method')} beat{'s' * (winners == 1)} both baselines."
    )
    yield Finding(f"best-{model}", ANALYSIS, "result", sentence, to("images", model), (Evidence(file, "metric iou"),))
    if not winners:
        doubt = f"{model}: no method's maps overlap more with the object than the image's centre and random maps do."
        yield Finding(f"no-method-{model}", ANALYSIS, "doubt", doubt, to("images", model), (Evidence(file, "metric iou"),))


def _doubts(results: Results, model: str, files: object) -> Iterator[Finding]:
    wrong: dict[str, str] = {}
    empty: dict[str, set[str]] = {}
    exploded: dict[str, set[str]] = {}
    for file in files if isinstance(files, list | tuple) else ():
        for part in read_explained(results.folder / file):
            if part.record["label"] != part.record["predicted_name"]:
                wrong[part.image] = f"{part.record['label']} as {part.record['predicted_name']}"
            for method, values in part.maps.items():
                if not values.any():
                    empty.setdefault(title(part, method), set()).add(part.image)
            for method in part.record.get("exploded", ()):
                exploded.setdefault(title(part, method), set()).add(part.image)
    link = to("images", model)
    for image, told in wrong.items():
        doubt = f"{model} decides {image} wrongly ({told}): its maps explain a mistake."
        yield Finding(f"wrong-{model}-{image}", ANALYSIS, "doubt", doubt, to("image", model, image), (Evidence(f"explanations/{model}/"),))
    for method, images in empty.items():
        doubt = f"{model}: the map by {method} is empty for {counted(len(images), 'image')}."
        yield Finding(f"empty-{model}-{method}", ANALYSIS, "doubt", doubt, link, (Evidence(f"explanations/{model}/"),))
    for method, images in exploded.items():
        doubt = f"{model}: the relevance by {method} explodes for {counted(len(images), 'image')}: rounding errors are shown."
        yield Finding(f"exploded-{model}-{method}", ANALYSIS, "doubt", doubt, link, (Evidence(f"explanations/{model}/"),))
