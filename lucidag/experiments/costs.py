"""What models cost: seconds, memory and device, from what Snakemake and the jobs wrote down."""

import csv
from pathlib import Path
from typing import Any

COLUMNS = ("model", "jobs", "train_seconds", "seconds", "peak_mb", "device")
TRAINING = ("train", "import_model")


def costs_of(model: str, results: str | Path) -> dict[str, Any]:
    """Return what a model's jobs cost.

    They differ from run to run, so they are no part of the table of experiments, whose bytes do not.

    Parameters
    ----------
    model
        Its name.
    results
        The folder of results, with ``benchmarks`` and ``logs``.

    Returns
    -------
    dict
        The columns `COLUMNS`: how many jobs were its own alone; seconds of its training or import, and of all; the
        greatest memory that one of them held (MB); the device of the training, as its log says. None where nothing
        was written down.
    """
    folder = Path(results) / "benchmarks"
    files = [*folder.glob(f"*/{model}.tsv"), *folder.glob(f"*/{model}/**/*.tsv")]
    read = {file: rows for file in sorted(files) if (rows := _numbers(file))}
    own = [row for rows in read.values() for row in rows]
    trained = [row for file, rows in read.items() if file.parent.name in TRAINING for row in rows]
    memory = [row["max_rss"] for row in own if "max_rss" in row]
    return {
        "model": model,
        "jobs": len(own),
        "train_seconds": round(sum(row["s"] for row in trained), 2) if trained else None,
        "seconds": round(sum(row["s"] for row in own), 2) if own else None,
        "peak_mb": max(memory) if memory else None,
        "device": _device(Path(results) / "logs", model),
    }


def _numbers(file: Path) -> list[dict[str, float]]:
    """Read a benchmark; a number that was not measured is left out, as is a file that a killed job half wrote."""
    try:
        with file.open(encoding="utf-8", newline="") as handle:
            rows = [
                {key: _number(value) for key, value in row.items()} for row in csv.DictReader(handle, delimiter="\t")
            ]
    except OSError:
        return []
    found = [{key: value for key, value in row.items() if value is not None} for row in rows]
    return [row for row in found if "s" in row]


def _number(word: str | None) -> float | None:
    try:
        return float(word) if word is not None else None
    except ValueError:
        return None


def _device(logs: Path, model: str) -> str | None:
    for rule in TRAINING:
        try:
            first = (logs / rule / f"{model}.log").read_text(encoding="utf-8").partition("\n")[0]
        except OSError:
            continue
        if first.startswith("device: "):
            return first.removeprefix("device: ")
    return None
