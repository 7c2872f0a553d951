"""The atlas after a run in which jobs failed: what is there is shown, and what failed is named."""

import json
import os
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from lucidag.atlas.about import About
from lucidag.atlas.build import Size, page
from lucidag.atlas.contents import Contents
from lucidag.atlas.listed import findings_of
from lucidag.atlas.results import Results
from lucidag.atlas.standing import standing
from lucidag.ground.damage import damaged
from lucidag.ground.errors import InputError, first_line
from lucidag.ground.files import write_text
from lucidag.ground.recorded import record_apart
from lucidag.ground.records import Records

PAGE, FINDINGS = "atlas/index.html", "atlas/findings.html"
OLD = 1  # seconds since 1970: older than whatever it is made from, so that the next run makes it anew


def make(
    results: str | Path,
    settings: Mapping[str, Any],
    others: Mapping[str, Any],
    failed: Sequence[Sequence[str]],
    untold: Collection[str],
) -> None:
    """Write ``atlas/index.html`` and its findings of what is there; the next run makes it anew.

    Parameters
    ----------
    results
        The folder of results.
    settings
        Those of the job that writes the page.
    others
        What made its inputs, see `lucidag.config.origins.origins`.
    failed
        Job, sentence and log of each job that failed.
    untold
        Files, from the folder of results, that are of an earlier run: as if they were not there. So are damaged ones.
    """
    folder, records = Path(results), Records()
    there = [
        file
        for file in settings["files"]
        if file not in untold and (folder / file).is_file() and not damaged(folder / file, records)
    ]
    known = Results(folder, there)
    contents = standing(Contents(**settings["contents"]), known)
    html = page(known, contents, Size(**settings["size"]), About.read(settings["about"]), failed, others)
    for file, text in ((PAGE, html), (FINDINGS, findings_of(html))):
        write_text(folder / file, text)
        os.utime(folder / file, (OLD, OLD))
    record_apart(folder, "incomplete", [PAGE, FINDINGS])


if __name__ == "__main__":
    results, settings, others, failed, untold = json.load(sys.stdin)
    try:
        make(results, settings, others, failed, untold)
    except InputError as error:
        sys.exit(first_line(error))
