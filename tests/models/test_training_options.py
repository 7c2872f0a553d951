"""Schedules, losses, sampling and the choice of an epoch: against torch's own, and against counts by hand."""

import json
import math
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch import nn

from lucidag.ground.errors import InputError
from lucidag.models.build import build
from lucidag.models.frames import batches
from lucidag.models.inputs import Inputs
from lucidag.models.keeping import best_epoch, ended, out_of_patience
from lucidag.models.memory_format import settled
from lucidag.models.reproducible import mix, reproducible
from lucidag.models.sampling import order_of_epoch, repeats
from lucidag.models.schedule import learning_rate
from lucidag.models.settings import Train
from lucidag.models.train import train
from lucidag.models.weights import save_checkpoint
from tests.models.test_train import CHILD, COUNTS, INPUTS, changed, cnn, epochs_done, interrupted, mlp, state

ALL = {
    "keep": "best",
    "best_by": "accuracy",
    "patience": 3,
    "warmup": 1,
    "schedule": "step",
    "steps": [2, 4],
    "factor": 0.5,
    "label_smoothing": 0.1,
    "clip_gradients": 0.5,
    "balance": "group",
    "augment": [{"RandomCrop": {"size": 8, "padding": 1}}],
}


def data(manifest) -> tuple[torch.Tensor, torch.Tensor]:
    rows = manifest.rows("train")
    return INPUTS.normalise(next(batches(manifest, rows, INPUTS, len(rows), 1))), torch.from_numpy(
        manifest.labels()[rows]
    )


def test_without_options_the_bytes_are_those_of_a_plain_loop(make_dataset):
    """The loop as it was before there were any options, to the last bit."""
    manifest, settings = make_dataset(COUNTS), Train(epochs=3, batch_size=16, lr=0.01, schedule="cosine", threads=1)
    ours, theirs = cnn(), cnn()
    train(ours, manifest, INPUTS, settings)
    x, y = data(manifest)
    optimizer = torch.optim.AdamW(theirs.parameters(), lr=0.01, weight_decay=0.0)
    form = settled(theirs, x[:1])
    theirs.train()
    with reproducible("cpu", 1):
        for epoch in range(3):
            order = torch.randperm(60, generator=torch.Generator().manual_seed(mix(0, epoch)))
            for number, part in enumerate(order.split(16)):
                optimizer.param_groups[0]["lr"] = 0.01 * 0.5 * (1 + math.cos(math.pi * (4 * epoch + number) / 12))
                optimizer.zero_grad()
                logits = theirs(x[part].to(memory_format=form))
                (nn.functional.cross_entropy(logits, y[part], reduction="sum") / len(part)).backward()
                optimizer.step()
    assert not changed(state(theirs), ours)


def rates(settings: Train, per_epoch: int) -> list[float]:
    steps = settings.epochs * per_epoch
    return [learning_rate(settings, step, steps) for step in range(steps)]


def of_torch(lr: float, count: int, make) -> list[float]:
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=lr)
    scheduler, found = make(optimizer), []
    for _ in range(count):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return found


def test_schedules_are_torchs():
    kinds = torch.optim.lr_scheduler
    stepped = rates(Train(epochs=9, lr=0.3, schedule="step", steps=[3, 6], factor=0.2), 1)
    assert stepped == pytest.approx(of_torch(0.3, 9, lambda o: kinds.StepLR(o, 3, 0.2)))
    uneven = rates(Train(epochs=9, lr=0.3, schedule="step", steps=[2, 7]), 4)
    assert uneven == pytest.approx(of_torch(0.3, 36, lambda o: kinds.MultiStepLR(o, [8, 28], 0.1)))

    def warm(rest):
        return lambda o: kinds.SequentialLR(o, [kinds.LinearLR(o, 1 / 10, 1, 9), rest(o)], [10])

    constant = rates(Train(epochs=6, lr=0.3, warmup=2), 5)
    assert constant == pytest.approx(of_torch(0.3, 30, lambda o: kinds.LinearLR(o, 1 / 10, 1, 9)))
    cosine = rates(Train(epochs=6, lr=0.3, warmup=2, schedule="cosine"), 5)
    assert cosine == pytest.approx(of_torch(0.3, 30, warm(lambda o: kinds.CosineAnnealingLR(o, 20))))


