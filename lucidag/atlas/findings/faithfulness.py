"""Whether the network does what its explanations foretell."""

from collections.abc import Iterator

import pandas as pd

from lucidag.atlas.findings.finding import Analysis, Evidence, Finding
from lucidag.atlas.findings.words import interval, number, plain, some

STILL = "sensitivity_max"  # nothing beats controls that do not move at all
CONTROLS = frozenset(("centre", "random"))


def findings(evidence: Evidence) -> Iterator[Finding]:
    """Say of each model which method is first by most measures, and which beat neither control by any."""
    for model in evidence.results.named("faithfulness/{}-ranking.csv"):
        file = f"faithfulness/{model}-ranking.csv"
        table = evidence.results.table(file)
        assert table is not None
        own = table[(table["metric"] != STILL) & ~table["control"].astype(bool)]
        if own.empty:
            continue
        beats = own.assign(beats=[set(str(cell).split(";")) >= CONTROLS for cell in own["better_than"]])
        yield from first(beats, table, model, file)
        never = sorted(str(name) for name, rows in beats.groupby("method") if not rows["beats"].any())
        if never:
            sentence = f"No measure shows these to be more faithful to {model} than both controls: {some(never)}."
            yield Finding(
                "faithfulness", "never", sentence, (model,), len(never), level="doubt", evidence=((file, {}),)
            )
        turned = own[own["opposite"] > 0]
        if len(turned):
            row = turned.sort_values("opposite", ascending=False).iloc[0]
            sentence = (
                f"Maps of {row['method']} foretell the opposite of what {model} does on {int(row['opposite'])} of "
                f"{int(row['n'])} images."
            )
            where = {"metric": row["metric"], "method": row["method"]}
            yield Finding(
                "faithfulness",
                "opposite",
                sentence,
                (model,),
                plain(row["opposite"]),
                level="doubt",
                evidence=((file, where),),
            )


def first(beats: pd.DataFrame, table: pd.DataFrame, model: str, file: str) -> Iterator[Finding]:
    """Say which method beats both controls by most measures, with its value by the first of these."""
    counts = beats.groupby("method")["beats"].sum()
    if not counts.max():
        return
    name = str(counts.sort_index().idxmax())
    row = beats[(beats["method"] == name) & beats["beats"]].iloc[0]
    controls = table[(table["metric"] == row["metric"]) & table["control"].astype(bool)]
    control = ", ".join(f"{own['method']} {number(own['mean'])}" for _, own in controls.iterrows())
    yield Finding(
        "faithfulness",
        "first",
        f"{name} is more faithful to {model} than both controls by {int(counts[name])} of "
        f"{beats['metric'].nunique()} measures; by {row['metric']} ({row['better']} is better) it has "
        f"{number(row['mean'])} {interval(plain(row['low']), plain(row['high']))} ({control}).",
        (model,),
        plain(row["mean"]),
        plain(row["low"]),
        plain(row["high"]),
        control,
        evidence=((file, {"metric": row["metric"], "method": name}),),
    )


ANALYSIS = Analysis(
    "faithfulness",
    "Faithfulness",
    "Whether the network does what its explanations foretell.",
    "faithfulness/{}-ranking.csv",
    findings,
)
