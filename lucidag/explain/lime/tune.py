"""Which settings of LIME find what masks say is there, and how long they take."""

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import yaml
from numpy.typing import NDArray

from lucidag.explain.agreement.masks import iou
from lucidag.explain.lime.explain import explain, timed_segments
from lucidag.explain.lime.neighbourhood import Classify, classifier
from lucidag.explain.lime.settings import LimeSettings
from lucidag.explain.lime.space import SEARCH_SPACE, trials
from lucidag.explain.subjects import Subject
from lucidag.ground.errors import InputError
from lucidag.ground.files import write_text
from lucidag.ground.progress import track
from lucidag.ground.tables import write_table
from lucidag.models.network import Network
from lucidag.models.reproducible import reproducible

Rows = Sequence[Mapping[str, Any]]
TIMED = ("seconds", "front")  # columns that differ from run to run


class Grade(NamedTuple):
    """How one trial did on some images.

    Attributes
    ----------
    iou
        Mean over the images where it is defined; NaN if there is none.
    seconds
        Mean over all.
    undefined
        Images whose mask is empty and for which LIME found nothing, so that both agree about nothing.
    """

    iou: float
    seconds: float
    undefined: int


def tune_subjects(
    network: Network,
    subjects: Sequence[Subject],
    classes: Sequence[str],
    settings: Mapping[str, Any],
    device: str,
    threads: int = 2,
) -> dict[str, Any]:
    """Search for settings of LIME by the images whose mask shows the class that is explained; see `tuning_report`.

    Parameters
    ----------
    network, subjects, classes, device, threads
        As for `lucidag.explain.stage.explain_subjects`.
    settings
        ``batch_size``, the present settings (``lime``), and ``trials``, ``seconds`` and ``seed`` (``tuning``).

    Raises
    ------
    InputError
        If there are fewer than two such images: one half chooses, the other reports.
    """
    masked = [subject for subject in subjects if subject.mask is not None and subject.mask.any()]
    if len(masked) < 2:
        raise InputError(f"explain.lime.tuning: {len(masked)} of the images have a mask; it takes at least 2")
    tuning = settings["tuning"]
    candidates = trials(LimeSettings.from_json(settings["lime"]), tuning["trials"], tuning["seed"])
    with reproducible(device, threads):
        classify = classifier(network, device)
        explained = {each.image: _explained_class(classify, each, classes, device) for each in masked}
        graded = [each for each in masked if explained[each.image] == each.label]
        if len(graded) < 2:
            raise InputError(
                f"explain.lime.tuning: {len(masked)} of the images have a mask, and {len(graded)} of these are "
                "explained for the class that it shows, as the others are predicted wrongly; it takes at least 2"
            )
        rows = tune(classify, graded, candidates, settings["batch_size"], device)
    left_out = [each.image for each in masked if explained[each.image] != each.label]
    return tuning_report(rows, tuning["seconds"], tuning["seed"]) | {"left_out": left_out}


def _explained_class(classify: Classify, subject: Subject, classes: Sequence[str], device: str) -> str:
    """Name the class that an image is explained for: its target, or the predicted one."""
    shares = classify(subject.frame[None].to(device))
    return classes[int(shares[0].argmax()) if subject.target is None else subject.target]


def tune(
    classify: Classify,
    subjects: Sequence[Subject],
    candidates: Sequence[LimeSettings],
    batch_size: int,
    device: str = "cpu",
) -> list[dict[str, Any]]:
    """Explain each image with the settings of each candidate.

    Equal segmentations of an image are made once; their time counts for each trial that has them.

    Parameters
    ----------
    classify, batch_size, device
        See `lucidag.explain.lime.explain.explain`.
    subjects
        Images with masks of the truth.
    candidates
        Settings, by their place the trials.

    Returns
    -------
    list of dict
        For each image and trial: ``trial``, ``image``, ``iou`` of LIME's mask with the truth (NaN if both are empty),
        ``seconds`` and ``settings`` as JSON. All but the seconds is the same on each run.
    """
    rows = []
    for subject in subjects[:1]:  # Before anything is timed: the first batch of a network is its slowest.
        classify(subject.frame[None].repeat(batch_size, 1, 1, 1).to(device))
    for subject in track(subjects, "LIME settings"):
        frame = subject.frame.numpy()
        known: dict[str, tuple[NDArray[np.int32], float]] = {}
        for trial, settings in enumerate(candidates):
            words = settings.to_json()
            key = json.dumps([words["segmentation"], settings.seed])
            if key not in known:
                known[key] = timed_segments(frame, settings)
            result = explain(classify, frame, settings, subject.target, batch_size, device, known[key])
            rows.append(
                {
                    "trial": trial,
                    "image": subject.image,
                    "iou": iou(result.mask, np.asarray(subject.mask)),
                    "seconds": result.seconds["total"],
                    "settings": json.dumps(words),
                }
            )
    return rows


def halves(images: Collection[str], seed: int) -> tuple[list[str], list[str]]:
    """Split images into those that choose and those that are held out; of an odd number one more chooses.

    Raises
    ------
    InputError
        If there are fewer than two.
    """
    if len(images) < 2:
        raise InputError(f"lime tuning: {len(images)} image(s) with a mask; it takes one to choose and one to report")
    order = np.random.default_rng(seed).permutation(sorted(images)).tolist()
    middle = (len(order) + 1) // 2
    return sorted(order[:middle]), sorted(order[middle:])


def grades(rows: Rows, images: Collection[str] | None = None) -> dict[int, Grade]:
    """Grade each trial on some images, or on all."""
    table = pd.DataFrame([row for row in rows if images is None or row["image"] in images])
    found = {}
    for trial, part in table.groupby("trial"):
        defined = part["iou"].dropna().to_numpy()
        mean = float(defined.mean()) if len(defined) else float("nan")
        found[int(str(trial))] = Grade(mean, float(part["seconds"].to_numpy().mean()), len(part) - len(defined))
    return found


