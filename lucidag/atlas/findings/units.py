"""What units do: their confirmed labels, and what a class loses without one."""

from collections.abc import Iterator

import pandas as pd

from lucidag.atlas.contents import Contents
from lucidag.atlas.findings.base import Evidence, Finding, counted, number, percent, to, within
from lucidag.atlas.results import Results
from lucidag.units.names import BY_CLIP, CONFIRMED, NONE

ORDER = 20
ANALYSIS = "Units"
MOST = 3
METHODS = {"words": "by words", "pixels": "by pixels"}


def find(results: Results, contents: Contents) -> Iterator[Finding]:
    """Tell the strongest effects, and how many labels were confirmed; doubt those that were not, and dead units."""
    for model in contents.unit_models:
        yield from _effects(results, model, contents.penultimate.get(model, ""))
    for model, layers in contents.dossiers.items():
        for layer in layers:
            frame = results.table(f"units/{model}/{layer}.csv")
            if frame is not None:
                yield from _labels(frame, model, layer)


def _effects(results: Results, model: str, layer: str) -> Iterator[Finding]:
    file = f"units/{model}/effects.csv"
    table = results.table(file)
    if table is None:
        return
    rows = table[(table["split"] == "test") & (table["kind"] == "class")]
    confirmed = rows[rows["found"].astype(bool)].sort_values("loss", ascending=False)
    if confirmed.empty:
        yield Finding(
            f"effects-{model}",
            ANALYSIS,
            "doubt",
            f"{model}: no class is known to lose anything without a single unit of the last layer's inputs.",
            to("units", model, layer),
            (Evidence(file),),
        )
        return
    for row in confirmed.drop_duplicates("unit").head(MOST).itertuples():
        others = rows[(rows["unit"] == row.unit) & (rows["name"] != row.name)]["loss"]
        typical = rows[(rows["unit"] != row.unit) & (rows["name"] == row.name)]["loss"].median()
        sentence = (
            f"Switching off unit {row.unit} of {model} costs the class {row.name} {number(row.loss)} nats"
            f"{within(row.loss_low, row.loss_high)}; no other class loses more than {number(max(others.max(), 0.0))}, "
            f"and the median unit costs {row.name} {number(typical)}."
        )
        where = f"split test, unit {row.unit}, class {row.name}"
        yield Finding(f"effect-{model}-{row.unit}", ANALYSIS, "result", sentence, to("unit", model, layer, row.unit), (Evidence(file, where),))


def _labels(frame: pd.DataFrame, model: str, layer: str) -> Iterator[Finding]:
    file, link = f"units/{model}/{layer}.csv", to("units", model, layer)
    for key, how in METHODS.items():
        if f"{key}_verdict" not in frame.columns:
            continue
        named = frame[~frame[f"{key}_concept"].isin([NONE, ""])]
        confirmed = int((named[f"{key}_verdict"] == CONFIRMED).sum())
        if not len(named):
            continue
        sentence = (
            f"{counted(confirmed, 'unit')} of {len(frame)} in {layer} of {model} "
            f"{'has' if confirmed == 1 else 'have'} a label {how} that images confirm which did not choose it."
        )
        evidence = (Evidence(file, f"{key}_verdict {CONFIRMED}"),)
        yield Finding(f"labels-{model}-{layer}-{key}", ANALYSIS, "result", sentence, link, evidence)
        if confirmed < len(named) / 2:
            doubt = (
                f"{len(named) - confirmed} of {counted(len(named), 'label')} {how} in {layer} of {model} "
                f"({percent(1 - confirmed / len(named))}) are not confirmed: read them as guesses."
            )
            yield Finding(f"unconfirmed-{model}-{layer}-{key}", ANALYSIS, "doubt", doubt, link, evidence)
        circular = int((named.get(f"{key}_judged_by", pd.Series(dtype=str)) == BY_CLIP).sum())
        if circular:
            doubt = f"{counted(circular, 'label')} {how} in {layer} of {model} are judged by the CLIP that chose them."
            yield Finding(f"circular-{model}-{layer}-{key}", ANALYSIS, "doubt", doubt, link, evidence)
    dead = int(frame["warnings"].fillna("").str.contains("dead").sum()) if "warnings" in frame.columns else 0
    if dead:
        doubt = f"{counted(dead, 'unit')} of {layer} of {model} {'is' if dead == 1 else 'are'} dead: nothing said of them counts."
        yield Finding(f"dead-{model}-{layer}", ANALYSIS, "doubt", doubt, link, (Evidence(file, "warnings dead"),))

