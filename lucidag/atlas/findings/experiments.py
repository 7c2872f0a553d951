"""What made the difference between models."""

from collections.abc import Iterator

from lucidag.atlas.contents import Contents
from lucidag.atlas.findings.base import Evidence, Finding, to
from lucidag.atlas.results import Results

ORDER = 60
ANALYSIS = "Experiments"
MOST = 3


def find(results: Results, contents: Contents) -> Iterator[Finding]:
    """Tell the sentences of the factors, first those whose effects were found; name what failed or diverged."""
    if not contents.compared:
        return
    file = "experiments/factors.json"
    for family, said in _by_family(results.json(file)["sentences"]).items():
        for place, sentence in enumerate(said[:MOST]):
            yield Finding(f"factor-{family}-{place}", ANALYSIS, "result", f"{family}: {sentence}", to("compare"), (Evidence(file),))
    table = results.table("experiments.csv")
    if table is None:
        return
    for row in table[table["status"].isin(["diverged", "failed"])].itertuples():
        doubt = f"{row.model} {row.status}: its row says nothing of its setting."
        yield Finding(f"status-{row.model}", ANALYSIS, "doubt", doubt, to("compare"), (Evidence("experiments.csv", row.model),))


def _by_family(sentences: list[dict[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for told in sentences:
        found.setdefault(told["family"], []).append(told["sentence"])
    return found
