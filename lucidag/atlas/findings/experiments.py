"""What made the difference among the networks that a grid or seeds made."""

from collections.abc import Iterator

from lucidag.atlas.findings.finding import Analysis, Evidence, Finding
from lucidag.atlas.findings.words import plain

OUTCOME = "test_accuracy"  # the outcome that a reader asks for first; the page lists all


def findings(evidence: Evidence) -> Iterator[Finding]:
    """Give the sentence of each factor on test accuracy; then which networks came to nothing."""
    file = "experiments/factors.json"
    table = evidence.results.table("experiments/factors.csv")
    for own in (evidence.results.json(file) or {}).get("sentences", []):
        if own["outcome"] != OUTCOME:
            continue
        where = {key: own[key] for key in ("family", "factor", "outcome")}
        rows = None if table is None else table.loc[(table[list(where)] == list(where.values())).all(axis=1)]
        row = None if rows is None or rows.empty else rows.iloc[0]
        told = row is None or bool(row["found"])  # without a row it says how far seeds scatter
        value, low, high = (None if row is None else plain(row[key]) for key in ("effect", "low", "high"))
        yield Finding(
            "experiments",
            f"{own['family']}-{own['factor']}",
            own["sentence"] if own["sentence"].startswith(own["family"]) else f"{own['family']}: {own['sentence']}",
            value=value,
            low=low,
            high=high,
            control="" if row is None else f"spread by chance: {row['share_chance']:.1%}",
            level="result" if told else "doubt",
            evidence=(("experiments/factors.csv", where),),
        )
    models = evidence.results.table("experiments.csv")
    for _, row in () if models is None else models.iterrows():
        if row["status"] in ("diverged", "failed"):
            where = {"model": row["model"]}
            sentence = f"{row['model']} {row['status']}: what is said of its family is said without it."
            evidence_of = (("experiments.csv", where),)
            yield Finding("experiments", "status", sentence, (str(row["model"]),), level="doubt", evidence=evidence_of)


ANALYSIS = Analysis(
    "experiments",
    "Experiments",
    "Which setting made the difference among networks that differ in some.",
    "{}/factors.csv",
    findings,
    of_models=False,
)