@pytest.mark.parametrize("weights", ["none", [1.0, 2.0, 5.0]])
@pytest.mark.parametrize("norm", [None, 0.05])
def test_smoothing_and_clipping_are_torchs(make_dataset, weights, norm):
    manifest = make_dataset(COUNTS)
    settings = Train(
        epochs=4,
        batch_size=60,
        optimizer="sgd",
        lr=0.1,
        label_smoothing=0.2,
        clip_gradients=norm,
        class_weights=weights,
        threads=1,
    )
    ours, theirs = mlp(), mlp()
    history = train(ours, manifest, INPUTS, settings)
    x, y = data(manifest)
    weight = None if weights == "none" else torch.tensor(weights)
    smooth, plain = nn.CrossEntropyLoss(weight, label_smoothing=0.2), nn.CrossEntropyLoss(weight)
    optimizer = torch.optim.SGD(theirs.parameters(), lr=0.1, momentum=0.9)
    told = []
    for _ in range(4):
        optimizer.zero_grad()
        logits = theirs(x)
        told.append(plain(logits, y).item())
        smooth(logits, y).backward()
        whole = nn.utils.clip_grad_norm_(theirs.parameters(), norm or math.inf)
        assert norm is None or whole > norm
        optimizer.step()
    assert [row["train_loss"] for row in history] == pytest.approx(told, rel=1e-4)  # told without smoothing
    for key, value in theirs.state_dict().items():
        torch.testing.assert_close(ours.state_dict()[key], value, rtol=2e-3, atol=1e-5)


def test_a_balanced_order_counted_by_hand():
    parts = np.array([0] * 7 + [4] * 2 + [9] * 2)
    extra = set()
    for seed in range(30):
        order = order_of_epoch(11, parts, seed)
        shown = np.bincount(order, minlength=11)
        by_part = [shown[:7].sum(), shown[7:9].sum(), shown[9:].sum()]
        assert sorted(by_part) == [3, 4, 4]
        extra.add(by_part.index(3))
        assert set(shown[:7]) <= {0, 1}  # 3 or 4 of 7: none twice
        assert set(shown[7:]) <= {1, 2}  # 3 or 4 of 2: all once, then one or both again
        np.testing.assert_array_equal(order, order_of_epoch(11, parts, seed))
    assert extra == {0, 1, 2}
    plain = order_of_epoch(11, None, 5)
    np.testing.assert_array_equal(plain, torch.randperm(11, generator=torch.Generator().manual_seed(5)))
    assert repeats(np.array([3, 1, 3, 3, 0, 1])).tolist() == [0, 0, 1, 2, 0, 1]


@pytest.mark.parametrize(("balance", "groups"), [("class", ()), ("group", ("label", "tint"))])
def test_training_shows_parts_equally_often(make_dataset, monkeypatch, balance, groups):
    manifest, shown = make_dataset(COUNTS), []

    def seen(logits, labels, weight, smoothing=0.0):
        shown.append(labels)
        return nn.functional.cross_entropy(logits, labels, reduction="sum"), torch.tensor(float(len(labels)))

    monkeypatch.setattr("lucidag.models.train._loss", seen)
    settings = Train(epochs=1, batch_size=60, balance=balance, threads=1)
    train(cnn(), manifest, INPUTS, settings, groups=groups)
    assert torch.bincount(shown[0]).tolist() == [20, 20, 20]


def test_groups_that_cannot_be_balanced(make_dataset):
    manifest, settings = make_dataset(COUNTS), Train(epochs=1, balance="group", threads=1)
    with pytest.raises(InputError, match=r"train\.balance: all training images of .* are of one group"):
        train(cnn(), manifest, INPUTS, settings)
    with pytest.raises(InputError, match="'tnit' does not exist"):
        train(cnn(), manifest, INPUTS, settings, groups=["tnit"])


MADE_UP = [(0.9, 0.5), (0.7, 0.6), (0.8, 0.7), (0.7, 0.7), (0.75, 0.6), (0.6, 0.5)]
ROWS = [{"epoch": n, "val_loss": loss, "val_accuracy": accuracy} for n, (loss, accuracy) in enumerate(MADE_UP, 1)]


def test_early_stopping_by_hand_on_a_made_up_history():
    assert [best_epoch(ROWS[:n], "loss") for n in range(7)] == [0, 1, 2, 2, 2, 2, 6]
    assert [best_epoch(ROWS[:n], "accuracy") for n in range(7)] == [0, 1, 2, 3, 3, 3, 3]
    by_loss = [out_of_patience(ROWS[:n], Train(patience=3, keep="best")) for n in range(7)]
    assert by_loss == [False] * 5 + [True, False]  # after epoch 5, three after the best one: the sixth is never run
    by_accuracy = [out_of_patience(ROWS[:n], Train(patience=3, best_by="accuracy")) for n in range(7)]
    assert by_accuracy == [False] * 6 + [True]
    stopped = ended(ROWS[:5], Train(epochs=9, patience=3, keep="best"), False)
    assert [row["kept"] for row in stopped] == [False, True, False, False, False]
    assert [row["ended"] for row in stopped] == [None] * 4 + ["patience"]
    assert [row["kept"] for row in ended(ROWS, Train(epochs=6), False)] == [False] * 5 + [True]
    assert ended(ROWS, Train(epochs=6), False)[-1]["ended"] == "epochs"
    broken = ended(ROWS, Train(epochs=9, keep="best", best_by="accuracy"), True)
    assert (broken[2]["kept"], broken[-1]["ended"]) == (True, "divergence")


