"""Which settings of LIME find what masks say is there, and how long they take."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from lucidag.explain.agreement.masks import iou
from lucidag.explain.lime.explain import explain_segments, timed_segments
from lucidag.explain.lime.neighbourhood import Classify
from lucidag.explain.lime.settings import LimeSettings
from lucidag.explain.lime.space import SEARCH_SPACE
from lucidag.ground.errors import InputError
from lucidag.ground.progress import track


class Graded(NamedTuple):
    """An image by which settings are graded: its id, frame (uint8 C x S x S), mask (bool S x S) and target."""

    image: str
    frame: NDArray[np.uint8]
    mask: NDArray[np.bool_]
    target: int | None


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


def tune(
    classify: Classify,
    frames: Sequence[Graded],
    trials: Sequence[LimeSettings],
    batch_size: int,
    device: str = "cpu",
) -> list[dict[str, Any]]:
    """Explain each image with the settings of each trial.

    Equal segmentations of an image are made once; their time counts for each trial that has them.

    Parameters
    ----------
    classify, batch_size, device
        See `lucidag.explain.lime.explain.explain`.
    frames
        With masks of the truth.
    trials
        Settings.

    Returns
    -------
    list of dict
        For each image and trial: ``trial``, ``image``, ``iou`` of LIME's mask with the truth (NaN if both are empty),
        ``seconds`` and ``settings`` as JSON. All but the seconds is the same on each run.
    """
    rows = []
    for explained in frames[:1]:  # Before anything is timed: the first batch of a network is its slowest.
        classify(torch.from_numpy(explained.frame)[None].repeat(batch_size, 1, 1, 1).to(device))
    for explained in track(frames, "LIME settings"):
        known: dict[str, tuple[NDArray[np.int32], float]] = {}
        for trial, settings in enumerate(trials):
            words = settings.to_json()
            key = json.dumps([words["segmentation"], settings.seed])
            if key not in known:
                known[key] = timed_segments(explained.frame, settings)
            result = explain_segments(
                classify, explained.frame, *known[key], settings, explained.target, batch_size, device
            )
            rows.append(
                {
                    "trial": trial,
                    "image": explained.image,
                    "iou": iou(result.mask, explained.mask),
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


def grades(rows: Sequence[Mapping[str, Any]], images: Collection[str] | None = None) -> dict[int, Grade]:
    """Grade each trial on some images, or on all."""
    by_trial: dict[int, list[tuple[float, float]]] = {}
    for row in rows:
        if images is None or row["image"] in images:
            by_trial.setdefault(row["trial"], []).append((row["iou"], row["seconds"]))
    found = {}
    for trial, values in sorted(by_trial.items()):
        table = np.array(values, dtype=np.float64)
        defined = table[~np.isnan(table[:, 0]), 0]
        mean = float(defined.mean()) if len(defined) else float("nan")
        found[trial] = Grade(mean, float(table[:, 1].mean()), len(table) - len(defined))
    return found


def front(rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Return the trials that no other trial beats: with more IoU in no more time, or with no less IoU in less time."""
    known = {trial: grade for trial, grade in grades(rows).items() if not np.isnan(grade.iou)}

    def beaten(grade: Grade) -> bool:
        return any(
            other.iou >= grade.iou and other.seconds <= grade.seconds and other[:2] != grade[:2]
            for other in known.values()
        )

    return [trial for trial, grade in known.items() if not beaten(grade)]


def choose(rows: Sequence[Mapping[str, Any]], seconds_limit: float | None) -> int:
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
    known = {trial: grade for trial, grade in grades(rows).items() if not np.isnan(grade.iou)}
    if not known:
        raise InputError("lime tuning: every mask of the images that choose is empty, so nothing can be graded")
    allowed = [trial for trial, grade in known.items() if seconds_limit is None or grade.seconds <= seconds_limit]
    if not allowed:
        return min(known, key=lambda trial: known[trial].seconds)
    return max(allowed, key=lambda trial: known[trial].iou)


def tuning_report(rows: Sequence[Mapping[str, Any]], seconds_limit: float | None, seed: int) -> dict[str, Any]:
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
        "gain": _gain(rows, reported_on, chosen),
        "trials": table,
    }


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


def _gain(rows: Sequence[Mapping[str, Any]], images: Collection[str], chosen: int) -> float:
    """Return the mean difference of IoU between a trial and trial 0."""
    by_key = {(row["trial"], row["image"]): row["iou"] for row in rows}
    apart = np.array([by_key[chosen, image] - by_key[0, image] for image in sorted(images)])
    apart = apart[~np.isnan(apart)]
    return float(apart.mean()) if len(apart) else float("nan")
