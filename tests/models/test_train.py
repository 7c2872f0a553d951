import json
import math
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
import torch
from pydantic import ValidationError
from safetensors import safe_open
from torch import nn

from lucidag.ground.errors import InputError
from lucidag.ground.tables import read_table, write_rows
from lucidag.models.augment import augment, build_augmentation
from lucidag.models.build import build
from lucidag.models.diverged import diverged_in, divergence
from lucidag.models.frames import batches
from lucidag.models.history import HISTORY_COLUMNS
from lucidag.models.inputs import Inputs
from lucidag.models.schedule import learning_rate
from lucidag.models.settings import Train
from lucidag.models.train import train
from lucidag.models.weights import save_checkpoint

INPUTS = Inputs(8, 1, "stretch", (0.2,), (0.3,))
COUNTS = {"train": [30, 20, 10], "val": [6, 6, 6]}
FAST = Train(epochs=3, batch_size=16, lr=0.01, threads=1)


def replace(settings: Train, **changes) -> Train:
    return Train(**{**settings.model_dump(), **changes})


def cnn(seed: int = 0, dropout: float = 0.0) -> nn.Module:
    options = {"channels": 1, "width": 4, "depth": 2, "dropout": dropout}
    return build("lucidag.models.small:small_cnn", 3, options, seed)


def mlp(seed: int = 0) -> nn.Module:
    return build("lucidag.models.small:small_mlp", 3, {"inputs": 64, "hidden": [7]}, seed)


def state(model: nn.Module) -> dict[str, torch.Tensor]:
    return {key: value.clone() for key, value in model.state_dict().items()}


def changed(before: dict[str, torch.Tensor], model: nn.Module) -> set[str]:
    return {key for key, value in model.state_dict().items() if not torch.equal(value, before[key])}


def test_it_learns_what_was_planted(make_dataset):
    model = cnn()
    settings = Train(epochs=25, batch_size=16, lr=0.02, schedule="cosine", threads=1)
    history = train(model, make_dataset(COUNTS), INPUTS, settings)
    assert [row["epoch"] for row in history] == list(range(1, 26))
    assert all(tuple(row) == HISTORY_COLUMNS for row in history)
    assert history[-1]["val_accuracy"] > 0.9
    assert history[-1]["train_loss"] < history[0]["train_loss"] / 2
    assert not model.training