def test_the_best_epoch_has_the_weights_of_a_training_that_ends_there(make_dataset):
    manifest = make_dataset({"train": [30, 20, 10], "val": [4, 4, 4]})
    settings = Train(epochs=25, batch_size=16, lr=0.02, keep="best", best_by="accuracy", patience=4, threads=1)
    best = cnn()
    history = train(best, manifest, INPUTS, settings)
    (kept,) = [row["epoch"] for row in history if row["kept"]]
    assert kept == 1 + int(np.argmax([row["val_accuracy"] for row in history]))
    assert kept < len(history)  # else this would show nothing
    short = cnn()
    train(short, manifest, INPUTS, Train(**{**settings.model_dump(), "epochs": kept, "patience": None}))
    assert not changed(state(short), best)


EACH = {
    "best": {"keep": "best"},
    "patience": {"patience": 1},
    "warm-up": {"warmup": 2},
    "steps": {"schedule": "step", "steps": [1, 2]},
    "smoothing": {"label_smoothing": 0.1},
    "clipping": {"clip_gradients": 0.1},
    "classes": {"balance": "class"},
    "all": ALL,
}


@pytest.mark.parametrize("calls", [1 + 6, 1 + 12 + 1, 1 + 18 + 2])
@pytest.mark.parametrize("case", EACH)
def test_each_option_survives_a_stop_anywhere(make_dataset, tmp_path, calls, case):
    manifest, resume = make_dataset(COUNTS), tmp_path / "state.safetensors"
    settings = Train(**{"epochs": 6, "batch_size": 16, "lr": 0.02, "threads": 1} | EACH[case])
    groups = ["tint"] if settings.balance == "group" else []
    whole, again = cnn(), cnn()
    history = train(whole, manifest, INPUTS, settings, groups=groups)
    if calls >= 1 + 6 * len(history):  # it has ended before that
        return
    interrupted(manifest, resume, settings, calls, groups)
    assert train(again, manifest, INPUTS, settings, "cpu", resume, "mine", groups=groups) == history
    assert not changed(state(whole), again)


def test_a_killed_training_keeps_its_best_weights_its_sampler_and_its_patience(make_dataset, tmp_path, root):
    manifest, resume = make_dataset(COUNTS), tmp_path / "state.safetensors"
    settings = Train(**{"epochs": 40, "batch_size": 8, "lr": 0.03, "threads": 1} | ALL | {"balance": "class"})
    architecture = ("lucidag.models.small:small_cnn", 3, {"channels": 1, "width": 4, "depth": 2, "dropout": 0.3}, 0)
    whole, again = build(*architecture), build(*architecture)
    history = train(whole, manifest, INPUTS, settings)
    assert history[-1]["ended"] == "patience"
    job = {"build": architecture, "data": str(manifest.folder), "inputs": INPUTS.model_dump()}
    job |= {"settings": settings.model_dump(), "resume": str(resume), "fingerprint": "f"}
    environment = {**os.environ, "PYTHONPATH": str(root)}
    child = subprocess.Popen([sys.executable, "-c", CHILD, json.dumps(job)], cwd=root, env=environment)
    limit = time.monotonic() + 60
    while epochs_done(resume) < len(history) - 2:  # after the best epoch, while patience is counted
        assert child.poll() is None
        assert time.monotonic() < limit
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    assert train(again, manifest, INPUTS, settings, "cpu", resume, "f") == history
    for name, model in (("whole", whole), ("again", again)):
        save_checkpoint(tmp_path / name, model, {})
    assert (tmp_path / "again").read_bytes() == (tmp_path / "whole").read_bytes()


@pytest.mark.parametrize("change", [{"keep": "best"}, {"patience": 2}])
def test_a_choice_needs_a_validation_split(make_dataset, change):
    with pytest.raises(InputError, match=rf"train\.{next(iter(change))}: needs images in split 'val'"):
        train(cnn(), make_dataset({"train": [3, 3, 3]}), Inputs(8, 1, "stretch", (0.2,), (0.3,)), Train(**change))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"schedule": "step"}, "needs `steps:`"),
        ({"steps": [2]}, "`steps` is for the schedule step, and `schedule` is constant"),
        ({"schedule": "cosine", "factor": 0.5}, "`factor` is for the schedule step"),
        ({"schedule": "step", "steps": [2, 10]}, "`steps` has 10, after which no epoch of 10 is left"),
        ({"schedule": "step", "steps": [2], "warmup": 3}, "`steps` has 2, which lies within the 3 epochs of `warmup`"),
        ({"schedule": "step", "steps": [2, 2]}, "steps"),
        ({"warmup": 10}, "`warmup` takes 10 epochs, and there are 10 in all"),
        ({"balance": "group", "class_weights": "balanced"}, "one of the two"),
        ({"label_smoothing": 1}, "label_smoothing\n.*less than 1"),
        ({"clip_gradients": 0}, "clip_gradients\n.*greater than 0"),
        ({"patience": 0}, "patience\n.*greater than or equal to 1"),
        ({"keep": "first"}, "keep\n.*'last' or 'best'"),
    ],
)
def test_options_that_contradict_each_other_are_one_sentence(change, words):
    with pytest.raises(ValidationError, match=words):
        Train(**change)
