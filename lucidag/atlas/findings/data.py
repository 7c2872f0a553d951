"""What is doubtful about the data sets."""

from collections.abc import Iterator

from lucidag.atlas.findings.finding import Analysis, Evidence, Finding
from lucidag.atlas.findings.words import percent


def findings(evidence: Evidence) -> Iterator[Finding]:
    """Say how large each data set is, what its makers noted of it, and what may leak."""
    for name in evidence.results.named("data/{}/dataset.json"):
        file = f"data/{name}/dataset.json"
        known = evidence.results.json(file)
        counts = {split: sum(own.values()) for split, own in known["counts"].items()}
        said = ", ".join(f"{count} {split}" for split, count in counts.items())
        whole = sum(counts.values())
        totals = [sum(own.get(label, 0) for own in known["counts"].values()) for label in known["classes"]]
        largest = max(totals, default=0)
        share = largest / whole if whole else 0.0
        yield Finding(
            "data",
            f"{name}-size",
            f"{name} has {whole} images of {len(known['classes'])} classes ({said}); "
            f"the commonest class has {percent(share)} of them.",
            value=whole,
            links=(("#view=data", name),),
            evidence=((file, {}),),
        )
        for place, note in enumerate(known.get("notes", [])):
            yield Finding("data", f"{name}-note-{place}", f"{name}: {note}.", level="doubt", evidence=((file, {}),))


ANALYSIS = Analysis(
    "data",
    "Data",
    "Which images there are, and whether some of them may give the answer away.",
    "data/{}/dataset.json",
    findings,
    of_models=False,
)
