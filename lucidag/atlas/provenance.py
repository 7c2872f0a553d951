"""What made each file that the page is made of: its job as the plan knows it, and what the file holds."""

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd

from lucidag.atlas.results import Results
from lucidag.atlas.table import table
from lucidag.ground.checksums import Checksum
from lucidag.ground.plain import seeds_in

MEANINGS = {
    "file": "From the folder of results.",
    "rule": "The step that made it.",
    "of": "What its names hold: the model, data set or layer that it is of.",
    "sha256": "Digest of all bytes of the file that this page was made from.",
    "bytes": "How many these are.",
    "code": "Digest of the code behind it: script, modules that it reaches, versions of packages.",
}


def provenance(results: Results, others: Mapping[str, Any]) -> dict[str, Any]:
    """Return the section of the page.

    Parameters
    ----------
    results
        The files that the page reads.
    others
        Their jobs, see `lucidag.config.origins.origins`.

    Returns
    -------
    dict
        ``table``: a row for each file that is there. ``job``: of each row the place of its job in ``jobs``, which have
        ``settings`` (key to the place of a text in ``values``), ``seeds``, ``packages`` (a place in ``packages``) and
        ``record`` (from the folder of results).
    """
    rows, at = [], []
    for place, job in enumerate(others["jobs"]):
        about = {"rule": job["rule"], "of": ", ".join(f"{key} {value}" for key, value in job["of"].items())}
        for file in job["files"]:
            if results.has(file):
                told = Checksum.of(results.path(file))
                rows.append({"file": file, **about, "sha256": told.sha256, "bytes": told.size, "code": job["code"]})
                at.append(place)
    kept = ("settings", "packages", "record")
    return {
        "table": table(pd.DataFrame(rows, columns=list(MEANINGS)), "", meanings=MEANINGS),
        "job": at,
        "jobs": [{key: job[key] for key in kept} | {"seeds": _seeds(job, others["values"])} for job in others["jobs"]],
        "values": list(others["values"]),
        "packages": list(others["packages"]),
    }


def _seeds(job: Mapping[str, Any], values: list[str]) -> dict[str, Any]:
    """Return each seed in a job's settings, by its keys."""
    return dict(seeds_in({key: json.loads(values[place]) for key, place in job["settings"].items()}))
