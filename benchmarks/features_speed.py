"""Features of images that have to be decoded against bare passes of frames that are ready: ResNet-18, 224 px."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import torch
from torch import nn
from torchvision.models import resnet18

from benchmarks.case import Case, machine, spent
from benchmarks.drawn import drawn_network
from benchmarks.measure import seconds, show
from benchmarks.photographs import photographs
from lucidag.data.features import Features
from lucidag.data.manifest import Manifest, read_manifest, write_manifest
from lucidag.models.extract import extract
from lucidag.models.frames import batches
from lucidag.models.inputs import Inputs
from lucidag.models.memory_format import settled

SIDES = (500, 375)
BATCH = 32
GOAL = 0.9  # of the rate of bare passes
TOLERANCE = 1e-4  # of the greatest logit


def run(quick: bool, full: bool) -> list[Case]:
    """Time 192 images (`quick`: 8 of 64 px), the best of three rounds in turn (`full`: five)."""
    count, size, rounds = (8, 64, 1) if quick else (192, 224, 5 if full else 3)
    inputs = Inputs(size, 3, "crop", (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    model = drawn_network(lambda: resnet18(num_classes=2))
    threads = torch.get_num_threads()
    with TemporaryDirectory() as folder:
        manifest = _listed(Path(folder), photographs(Path(folder), [SIDES] * count))
        ready = [inputs.normalise(frames) for frames in batches(manifest, np.arange(count), inputs, BATCH, threads)]
        found: list[Features] = []

        def ours() -> None:
            found.append(extract(model, manifest, "test", inputs, [], BATCH, threads=threads, head="fc"))

        ours()
        where, times = machine(), []
        for _ in range(rounds):
            times.append((_bare(model, ready, torch.contiguous_format), _bare(model, ready, None), spent(ours)))
    plain, same = min(each[0] for each in times), min(each[1] for each in times)
    took, memory = min(each[2] for each in times)
    apart = _apart(found[-1], model, ready)
    title = f"features of {count} JPEG of {SIDES[0]} px, ResNet-18 at {size} px, batches of {BATCH}"
    rate = [
        ("bare passes, as torch has it", f"{plain:.2f} s, {count / plain:.1f} images a second"),
        ("bare passes, channels last", f"{same:.2f} s, {count / same:.1f} images a second"),
        ("lucidag, decoding included", f"{took:.2f} s, {count / took:.1f} images a second"),
        ("share of the rate of the former", f"{plain / took:.0%} (goal {GOAL:.0%})"),
        ("share of the rate of the latter", f"{same / took:.0%} (goal {GOAL:.0%})"),
        ("equality", f"logits within {apart:.0e} of the greatest"),
    ]
    show(title, rate)
    differs = "share of the greatest logit"
    return [
        Case("features", title, f"bare passes, {name}", took, bare, GOAL, apart, differs, memory, where)
        for name, bare in (("as torch has it", plain), ("channels last", same))
    ]


def _bare(model: nn.Module, ready: Sequence[torch.Tensor], form: torch.memory_format | None) -> float:
    """Time the passes of batches that are ready; None is the format in which they are fastest."""
    if form is None:
        form = settled(model, ready[0])
    else:
        model.to(memory_format=form)
    placed = [batch.contiguous(memory_format=form) for batch in ready]

    def passes() -> None:
        with torch.inference_mode():
            for batch in placed:
                model(batch)

    return seconds(passes)


def _apart(found: Features, model: nn.Module, ready: Sequence[torch.Tensor]) -> float:
    with torch.inference_mode():
        truth = torch.cat([model(batch) for batch in ready]).numpy()
    apart = float(np.abs(found.logits - truth).max() / np.abs(truth).max())
    if not apart <= TOLERANCE:
        raise AssertionError(f"logits are {apart} of the greatest apart")
    return apart


def _listed(folder: Path, paths: Sequence[Path]) -> Manifest:
    names = [path.stem for path in paths]
    labels = ["a" if place % 2 else "b" for place in range(len(paths))]
    table = pd.DataFrame({"image": names, "path": [str(path) for path in paths], "label": labels, "split": "test"})
    write_manifest(folder / "data", table, ["a", "b"])
    return read_manifest(folder / "data")
