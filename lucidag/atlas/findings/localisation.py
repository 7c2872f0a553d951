"""Whether explanations find what masks say is there."""

from collections.abc import Iterator

from lucidag.atlas.findings.finding import Analysis, Evidence, Finding
from lucidag.atlas.findings.words import interval, number, plain, some

METRIC = "mass_accuracy"  # needs no threshold
BASELINES = ("centre", "random")
FEW = 5


def findings(evidence: Evidence) -> Iterator[Finding]:
    """Say of each model which method puts most of its map on the masked thing, against centre and random maps."""
    for model in evidence.results.named("localisation/{}-summary.csv"):
        file = f"localisation/{model}-summary.csv"
        table = evidence.results.table(file)
        assert table is not None
        own = table[(table["prediction"] == "right") & (table["metric"] == METRIC)]
        methods = own[~own["method"].isin(BASELINES) & (own["n"] > 0)]
        if methods.empty:
            continue
        best = methods.sort_values("mean", ascending=False).iloc[0]
        count = int(best["n"])
        if count < FEW:
            sentence = f"Only {count} explained images of {model} have a mask and are right: grades tell little."
            yield Finding("localisation", "few", sentence, (model,), count, level="doubt", evidence=((file, {}),))
        beating = sorted(methods[methods["beats_both"].astype(bool)]["method"])
        control = ", ".join(
            f"{row['method']} {number(row['mean'])}" for _, row in own[own["method"].isin(BASELINES)].iterrows()
        )
        if not beating:
            sentence = (
                f"No method is shown to find what the masks of {model} show better than a blob at the centre and "
                f"random maps ({control}; {count} images)."
            )
            yield Finding(
                "localisation", "none", sentence, (model,), control=control, level="doubt", evidence=((file, {}),)
            )
            continue
        top = methods[methods["method"].isin(beating)].sort_values("mean", ascending=False).iloc[0]
        yield Finding(
            "localisation",
            "best",
            f"{top['method']} puts {number(top['mean'])} {interval(plain(top['low']), plain(top['high']))} of its "
            f"map of {model} on the masked thing ({control}); {len(beating)} of {len(methods)} methods beat both "
            f"({some(beating)}).",
            (model,),
            plain(top["mean"]),
            plain(top["low"]),
            plain(top["high"]),
            control,
            evidence=((file, {"prediction": "right", "metric": METRIC, "method": top["method"]}),),
        )


ANALYSIS = Analysis(
    "localisation",
    "Localisation",
    "Whether explanations find what masks say is there.",
    "localisation/{}-summary.csv",
    findings,
)
