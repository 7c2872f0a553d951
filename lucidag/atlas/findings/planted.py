"""Whether the methods find what was planted in networks."""

from collections.abc import Iterator

from lucidag.atlas.findings.finding import Analysis, Evidence, Finding
from lucidag.atlas.findings.words import interval, percent, plain

FILE = "planted/summary.csv"


def findings(evidence: Evidence) -> Iterator[Finding]:
    """Say of each method that labels units how many planted ones it labels rightly, against chance."""
    table = evidence.results.table(FILE)
    if table is None:
        return
    own = table[(table["part"] == "labels") & (table["measure"] == "right") & (table["kind"] == "all")]
    for _, row in own[own["value"].notna()].iterrows():
        chance = plain(row["base_rate"])
        low = plain(row["low"])
        told = low is not None and (chance is None or low > chance)
        said = (
            f"{row['method']} labels {percent(row['value'])} {interval(low, plain(row['high']), percent)} of "
            f"{int(row['n'])} planted units rightly; chance is {percent(chance)}"
        )
        yield Finding(
            "planted",
            str(row["method"]),
            f"{said}." if told else f"{said}, which is not told from it.",
            value=plain(row["value"]),
            low=low,
            high=plain(row["high"]),
            control=f"chance: {percent(chance)}",
            level="result" if told else "doubt",
            evidence=((FILE, {"part": "labels", "measure": "right", "method": row["method"]}),),
        )


ANALYSIS = Analysis(
    "planted",
    "Planted units",
    "Whether the methods find units that are known as they were planted.",
    "planted/{}/scores.csv",
    findings,
)