def reference(model: nn.Module, manifest, settings: Train, weights: list[float] | None) -> list[float]:
    """Train on whole-split batches with torch alone; the order of images cannot matter."""
    rows = manifest.rows("train")
    x = INPUTS.normalise(next(batches(manifest, rows, INPUTS, len(rows), 1)))
    y = torch.from_numpy(manifest.labels()[rows])
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "sgd": torch.optim.SGD}[settings.optimizer]
    momentum = {"momentum": settings.momentum} if settings.optimizer == "sgd" else {}
    optimizer = kind(model.parameters(), lr=settings.lr, weight_decay=settings.weight_decay, **momentum)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, settings.epochs)
    criterion = nn.CrossEntropyLoss(weight=None if weights is None else torch.tensor(weights))
    losses = []
    for _ in range(settings.epochs):
        loss = criterion(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if settings.schedule == "cosine":
            schedule.step()
        losses.append(loss.item())
    return losses


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd"])
@pytest.mark.parametrize("schedule", ["constant", "cosine"])
@pytest.mark.parametrize(
    ("class_weights", "by_hand"),
    [("none", None), ("balanced", [60 / (3 * 30), 60 / (3 * 20), 60 / (3 * 10)]), ([1.0, 2.0, 5.0], [1.0, 2.0, 5.0])],
)
def test_whole_batches_give_what_a_plain_torch_loop_gives(make_dataset, optimizer, schedule, class_weights, by_hand):
    manifest = make_dataset(COUNTS)
    settings = Train(
        epochs=6,
        batch_size=60,
        optimizer=optimizer,
        lr=0.02,
        weight_decay=0.1,
        schedule=schedule,
        class_weights=class_weights,
        threads=1,
    )
    ours, theirs = mlp(), mlp()
    history = train(ours, manifest, INPUTS, settings)
    losses = reference(theirs, manifest, settings, by_hand)
    assert [row["train_loss"] for row in history] == pytest.approx(losses, rel=1e-4)
    for key, value in theirs.state_dict().items():
        torch.testing.assert_close(ours.state_dict()[key], value, rtol=2e-3, atol=1e-4)


def test_validation_numbers_are_those_of_the_trained_network(make_dataset):
    manifest = make_dataset(COUNTS)
    model = cnn(dropout=0.5)
    last = train(model, manifest, INPUTS, FAST)[-1]
    rows = manifest.rows("val")
    with torch.inference_mode():
        logits = model(INPUTS.normalise(next(batches(manifest, rows, INPUTS, len(rows), 1))))
    labels = torch.from_numpy(manifest.labels()[rows])
    assert last["val_accuracy"] == pytest.approx((logits.argmax(1) == labels).double().mean().item())
    assert last["val_loss"] == pytest.approx(nn.functional.cross_entropy(logits, labels).item(), rel=1e-5)


@pytest.mark.parametrize("threads", [1, 2])
def test_two_runs_give_the_same_bytes_and_leave_torch_as_it_was(make_dataset, threads):
    manifest = make_dataset(COUNTS)
    settings = replace(FAST, augment=[{"RandomCrop": {"size": 8, "padding": 1}}], threads=threads)
    results = []
    for _ in range(2):
        torch.rand(5)
        torch.set_num_threads(1)
        before = torch.get_rng_state()
        model = cnn(dropout=0.3)
        history = train(model, manifest, INPUTS, settings)
        results.append((state(model), history))
        assert torch.equal(torch.get_rng_state(), before)
        assert torch.get_num_threads() == 1
    assert results[0][1] == results[1][1]
    assert all(torch.equal(results[0][0][key], results[1][0][key]) for key in results[0][0])
    other = cnn(dropout=0.3)
    train(other, manifest, INPUTS, replace(settings, seed=1))
    assert changed(results[0][0], other)


@pytest.mark.parametrize(
    ("trainable", "batchnorm", "expected"),
    [
        ("head", "frozen", {"fc.weight", "fc.bias"}),
        (["blocks.block2.conv", "fc"], "frozen", {"blocks.block2.conv.weight", "fc.weight", "fc.bias"}),
        (["blocks.block2"], "frozen", {f"blocks.block2.{n}" for n in ("conv.weight", "norm.weight", "norm.bias")}),
    ],
)
def test_only_what_is_trainable_changes(make_dataset, trainable, batchnorm, expected):
    model = cnn()
    before = state(model)
    train(model, make_dataset(COUNTS), INPUTS, replace(FAST, trainable=trainable, batchnorm=batchnorm))
    assert changed(before, model) == expected
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_batchnorm_in_training_moves_its_statistics(make_dataset):
    model = cnn()
    before = state(model)
    train(model, make_dataset(COUNTS), INPUTS, replace(FAST, trainable="head"))
    moved = changed(before, model)
    assert {"blocks.block1.norm.running_mean", "blocks.block2.norm.running_var"} <= moved


def test_a_last_batch_of_one_joins_the_one_before(make_dataset):
    model = build("resnet18", 3, {}, 0)  # its last BatchNorm sees 1 x 1 maps: one image alone cannot train it
    history = train(model, make_dataset({"train": [3, 3, 3]}), Inputs(32), replace(FAST, epochs=1, batch_size=4))
    assert history[0]["val_loss"] is None
    assert history[0]["val_accuracy"] is None


def test_bfloat16_keeps_float32_weights(make_dataset):
    model, exact = cnn(), cnn()
    manifest = make_dataset(COUNTS)
    low = train(model, manifest, INPUTS, replace(FAST, precision="bfloat16"))
    high = train(exact, manifest, INPUTS, replace(FAST, precision="float32"))
    assert {value.dtype for value in model.parameters()} == {torch.float32}
    assert low[-1]["train_loss"] == pytest.approx(high[-1]["train_loss"], rel=0.1)
    assert low != high


@pytest.mark.parametrize("steps", [1, 7, 30])
def test_the_cosine_is_torchs(steps):
    settings = Train(lr=0.3, schedule="cosine")
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for step in range(steps):
        assert learning_rate(settings, step, steps) == pytest.approx(schedule.get_last_lr()[0], rel=1e-9)
        optimizer.step()
        schedule.step()


@pytest.mark.parametrize("weights", ["none", (1.0, 2.0, 5.0)])
def test_training_numbers_are_means_over_images_whatever_the_batches(make_dataset, weights):
    manifest, model = make_dataset(COUNTS), mlp()
    settings = replace(FAST, epochs=1, optimizer="sgd", lr=1e-12, class_weights=weights)  # batches of 16 and 12
    (row,) = train(model, manifest, INPUTS, settings)
    rows = manifest.rows("train")
    logits = model(INPUTS.normalise(next(batches(manifest, rows, INPUTS, len(rows), 1))))
    labels = torch.from_numpy(manifest.labels()[rows])
    loss = nn.CrossEntropyLoss(None if weights == "none" else torch.tensor(weights))(logits, labels)
    assert row["train_loss"] == pytest.approx(loss.item(), rel=1e-5)
    assert row["train_accuracy"] == pytest.approx((logits.argmax(1) == labels).float().mean().item())


def test_the_learning_rate_falls_with_every_step(make_dataset, monkeypatch):
    seen, step = [], torch.optim.SGD.step

    def watched(self, *arguments):
        seen.append(self.param_groups[0]["lr"])
        return step(self, *arguments)

    monkeypatch.setattr(torch.optim.SGD, "step", watched)
    history = train(mlp(), make_dataset(COUNTS), INPUTS, replace(FAST, optimizer="sgd", schedule="cosine"))
    assert seen == pytest.approx([0.005 * (1 + np.cos(np.pi * number / 12)) for number in range(12)])
    assert [row["lr"] for row in history] == seen[::4]


def test_training_augments_by_its_own_seed_and_epoch(make_dataset, monkeypatch):
    seen = []

    def watched(frames, rows, chain, seed, epoch):
        seen.append((seed, epoch))
        return frames

    monkeypatch.setattr("lucidag.models.train.augment", watched)
    train(mlp(), make_dataset(COUNTS), INPUTS, replace(FAST, augment=["RandomHorizontalFlip"], seed=5))
    assert seen == [(5, epoch) for epoch in range(3) for _ in range(4)]


def test_augmentation_depends_on_seed_epoch_and_image_alone():
    frames = torch.randint(0, 256, (12, 3, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    rows = list(range(40, 52))
    chain = build_augmentation(["RandomHorizontalFlip", {"RandomResizedCrop": {"size": 8}}], (3, 8, 8))
    whole = augment(frames, rows, chain, seed=1, epoch=2)
    torch.rand(9)
    backwards = [augment(frames[i : i + 1], rows[i : i + 1], chain, 1, 2) for i in reversed(range(12))]
    assert torch.equal(whole, torch.cat(backwards[::-1]))
    assert whole.dtype == torch.uint8
    for seed, epoch in ((1, 3), (2, 2)):
        assert not torch.equal(whole, augment(frames, rows, chain, seed, epoch))
    flipped = augment(frames, rows, build_augmentation([{"RandomHorizontalFlip": {"p": 1.0}}], (3, 8, 8)), 0, 0)
    assert torch.equal(flipped, frames.flip(3))
    assert build_augmentation([], (3, 8, 8)) is None


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        (["RandomHorizontalFlop"], "did you mean 'RandomHorizontalFlip'"),
        ([{"RandomRotation": {"degree": 3}}], "RandomRotation refuses"),
        ([{"RandomRotation": None}], "RandomRotation refuses"),
        (["functional"], "is no transform"),
        ([{"Resize": {"size": 4}}], "must turn a uint8 frame"),
        ([{"ToDtype": {"dtype": "float32"}}], "augment"),
        ([{"Normalize": {"mean": [0.5], "std": [0.5]}}], "refuse a uint8 frame"),
        ([{"A": {}, "B": {}}], "one name with its arguments"),
    ],
)
def test_wrong_augmentations_are_named(steps, words):
    with pytest.raises(InputError, match=words):
        build_augmentation(steps, (3, 8, 8))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"class_weights": [1.0, 2.0]}, "needs 3 numbers"),
        ({"trainable": ["blocks.blok2"]}, "did you mean 'blocks.block2'"),
        ({"trainable": ["pool"]}, "hold no weights"),
        ({"trainable": []}, "hold no weights"),
        ({"lr": 1e30, "optimizer": "sgd"}, r"loss is (nan|inf) in epoch \d; a smaller lr than 1e\+30"),
        ({"augment": ["Flip"]}, "augment: 'Flip'"),
    ],
)
def test_a_wrong_setting_is_one_sentence(make_dataset, change, words):
    with pytest.raises(InputError, match=words):
        train(cnn(), make_dataset(COUNTS), INPUTS, replace(FAST, **change))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"optimizer": "admw"}, "optimizer\n.* 'adam', 'adamw' or 'sgd'"),
        ({"schedule": "steps"}, "schedule\n.* 'constant', 'cosine' or 'step'"),
        ({"batchnorm": "eval"}, "batchnorm\n.* 'train' or 'frozen'"),
        ({"precision": "float16"}, "precision\n.* 'auto', 'float32' or 'bfloat16'"),
        ({"epochs": 0}, "epochs\n.* greater than or equal to 1"),
        ({"batch_size": 0}, "batch_size\n.* greater than or equal to 1"),
        ({"threads": 0}, "threads\n.* greater than or equal to 1"),
        ({"seed": -1}, "seed\n.* greater than or equal to 0"),
        ({"class_weights": "balance"}, "class_weights.*\n.* 'none' or 'balanced'"),
        ({"class_weights": [1.0, 0.0, 2.0]}, "class_weights.*1\n.* greater than 0"),
    ],
)
def test_a_value_that_is_not_allowed_is_refused_with_its_key(change, words):
    with pytest.raises(ValidationError, match=words):
        replace(FAST, **change)


