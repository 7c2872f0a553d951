"""Sections about single decisions: explanations, whether they find what is there, and how faithful they are."""

from collections.abc import Mapping, Sequence

from lucidag.explain.checks.limit import LIMIT
from lucidag.explain.families import RELATED
from lucidag.report.cells import Code, Section, Text, code, images, quoted, text


def explain(
    families: Mapping[str, Sequence[str]], tuned: Sequence[str], checked: Sequence[str], confidence: float
) -> Section:
    """Show the explanations of each model, and how far they agree.

    Parameters
    ----------
    families
        By explained model the names of the families of methods, each of which has a sheet.
    tuned
        Models for which settings of LIME were searched.
    checked
        Models whose maps were compared with those of the libraries.
    confidence
        Level of the intervals.
    """
    cells: list[Text | Code] = [
        text(
            "Where in an image each method sees the reason for a decision. Methods that disagree cannot all be right, "
            "and methods that agree can all be wrong. Methods of `one_family` (the CAMs, or composites of LRP) share "
            "most of what they compute: that they agree is one witness heard twice. What says more is agreement "
            "across families, above its control.",
            "`mean`: how far two methods agree, as IoU of masks of equal area, between 0 and 1. The control is the "
            "same with maps of *different* images: only what lies `over_control` comes from the image. Intervals: "
            f"{100 * confidence:g} % over images, of images drawn at random alone; where there is none, `reason` says "
            "why.",
            "A map in red and blue says what speaks for the class and what "
            "against it; each map has a scale of its own, so compare where, not how much. `no_class` names the "
            "methods of a row whose map is the same for any class.",
        )
    ]
    for name, own in families.items():
        figures = f"figures/agreement/{name}"
        sheets = [(f"figures/explanations/{name}/{family}.png", f"Maps of {name} by {family}") for family in own]
        cells += [
            text(f"### {name}"),
            images(*sheets, (f"{figures}/side_by_side.png", f"Explanations of {name} side by side")),
            code(
                f"pairs = read_table({quoted(f'agreement/{name}-summary.csv')})",
                *_families(),
                'pairs["one_family"] = pairs["method_a"].map(family) == pairs["method_b"].map(family)',
                'columns = ["one_family", "mean", "low", "high", "control", "over_control"]',
                'columns += ["over_control_low", "over_control_high", "n", "reason", "no_class"]',
                'equal = pairs[pairs["threshold"] == "area"].sort_values("mean", ascending=False, kind="stable")',
                'equal.set_index(["method_a", "method_b"])[columns]',
            ),
            images((f"{figures}/heat_map.png", f"Agreement of the methods of {name}")),
        ]
        if name in checked:
            cells += [
                text(
                    "The same by the libraries that have the methods too, each in its plain way. `difference`: the "
                    "greatest between both maps, as a share of the range of the library's map; `ours` and `theirs` are "
                    f"the values at that pixel. A method above {LIMIT:g} is not to be trusted. `note`: what both were "
                    "told apart from the settings, or why there is nothing to compare."
                ),
                code(f'read_table({quoted(f"explanations/{name}/checks.csv")}).set_index(["image", "method"])'),
            ]
        if name in tuned:
            cells += [
                text("Settings of LIME that were tried; the IoU to believe is that of the held-out images:"),
                code(f'read_table({quoted(f"explanations/{name}/lime/tuning.csv")}).set_index("trial")'),
            ]
    return Section("explanations", "Explanations", tuple(cells))


def _families() -> list[str]:
    """Give the code that tells the family of each method that shares one with others."""
    lines = [f"    {quoted(name)}: [{', '.join(map(quoted, methods))}]," for name, methods in RELATED.items()]
    return ["families = {", *lines, "}", "family = {method: name for name, own in families.items() for method in own}"]


def localisation(models: Sequence[str], confidence: float) -> Section:
    """Show how masks grade the explanations of each model.

    Parameters
    ----------
    models
        Names of the explained models.
    confidence
        Level of the intervals.
    """
    cells: list[Text | Code] = [
        text(
            "Do explanations find what masks say is there? A method has shown something where `beats_both`: it finds "
            "more than a blob at the centre and than random maps, by paired tests corrected for the number of methods "
            f"(`p_holm`). Intervals: {100 * confidence:g} % over images; where there is none, `reason` says why. "
            "Hand-picked images have neither intervals nor tests.",
            "A mask tells where the thing is, and the network may rightly look "
            "elsewhere. There are no rows where the images have no masks. A mask shows the image's own class, a map "
            "the explained one: where the prediction is wrong these are two; such images stand apart, below, and say "
            "little about a method. A map of a method in `no_class` is the same for any class.",
        )
    ]
    for name in models:
        cells += [
            text(f"### {name}"),
            code(
                f"grades = read_table({quoted(f'localisation/{name}-summary.csv')})",
                'columns = ["mean", "low", "high", "over_centre", "over_random", "p_holm", "beats_both", "n"]',
                'columns += ["undefined", "reason", "no_class"]',
                'names, grades["images"] = ["metric", "method"], grades["n"] + grades["undefined"]',
                'grades = grades[grades["threshold"].isin(["", "area"]) & (grades["images"] > 0)]',
                'counts = grades.groupby("prediction", sort=False)["images"].max()',
                'print(*(f"{count} images with a mask: {name}" for name, count in counts.items()), sep="\\n")',
                'grades[grades["prediction"] == "right"].set_index(names)[columns].sort_index()',
            ),
            text("The images whose prediction is wrong:"),
            code('grades[grades["prediction"] == "wrong"].set_index(names)[columns].sort_index()'),
            images((f"figures/localisation/{name}/grades.png", f"Explanations of {name} graded by masks")),
        ]
    return Section("localisation", "Localisation", tuple(cells))


