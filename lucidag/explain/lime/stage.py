"""The search for settings of LIME, as a job does it."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from lucidag.explain.lime.group import classifier
from lucidag.explain.lime.settings import LimeSettings
from lucidag.explain.lime.space import trials
from lucidag.explain.lime.tune import Graded, settings_fragment, tune, tuning_report
from lucidag.explain.subjects import Subject
from lucidag.ground.errors import InputError
from lucidag.ground.files import write_text
from lucidag.ground.tables import write_table
from lucidag.models.network import Network
from lucidag.models.reproducible import reproducible


def tune_subjects(
    network: Network, subjects: Sequence[Subject], settings: Mapping[str, Any], device: str, threads: int = 2
) -> dict[str, Any]:
    """Search for settings of LIME by the images that have a mask; see `lucidag.explain.lime.tune.tuning_report`.

    Parameters
    ----------
    network, subjects
        The network with its weights, and the images.
    device, threads
        How to compute; they change the numbers by rounding only.
    settings
        ``batch_size``, the present settings (``lime``), and ``trials``, ``seconds`` and ``seed`` (``tuning``).

    Raises
    ------
    InputError
        If fewer than two images have a mask: one half chooses, the other reports.
    """
    graded = [
        Graded(subject.image, subject.frame.numpy(), subject.mask, subject.target)
        for subject in subjects
        if subject.mask is not None and subject.mask.any()
    ]
    if len(graded) < 2:
        raise InputError(f"explain.lime.tuning: {len(graded)} of the images have a mask; it takes at least 2")
    tuning = settings["tuning"]
    candidates = trials(LimeSettings.from_json(settings["lime"]), tuning["trials"], tuning["seed"])
    with reproducible(device, threads):
        rows = tune(classifier(network, device), graded, candidates, settings["batch_size"], device)
    return tuning_report(rows, tuning["seconds"], tuning["seed"])


def write_tuning(table: str | Path, configuration: str | Path, report: Mapping[str, Any]) -> None:
    """Write the trials as CSV, and the chosen settings as a second configuration file."""
    rows = [{**row, "settings": json.dumps(row["settings"])} for row in report["trials"]]
    write_table(table, pd.DataFrame(rows))
    chosen = LimeSettings.from_json(report["settings"])
    words = yaml.safe_dump(settings_fragment(chosen), sort_keys=False, default_flow_style=None)
    tried, present = (next(row for row in report["trials"] if row["trial"] == trial) for trial in (report["chosen"], 0))
    about = (
        f"# Use it as a second configuration file: --configfile FIRST {configuration}\n"
        f"# Mean IoU with the masks, where they chose: {tried['iou']:.3f} (settings till now {present['iou']:.3f}),\n"
        f"# held out: {tried['held_out_iou']:.3f} (settings till now {present['held_out_iou']:.3f}).\n"
    )
    write_text(configuration, about + words)