def test_data_that_cannot_be_trained_on(make_dataset):
    with pytest.raises(InputError, match=r"manifest\.csv: class 'row1' has no image in split 'train'"):
        train(cnn(), make_dataset({"train": [3, 0, 3], "val": [1, 1, 1]}), INPUTS, FAST)
    with pytest.raises(InputError, match=r"manifest\.csv: no image is in split 'train'"):
        train(cnn(), make_dataset({"test": [3, 3, 3]}), INPUTS, FAST)


def test_a_network_that_does_not_fit_the_data(make_dataset):
    manifest = make_dataset(COUNTS)
    with pytest.raises(InputError, match=r"gives 4 outputs, and the data set has 3 classes"):
        train(build("lucidag.models.small:small_cnn", 4, {"channels": 1}, 0), manifest, INPUTS, FAST)
    with pytest.raises(InputError, match=r"refuses images of 1 x 8 x 8 \(channels x height x width\)"):
        train(build("lucidag.models.small:small_cnn", 3, {"channels": 3}, 0), manifest, INPUTS, FAST)


# A training that is slowed down, so that the kill comes in the middle of an epoch.
CHILD = """
import json, sys, time
from lucidag.data.manifest import read_manifest
from lucidag.models.build import build
from lucidag.models.inputs import Inputs
from lucidag.models.settings import Train
from lucidag.models.train import train
job = json.loads(sys.argv[1])
model = build(*job["build"])
model.register_forward_hook(lambda *_: time.sleep(0.03))
train(model, read_manifest(job["data"]), Inputs(**job["inputs"]), Train(**job["settings"]),
      "cpu", job["resume"], job["fingerprint"])
"""


