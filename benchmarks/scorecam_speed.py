"""Score-CAM of a layer of 2,048 channels: those with most activation alone, against all; and how alike the maps are.

The network is a ResNet-50. With ImageNet weights at hand the rank correlation of both maps says what the approximation
costs; with weights from a seed it would say nothing, and the images of the goal are photographs.
"""

import contextlib
import io
from functools import partial
from pathlib import Path

import numpy as np
import torch
from scipy.stats import spearmanr
from torch import nn
from torchvision.models import resnet50

from benchmarks.case import Case, machine, spent
from benchmarks.drawn import drawn_network
from benchmarks.measure import show
from lucidag.data.images import decode
from lucidag.explain.methods.cam import CamExplainer, CamResult
from lucidag.explain.methods.scorecam import ScoreCam
from lucidag.ground.statistics.intervals import estimate
from lucidag.models.inputs import Inputs

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
WEIGHTS = SHARED / "weights" / "resnet50-imagenet.pth"
IMAGES = SHARED / "imagenet10"
CHANNELS, BATCH = 320, 16
GOAL, AGREEMENT = 5.0, 0.99


def run(quick: bool, full: bool) -> list[Case]:
    """Explain two photographs in both ways (`full`: all ten; `quick`: noise of 64 px)."""
    inputs = Inputs(64 if quick else 224, 3, "crop", (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    paths = sorted(IMAGES.glob("*.JPEG"))
    given = not quick and bool(paths) and WEIGHTS.is_file()
    chosen = paths if full else paths[:2]
    frames = [inputs.normalise(inputs.prepare(decode(path))[None]) for path in chosen] if given else [inputs.example(1)]
    explainer = CamExplainer(_network(given), inputs.example(1), "layer4", BATCH)
    ways = {count: {"scorecam": ScoreCam(None, {"channels": count})} for count in (None, CHANNELS)}
    explainer.explain(frames[0], {"scorecam": ScoreCam(None, {"channels": 1})})  # makes the network ready
    times: dict[int | None, list[float]] = {count: [] for count in ways}
    memory, alike, where = None, [], machine()
    for x in frames:
        found: dict[int | None, CamResult] = {}
        for count, methods in ways.items():
            with contextlib.redirect_stderr(io.StringIO()):
                took, memory = spent(partial(_explain, explainer, x, methods, found, count))
            times[count].append(took)
        alike.append(agreement(found[None], found[CHANNELS]))
    least, exact, ours = min(alike), times[None], times[CHANNELS]
    title = f"Score-CAM at layer4, ResNet-50, {inputs.size} px, {CHANNELS} of 2,048 channels"
    show(
        f"{title}, {len(frames)} images" + ("" if given else "; weights from a seed"),
        [
            ("all channels, an image", f"{np.mean(exact):.1f} s"),
            (f"{CHANNELS} with most activation", f"{np.mean(ours):.1f} s"),
            ("ratio", f"{np.mean(exact) / np.mean(ours):.2f} (goal {GOAL:g})"),
            ("rank correlation of the maps, least", f"{least:.4f} (goal {AGREEMENT:g})"),
            ("  of each image", ", ".join(f"{each:.4f}" for each in alike)),
            ("  mean", _mean(alike)),
        ],
    )
    if given and least < AGREEMENT:
        raise AssertionError(f"maps of an image agree by {least:.4f} only")
    took, plain = float(np.mean(ours)), float(np.mean(exact))
    differs = "1 - least rank correlation" if given else "1 - rank correlation, weights from a seed"
    return [Case("scorecam", title, "all channels", took, plain, GOAL, 1 - least, differs, memory, where)]


def _explain(
    explainer: CamExplainer,
    x: torch.Tensor,
    methods: dict[str, ScoreCam],
    found: dict[int | None, CamResult],
    count: int | None,
) -> None:
    found[count] = explainer.explain(x, methods)


def agreement(exact: CamResult, found: CamResult) -> float:
    """Correlate the ranks of all pixels of two maps."""
    return float(spearmanr(exact.maps["scorecam"].ravel(), found.maps["scorecam"].ravel()).statistic)


def _mean(values: list[float]) -> str:
    found = estimate(values, bounds=(-1, 1))
    if found.reason:
        return f"{np.mean(values):.4f}; no interval: {found.reason}"
    return f"{found.mean:.4f}, 95 % interval over images {found.low:.4f} to {found.high:.4f}"


def _network(given: bool) -> nn.Module:
    model = drawn_network(resnet50)
    if given:
        model.load_state_dict(torch.load(WEIGHTS, weights_only=True))
    return model
