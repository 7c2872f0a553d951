"""The tables of an experiment after a run in which jobs failed: what is there, and rows that say what failed."""

import json
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lucidag.experiments.apart import MADE
from lucidag.experiments.cells import missing
from lucidag.experiments.columns import PLAIN
from lucidag.experiments.families import effects_of_families, seeds_of_families
from lucidag.experiments.read import Files, read_row
from lucidag.experiments.sentences import sentences
from lucidag.experiments.table import Row, experiments_json, experiments_table
from lucidag.ground.damage import damaged
from lucidag.ground.errors import InputError, first_line
from lucidag.ground.files import write_json
from lucidag.ground.recorded import record_apart
from lucidag.ground.records import Records
from lucidag.ground.tables import read_table, write_table

# Section of the configuration that asks for the files of a kind.
ASKED_BY = {
    **dict.fromkeys(("points", "sweep"), "rof"),
    "layers": "dissect",
    **dict.fromkeys(("localisation", "agreement"), "explain"),
    "faithfulness": "faithfulness",
    "artefacts": "shortcuts",
}
WAITED = "not made, as a job that it needs failed or did not run"


def make(
    results: str | Path,
    files: Files,
    models: Mapping[str, Any],
    factors: Mapping[str, Any],
    failed: Sequence[tuple[str, str]],
    untold: Collection[str],
) -> None:
    """Write the tables of what is there, and remove ``experiments/costs.csv``, so that the next run makes all anew.

    Parameters
    ----------
    results
        The folder of results.
    files
        All files that rows are read from; see `lucidag.experiments.read.read_row`.
    models, factors
        Settings of the jobs ``compare_models`` (with ``digests`` of code and ``left``) and ``compare_factors``.
    failed
        Jobs that failed, such as ``train net``, and why.
    untold
        Files, from the folder of results, that are of an earlier run: as if they were not there. So are damaged ones.
    """
    folder = Path(results)
    records = Records()
    there = {
        kind: {key: path for key, path in named.items() if _there(folder, path, untold, records)}
        for kind, named in files.items()
    }
    rows = []
    for model, about in models["models"].items():
        told = about | {"code": models["digests"][model]}
        why = reason(model, failed)
        if all(model in there[kind] for kind in ("evaluation", "manifest")):
            lost = {ASKED_BY[kind]: why for kind in ASKED_BY if _keys(files, kind, model) - _keys(there, kind, model)}
            rows.append(replace(read_row(model, told, there, models), lost=lost))
        else:
            rows.append(failed_row(model, told, why))
    (folder / "experiments/costs.csv").unlink(missing_ok=True)
    write_table(folder / "experiments.csv", experiments_table(rows))
    write_json(folder / "experiments.json", experiments_json(rows, models["absent"], models["left"]))
    table, about = read_table(folder / "experiments.csv"), experiments_json(rows, models["absent"], models["left"])
    asked = factors["families"], [name for name in factors["outcomes"] if name in table], factors["confidence"]
    found = effects_of_families(table, about, *asked)
    write_table(folder / "experiments/factors.csv", found.table)
    told = [*sentences(found.table), *seeds_of_families(table, about, *asked)]
    write_json(folder / "experiments/factors.json", {"sentences": told, "notes": [*found.notes, *found.left_out]})
    record_apart(folder, "incomplete", MADE)


def reason(model: str, failed: Sequence[tuple[str, str]]) -> str:
    """Say why a model has no results: which of its jobs failed, and how."""
    own = [f"{job.split()[0]} failed: {sentence}" for job, sentence in failed if model in job.split()[1:]]
    return "; ".join(own) or WAITED


def failed_row(model: str, about: Mapping[str, Any], why: str) -> Row:
    """Return the row of a model that was not evaluated."""
    columns = {key: about[key] for key in ("family", "block", "seed", "code")}
    known = {"model": model, "status": "failed", **dict.fromkeys(("epochs", "kept_epoch", "ended", "data"))}
    return Row(columns | known, about["changed"], about["settings"], dict.fromkeys(PLAIN, missing(why)))


def _there(folder: Path, path: str, untold: Collection[str], records: Records) -> bool:
    """Return whether a file is one of this run, as its job wrote it."""
    told = Path(path).is_file() and str(Path(path).relative_to(folder)) not in untold
    return told and not damaged(path, records)


def _keys(files: Files, kind: str, model: str) -> set[str]:
    """Return the names under which a model has files of a kind; those of studies are of no single model."""
    return {key for key in files[kind] if key.partition("/")[0] == model or kind == "artefacts"}


if __name__ == "__main__":
    results, files, models, factors, failed, untold = json.load(sys.stdin)
    try:
        make(results, files, models, factors, [(job, why) for job, why in failed], untold)
    except InputError as error:
        sys.exit(first_line(error))
