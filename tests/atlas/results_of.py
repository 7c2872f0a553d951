"""Small results made by hand: files in a folder, each from plain values."""

from pathlib import Path
from typing import Any

import pandas as pd

from lucidag.atlas.about import About, Network
from lucidag.atlas.findings.finding import Analysis, Evidence, Finding
from lucidag.atlas.results import Results
from lucidag.ground.files import write_json
from lucidag.ground.tables import write_table


def evidence(folder: Path, files: dict[str, Any], models: tuple[str, ...] = ("net",)) -> Evidence:
    """Write files (lists of rows as CSV, all else as JSON) and return what rules look at."""
    for name, content in files.items():
        path = folder / name
        if name.endswith(".csv"):
            write_table(path, pd.DataFrame(content))
        else:
            write_json(path, content)
    about = About({name: Network("photos", "photos", "resnet18", name) for name in models})
    return Evidence(Results(folder), about)


def said(analysis: Analysis, given: Evidence) -> dict[str, Finding]:
    """Return the findings of an analysis by what tells them apart."""
    found = list(analysis.findings(given))
    assert len({each.plain()["id"] for each in found}) == len(found)
    for each in found:
        assert each.sentence.endswith(".")
        assert each.evidence
        assert all(file for file, _ in each.evidence)
    return {each.slug: each for each in found}