def relevance(models: Mapping[str, Sequence[str]]) -> Section:
    """Show the units that single decisions rest on.

    Parameters
    ----------
    models
        By model the images that have a concept atlas.
    """
    cells: list[Text | Code] = [
        text(
            "A concept atlas shows the units that one decision rests on: the share of relevance that goes through "
            "each, where in the image it comes from, and the images where the unit is most relevant and most "
            "active. Those are its best examples, not typical ones; there is no control here, so take it as a "
            "question, and see whether the section on faithfulness bears it out."
        )
    ]
    for name, ids in models.items():
        figures = f"figures/relevance/{name}"
        atlas = [(f"{figures}/{image}.png", f"Concept atlas of {name} for {image}") for image in ids]
        cells += [text(f"### {name}"), *([images(*atlas)] if atlas else [])]
    return Section("relevance", "Relevance", tuple(cells))


def faithfulness(models: Sequence[str], confidence: float) -> Section:
    """Show how faithful the explanations of each model are.

    Parameters
    ----------
    models
        Names of the measured models.
    confidence
        Level of the intervals.
    """
    cells: list[Text | Code] = [
        text(
            "Does the network do what its explanations foretell? Six measures that need no mask; `better` says which "
            f"way each runs. Means over images with {100 * confidence:g} % intervals, empty where `reason` says "
            "why: hand-picked images have no interval, and nothing is told apart by them. Methods share a `rank` where "
            "a paired test, corrected after Holm, cannot tell them apart: `not_told_apart` names these. A map of a "
            "method in `no_class` is the same for any class.",
            "The controls, a blob at the `centre` and smooth `random` noise, look at neither image nor network: a "
            "method that is not better than both has shown nothing by that measure. (By `sensitivity_max` nothing "
            "beats them, as they do not move at all.) `opposite` counts the images whose map foretells the opposite of "
            "what perturbed squares do: its infidelity is that of the map with its sign turned.",
        )
    ]
    for name in models:
        figures = f"figures/faithfulness/{name}"
        cells += [
            text(f"### {name}"),
            code(
                f"path = {quoted(f'faithfulness/{name}-ranking.csv')}",
                "ranking = read_table(path)",
                'beaten = ranking["better_than"].str.split(";")',
                'ranking["beats both controls"] = beaten.map({"centre", "random"}.issubset)',
                'columns = ["better", "mean", "low", "high", "n", "rank", "beats both controls", "not_told_apart"]',
                'columns += ["opposite", "reason", "no_class"]',
                'ranking.set_index(["metric", "method"])[columns]',
            ),
            images((f"{figures}/ranking.png", f"Faithfulness of the explanations of {name}")),
            text(
                "The pairs of methods, leaving out the controls, that cannot be told apart: `advantage` of the first "
                "over the second, in the direction that is better."
            ),
            code(
                f"pairs = read_table({quoted(f'faithfulness/{name}-pairs.csv')})",
                'of_methods = ~pairs[["method_a", "method_b"]].isin(["centre", "random"]).any(axis="columns")',
                'close = pairs[of_methods & ~pairs["distinguishable"]]',
                'columns = ["advantage", "low", "high", "n", "p_holm", "no_class"]',
                'close.set_index(["metric", "method_a", "method_b"])[columns]',
            ),
            images((f"{figures}/curves.png", f"What happens to {name} when pixels go or come")),
            text(
                "What randomisation leaves anyway, mean |rank correlation|: of the maps of one image by two networks "
                "without any training (`untrained`), and of the maps of different images (`other_images`)."
            ),
            code(
                f"floors = read_table({quoted(f'faithfulness/{name}-floors.csv')})",
                'floors.set_index(["floor", "method"])[["mean", "low", "high", "n", "reason"]]',
            ),
        ]
    return Section("faithfulness", "Faithfulness", tuple(cells))