def front(rows: Rows) -> list[int]:
    """Return the trials that no other trial beats: with more IoU in no more time, or with no less IoU in less time."""
    known = _graded(rows)

    def beaten(grade: Grade) -> bool:
        return any(
            other.iou >= grade.iou and other.seconds <= grade.seconds and other[:2] != grade[:2]
            for other in known.values()
        )

    return [trial for trial, grade in known.items() if not beaten(grade)]


def choose(rows: Rows, seconds_limit: float | None) -> int:
    """Return the trial with the highest mean IoU; of equal ones the first, so that the current settings stay.

    Parameters
    ----------
    rows
        Of the images that choose.
    seconds_limit
        Only trials with a mean time of at most this; where none is so fast, the fastest one is taken.

    Raises
    ------
    InputError
        If no image grades anything.
    """
    known = _graded(rows)
    if not known:
        raise InputError("lime tuning: every mask of the images that choose is empty, so nothing can be graded")
    allowed = [trial for trial, grade in known.items() if seconds_limit is None or grade.seconds <= seconds_limit]
    if not allowed:
        return min(known, key=lambda trial: known[trial].seconds)
    return max(allowed, key=lambda trial: known[trial].iou)


def tuning_report(rows: Rows, seconds_limit: float | None, seed: int) -> dict[str, Any]:
    """Choose settings on one half of the images and report them on the other, with the current ones beside them.

    Parameters
    ----------
    rows
        Of `tune`; trial 0 has the current settings.
    seconds_limit
        See `choose`.
    seed
        Of the halves.

    Returns
    -------
    dict
        ``chosen`` (the trial), ``settings`` (its, as `LimeSettings.from_json` reads them), ``within_limit``,
        ``chosen_on`` and ``reported_on`` (ids), ``gain`` (mean held-out IoU of the chosen less that of the current
        settings, over images where both are defined; NaN if there is none) and ``trials``: for each ``trial``,
        ``iou`` and ``undefined`` on the choosing half, ``held_out_iou`` and ``held_out_undefined``, ``seconds`` on
        the choosing half, ``front`` and ``chosen``, and ``settings``.
    """
    chosen_on, reported_on = halves({row["image"] for row in rows}, seed)
    choosing = [row for row in rows if row["image"] in chosen_on]
    on_front, chosen = front(choosing), choose(choosing, seconds_limit)
    settings = {row["trial"]: json.loads(row["settings"]) for row in rows}
    here, there = grades(choosing), grades(rows, reported_on)
    held_out = pd.DataFrame(rows).pivot(index="image", columns="trial", values="iou").loc[reported_on]
    apart = (held_out[chosen] - held_out[0]).dropna().to_numpy()
    table = [
        {
            "trial": trial,
            "iou": here[trial].iou,
            "undefined": here[trial].undefined,
            "held_out_iou": there[trial].iou,
            "held_out_undefined": there[trial].undefined,
            "seconds": here[trial].seconds,
            "front": trial in on_front,
            "chosen": trial == chosen,
            "settings": settings[trial],
        }
        for trial in here
    ]
    return {
        "chosen": chosen,
        "settings": settings[chosen],
        "within_limit": seconds_limit is None or here[chosen].seconds <= seconds_limit,
        "chosen_on": chosen_on,
        "reported_on": reported_on,
        "gain": float(apart.mean()) if len(apart) else float("nan"),
        "trials": table,
    }


def write_tuning(table: str | Path, times: str | Path, configuration: str | Path, report: Mapping[str, Any]) -> None:
    """Write the trials as CSV, and the chosen settings as a second configuration file.

    What a trial took, and so which are on the front, differs from run to run: it stands in a table of its own.
    """
    trials = pd.DataFrame([{**row, "settings": json.dumps(row["settings"])} for row in report["trials"]])
    write_table(table, trials.drop(columns=list(TIMED)))
    write_table(times, trials[["trial", *TIMED]])
    chosen = LimeSettings.from_json(report["settings"])
    words = yaml.safe_dump(settings_fragment(chosen), sort_keys=False, default_flow_style=None)
    tried, present = (next(row for row in report["trials"] if row["trial"] == trial) for trial in (report["chosen"], 0))
    about = (
        f"# Use it as a second configuration file: --configfile FIRST {configuration}\n"
        f"# Mean IoU with the masks, where they chose: {tried['iou']:.3f} (settings till now {present['iou']:.3f}),\n"
        f"# held out: {tried['held_out_iou']:.3f} (settings till now {present['held_out_iou']:.3f}).\n"
    )
    if left_out := report.get("left_out"):
        about += f"# {len(left_out)} more images have a mask, which shows another class than their prediction.\n"
    write_text(configuration, about + words)


def settings_fragment(settings: LimeSettings) -> dict[str, Any]:
    """Return settings as the part of a configuration that a second configuration file holds.

    Configuration files are merged key by key, so the parameters of other algorithms are taken back by null.
    """
    words = settings.to_json()
    others = {name for space in SEARCH_SPACE["segmentation"].values() for name in space}
    words["segmentation"] = {**words["segmentation"], **dict.fromkeys(sorted(others - set(words["segmentation"])))}
    return {
        "explain": {"lime": {key: words[key] for key in ("segmentation", "hide_color", "num_features", "num_samples")}}
    }


def _graded(rows: Rows) -> dict[int, Grade]:
    return {trial: grade for trial, grade in grades(rows).items() if not np.isnan(grade.iou)}