def epochs_done(path) -> int:
    try:
        with safe_open(str(path), framework="pt") as handle:
            return len(json.loads(handle.metadata()["lucidag"])["history"])
    except FileNotFoundError:
        return 0


RESUMED = {
    "adam": {"optimizer": "adam"},
    "sgd, cosine, augmentation": {
        "optimizer": "sgd",
        "schedule": "cosine",
        "augment": ["RandomHorizontalFlip", {"RandomCrop": {"size": 8, "padding": 1}}],
        "class_weights": "balanced",
    },
}


@pytest.mark.parametrize("case", ["adam", pytest.param("sgd, cosine, augmentation", marks=pytest.mark.long)])
def test_a_killed_run_goes_on_and_ends_with_the_same_bytes(make_dataset, tmp_path, root, capfd, case):
    manifest = make_dataset(COUNTS)
    settings = Train(epochs=8, batch_size=8, lr=0.01, threads=1, **RESUMED[case])
    architecture = ("lucidag.models.small:small_cnn", 3, {"channels": 1, "width": 4, "depth": 2, "dropout": 0.3}, 0)
    whole = build(*architecture)
    history = train(whole, manifest, INPUTS, settings)
    save_checkpoint(tmp_path / "whole.safetensors", whole, {})

    resume = tmp_path / "state.safetensors"
    job = {
        "build": architecture,
        "data": str(manifest.folder),
        "inputs": INPUTS.model_dump(),
        "settings": settings.model_dump(),
        "resume": str(resume),
        "fingerprint": "f",
    }
    environment = {**os.environ, "PYTHONPATH": str(root)}
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, json.dumps(job)], cwd=root, env=environment, stderr=subprocess.DEVNULL
    )
    limit = time.monotonic() + 60
    while epochs_done(resume) < 2:
        assert child.poll() is None
        assert time.monotonic() < limit
        time.sleep(0.01)
    time.sleep(0.1)  # an epoch takes the child at least 11 x 0.03 s: this is in the middle of one
    child.send_signal(signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    done = epochs_done(resume)
    assert 2 <= done < 8

    capfd.readouterr()
    again = build(*architecture)
    assert train(again, manifest, INPUTS, settings, "cpu", resume, "f") == history
    told = capfd.readouterr().err
    assert f"epoch {done}/8" not in told
    assert f"epoch {done + 1}/8" in told
    save_checkpoint(tmp_path / "again.safetensors", again, {})
    assert (tmp_path / "again.safetensors").read_bytes() == (tmp_path / "whole.safetensors").read_bytes()


class StopError(Exception):
    """What an interrupted training raises."""


def interrupted(manifest, resume, settings: Train, calls: int, groups=()) -> None:
    """Train until the network has been called `calls` times."""
    model = cnn()
    left = iter(range(calls))

    def count(*_: object) -> None:
        if next(left, None) is None:
            raise StopError

    model.register_forward_hook(count)
    with pytest.raises(StopError):
        train(model, manifest, INPUTS, settings, "cpu", resume, "mine", groups=groups)


@pytest.mark.parametrize("spoilt", ["other fingerprint", "garbage", "truncated", "flipped", "empty"])
def test_a_state_of_another_training_is_not_used(make_dataset, tmp_path, spoilt):
    manifest, resume = make_dataset(COUNTS), tmp_path / "state.safetensors"
    whole = cnn()
    history = train(whole, manifest, INPUTS, FAST)
    # 1 call checks the outputs; an epoch is 4 batches of training and 2 of validation.
    interrupted(manifest, resume, replace(FAST, lr=0.5), calls=1 + 6 + 3)
    assert epochs_done(resume) == 1
    if spoilt == "garbage":
        resume.write_bytes(b"garbage" * 30)
    elif spoilt == "truncated":
        resume.write_bytes(resume.read_bytes()[:-100])
    elif spoilt == "flipped":
        content = bytearray(resume.read_bytes())
        content[-100] ^= 4
        resume.write_bytes(content)
    elif spoilt == "empty":
        resume.write_bytes(b"")
    model = cnn()
    fingerprint = "yours" if spoilt == "other fingerprint" else "mine"
    assert train(model, manifest, INPUTS, FAST, "cpu", resume, fingerprint) == history
    assert not changed(state(whole), model)
    assert epochs_done(resume) == FAST.epochs


def test_a_run_that_stops_after_the_last_epoch_trains_no_other(make_dataset, tmp_path, capfd):
    """Until checkpoint and history are written, the state is all there is of the training."""
    manifest, resume = make_dataset(COUNTS), tmp_path / "state.safetensors"
    first, again = cnn(), cnn()
    history = train(first, manifest, INPUTS, FAST, "cpu", resume, "mine")
    assert "epoch" in capfd.readouterr().err
    assert train(again, manifest, INPUTS, FAST, "cpu", resume, "mine") == history
    assert "epoch" not in capfd.readouterr().err
    assert not changed(state(first), again)


@pytest.mark.parametrize("calls", [1 + 1, 1 + 6, 1 + 6 + 5, 1 + 12 + 1])
@pytest.mark.parametrize(
    "change",
    [
        {"optimizer": "adamw", "weight_decay": 0.1},
        {"optimizer": "sgd", "momentum": 0.0},
        {"trainable": ["blocks.block2", "fc"], "batchnorm": "frozen", "schedule": "cosine"},
        {"precision": "bfloat16"},
    ],
)
def test_a_run_that_stops_anywhere_goes_on(make_dataset, tmp_path, calls, change):
    manifest, resume = make_dataset(COUNTS), tmp_path / "state.safetensors"
    settings = replace(FAST, **change)
    whole, again = cnn(), cnn()
    history = train(whole, manifest, INPUTS, settings)
    interrupted(manifest, resume, settings, calls)
    assert train(again, manifest, INPUTS, settings, "cpu", resume, "mine") == history
    assert not changed(state(whole), again)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_two_runs_on_cuda_give_the_same_bytes(make_dataset):
    manifest = make_dataset(COUNTS)
    results = []
    for _ in range(2):
        model = cnn(dropout=0.3)
        train(model, manifest, INPUTS, FAST, "cuda:0")
        results.append(state(model.cpu()))
    assert all(torch.equal(results[0][key], results[1][key]) for key in results[0])
    assert np.isfinite(results[0]["fc.weight"].numpy()).all()


@pytest.mark.parametrize("counts", [COUNTS, {"train": COUNTS["train"]}])
def test_a_divergence_that_is_outlived_ends_with_the_weights_before_it(make_dataset, tmp_path, counts):
    manifest = make_dataset(counts)
    settings = replace(FAST, lr=1e30, optimizer="sgd", epochs=5)
    model, state = cnn(), tmp_path / "state.safetensors"
    history = train(model, manifest, INPUTS, settings, resume_path=state, outlive_divergence=True)
    write_rows(tmp_path / "history.csv", HISTORY_COLUMNS, history)
    read = read_table(tmp_path / "history.csv")
    epoch = diverged_in(read)
    assert epoch == len(history)
    assert f"diverged in epoch {epoch}" in divergence(read)
    assert all(torch.isfinite(value).all() for value in model.state_dict().values())
    if epoch == 1:
        fresh = cnn().state_dict()
        assert all(torch.equal(value, fresh[name]) for name, value in model.state_dict().items())
    fine = train(cnn(), manifest, INPUTS, FAST, outlive_divergence=True)
    write_rows(tmp_path / "history.csv", HISTORY_COLUMNS, fine)
    assert divergence(read_table(tmp_path / "history.csv")) is None


@pytest.mark.parametrize("last", [{"train_loss": math.inf}, {"val_loss": math.nan}, {"train_loss": math.nan}])
def test_a_history_tells_a_divergence_with_and_without_validation(last):
    fine = {"epoch": 1, "lr": 0.1, "train_loss": 1.0, "train_accuracy": 0.5, "val_loss": 1.0, "val_accuracy": 0.5}
    fine |= {"kept": False, "ended": None}
    assert diverged_in(pd.DataFrame([fine])) is None
    alone = fine | {"val_loss": math.nan, "val_accuracy": math.nan}
    assert diverged_in(pd.DataFrame([alone])) is None
    assert diverged_in(pd.DataFrame([fine, fine | {"epoch": 2} | last])) == 2
    assert "before the first epoch" in divergence(pd.DataFrame([fine | last]))
