"""OpenVINO beside torch: forward passes, Score-CAM and LIME of a ResNet-18 at 224 px, one after the other."""

import contextlib
import copy
import io
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks.cam_speed import by_library as cam_by_library
from benchmarks.cam_speed import network_and_image
from benchmarks.case import Case, machine
from benchmarks.lime_speed import by_library as lime_by_library
from benchmarks.lime_speed import plain_classifier
from benchmarks.measure import seconds, show
from benchmarks.vit import vit
from lucidag.explain.lime.explain import LimeResult, explain
from lucidag.explain.lime.neighbourhood import classifier
from lucidag.explain.lime.settings import LimeSettings
from lucidag.explain.methods.cam import CamExplainer
from lucidag.explain.methods.registry import load
from lucidag.models.fast import accelerate
from lucidag.models.inputs import Inputs
from lucidag.models.network import Network
from lucidag.models.settings import Engine

Works = Mapping[str, Callable[[], object]]
ENGINES: tuple[Engine, ...] = ("torch", "openvino")
BATCH = 16
VIT = "ViT-B/16"
GOAL_OURS, GOAL_LIBRARY = 1.3, 1.6


def run(quick: bool, full: bool) -> list[Case]:
    """Time all three, the best of three rounds; `full` takes five."""
    model, frame, inputs = network_and_image(quick)
    rounds = 1 if quick else 5 if full else 3
    transformer = vit(quick, full).model
    return [
        _passes("ResNet-18", model, inputs, rounds),
        _passes(VIT, transformer, inputs, rounds),
        _scorecam(model, inputs.normalise(frame[None]), rounds),
        _lime("ResNet-18", model, inputs, frame, rounds, 60 if quick else 300),
        _lime(VIT, transformer, inputs, frame, 1, 20 if quick else 60),
    ]


def with_engine(model: nn.Module, engine: Engine) -> nn.Module:
    """Copy a network that an engine is to run."""
    named = copy.deepcopy(model)
    vars(named)["engine"] = engine
    return named


def _passes(architecture: str, model: nn.Module, inputs: Inputs, rounds: int) -> Case:
    x = torch.randn(BATCH, 3, inputs.size, inputs.size, generator=torch.Generator().manual_seed(0))
    networks = {"plain torch": model} | {engine: accelerate(model, x, engine=engine) for engine in ENGINES}
    with torch.inference_mode():
        truth, *given = (network(x) for network in networks.values())
        works: Works = {name: partial(network, x) for name, network in networks.items()}
        best = fastest(works, rounds)
    apart = max(float((each - truth).abs().max() / truth.abs().max()) for each in given)
    return _told(
        f"forward passes, {architecture}, {inputs.size} px, batches of {BATCH}",
        best,
        "plain torch",
        apart,
        "share of logits",
    )


def _scorecam(model: nn.Module, x: torch.Tensor, rounds: int) -> Case:
    explainers = {engine: CamExplainer(with_engine(model, engine), x, "layer4", BATCH) for engine in ENGINES}
    asked: dict[str, Any] = {"scorecam": load("scorecam")()}
    found = {engine: explainer.explain(x, asked) for engine, explainer in explainers.items()}
    target = found["torch"].target
    works: Works = {
        "pytorch-grad-cam": partial(cam_by_library, model, x, "scorecam", "layer4", target),
        **{engine: partial(each.explain, x, asked) for engine, each in explainers.items()},
    }
    best = fastest(works, rounds)
    apart = float(np.abs(found["torch"].maps["scorecam"] - found["openvino"].maps["scorecam"]).max())
    return _told(f"Score-CAM at layer4, ResNet-18, {x.shape[-1]} px", best, "pytorch-grad-cam", apart, "map")


def _lime(architecture: str, model: nn.Module, inputs: Inputs, frame: torch.Tensor, rounds: int, samples: int) -> Case:
    settings, pixels = LimeSettings(hide_color=255, num_features=8, num_samples=samples), frame.numpy()
    found: dict[str, LimeResult] = {}
    classify = {engine: classifier(Network(with_engine(model, engine), inputs, None), "cpu") for engine in ENGINES}

    def ours(engine: Engine) -> None:
        found[engine] = explain(classify[engine], pixels, settings, None, BATCH, "cpu")

    plain = plain_classifier(model, inputs, "cpu")
    works: Works = {
        "lime package": partial(lime_by_library, plain, pixels, settings),
        **{engine: partial(ours, engine) for engine in ENGINES},
    }
    best = fastest(works, rounds)
    weights = [np.array(found[engine].fits[found[engine].target].weights) for engine in ENGINES]
    apart = float(np.abs(weights[0] - weights[1]).max())
    return _told(f"LIME, {architecture}, {samples} samples, {inputs.size} px", best, "lime package", apart, "weights")


def fastest(works: Works, rounds: int) -> dict[str, float]:
    """Return the seconds of the fastest round of each; a round before them is not counted."""
    times = []
    for _ in range(rounds + 1):
        with contextlib.redirect_stderr(io.StringIO()):
            times.append({name: seconds(work) for name, work in works.items()})
    return {name: min(each[name] for each in times[1:]) for name in works}


def _told(title: str, best: dict[str, float], peer: str, apart: float, differs: str) -> Case:
    rows = [(name, f"{spent:.3g} s") for name, spent in best.items()]
    ours, theirs = best["torch"] / best["openvino"], best[peer] / best["openvino"]
    rows += [
        ("openvino over our torch", f"{ours:.2f} (goal {GOAL_OURS:g})"),
        (f"openvino over {peer}", f"{theirs:.2f} (goal {GOAL_LIBRARY:g})"),
        ("openvino against torch", f"within {apart:.0e} ({differs})"),
    ]
    show(title, rows)
    name = f"{title}, by OpenVINO"
    return Case("engine", name, peer, best["openvino"], best[peer], GOAL_LIBRARY, apart, differs, machine=machine())
