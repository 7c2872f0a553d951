"""Training a classifier, with the same result on each run, interrupted or not."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.functional import cross_entropy
from torch.nn.modules.batchnorm import _BatchNorm

from lucidag.data.manifest import Manifest
from lucidag.ground.errors import InputError
from lucidag.ground.progress import track
from lucidag.models.augment import augment, build_augmentation
from lucidag.models.frames import Frames, batch_sizes
from lucidag.models.head import evaluating
from lucidag.models.inputs import Inputs
from lucidag.models.keeping import Row, best_epoch, ended, out_of_patience
from lucidag.models.memory_format import settled
from lucidag.models.outputs import check_outputs
from lucidag.models.reproducible import mix, reproducible, seeded
from lucidag.models.resume import Weights, load_state, save_state
from lucidag.models.sampling import order_of_epoch, parts_of, repeats
from lucidag.models.schedule import learning_rate
from lucidag.models.settings import Train
from lucidag.models.trainable import only_trainable


class _Run:
    """What stays the same during one training."""

    def __init__(
        self,
        model: nn.Module,
        manifest: Manifest,
        inputs: Inputs,
        settings: Train,
        device: str,
        form: torch.memory_format,
        groups: Sequence[str],
    ) -> None:
        labels, rows = manifest.labels(), manifest.rows("train")
        counts = np.bincount(labels[rows], minlength=len(manifest.classes))
        if (counts == 0).any():
            name = manifest.classes[int(np.argmin(counts))]
            raise InputError(f"{manifest.file}: class '{name}' has no image in split 'train'")
        self.model, self.inputs, self.settings, self.device, self.form = model, inputs, settings, device, form
        self.chain = build_augmentation(settings.augment, (inputs.channels, inputs.size, inputs.size))
        validated = "val" in manifest.splits()
        if not validated and (settings.keep == "best" or settings.patience is not None):
            key = "keep" if settings.keep == "best" else "patience"
            raise InputError(f"train.{key}: needs images in split 'val' of {manifest.file}, and there are none")
        self.parts = parts_of(manifest, rows, settings.balance, list(groups))
        self.val = Frames(manifest, manifest.rows("val"), inputs, settings.threads) if validated else None
        self.optimizer = _optimizer(model, settings)
        self.train = Frames(manifest, rows, inputs, settings.threads)
        self.labels = torch.from_numpy(labels)
        self.weight = _class_weights(settings.class_weights, labels[rows], len(manifest.classes), device)


def train(
    model: nn.Module,
    manifest: Manifest,
    inputs: Inputs,
    settings: Train,
    device: str = "cpu",
    resume_path: str | Path | None = None,
    fingerprint: str = "",
    outlive_divergence: bool = False,
    groups: Sequence[str] = (),
) -> list[Row]:
    """Train `model` in place on the split ``train``; ``val``, where there is one, is measured.

    Parameters
    ----------
    model
        The network; afterwards it is on `device` and in eval mode.
    manifest, inputs
        The data set, and how its images reach the network.
    settings
        How to train.
    device
        ``cpu``, ``cuda:0``, ...
    resume_path
        Where the state after each epoch is kept; None keeps none. Whoever calls removes it, once what the training
        gave is written: till then a killed one goes on from it.
    fingerprint
        A digest of all that the result depends on: a state of another fingerprint is not used.
    outlive_divergence
        Whether a training whose loss is no finite number any more ends there, with the weights before that epoch,
        instead of raising: one network of an experiment must not end all others.
    groups
        Columns of the manifest whose combinations are the groups, for ``balance: group``.

    Returns
    -------
    One dict an epoch with the keys `lucidag.models.history.HISTORY_COLUMNS`. Losses are means over images (weighted
    where classes are, never smoothed); those of ``train`` are taken while the weights change. The ``val`` values are
    None without such a split. ``kept`` and ``ended`` say what came of it (`lucidag.models.keeping.ended`). After a
    divergence the last one has a loss that is not finite (`lucidag.models.diverged`).

    Raises
    ------
    InputError
        For a setting that does not fit the network or its classes, a class without a training image, or a loss
        that is not finite, unless that is outlived.
    """
    weights, classes = settings.class_weights, len(manifest.classes)
    if not isinstance(weights, str) and len(weights) != classes:
        raise InputError(f"train: class_weights is {list(weights)}; it needs {classes} numbers, one per class")
    resume = Path(resume_path) if resume_path is not None else None
    model.to(device)
    check_outputs(model, inputs.example().to(device), classes)  # before the images are decoded
    form = settled(model, inputs.example(1).to(device))
    with reproducible(device, settings.threads), only_trainable(model, inputs, settings.trainable):
        run = _Run(model, manifest, inputs, settings, device, form, groups)
        history, diverged = _epochs(run, resume, fingerprint, outlive_divergence)
    model.eval()
    return ended(history, settings, diverged)


def _epochs(run: _Run, resume: Path | None, fingerprint: str, outlive_divergence: bool) -> tuple[list[Row], bool]:
    """Train from where a state left off to the end, and put the weights in that are kept; tell of a divergence."""
    model, settings = run.model, run.settings
    history, best = load_state(resume, model, run.optimizer, fingerprint) if resume else ([], None)
    problem = None
    while len(history) < settings.epochs and not out_of_patience(history, settings):
        before = _copied(model) if outlive_divergence else None
        history.append(_epoch(run, len(history)))
        problem = _divergence(model, history[-1], settings)
        if problem is not None and before is None:
            raise InputError(problem)
        if problem is not None and before is not None:
            model.load_state_dict(before)
            break
        best = _better(run, history, best)
        if resume:
            save_state(resume, model, run.optimizer, history, fingerprint, best)
    if best is not None:
        model.load_state_dict(best)
    return history, problem is not None


def _better(run: _Run, history: list[Row], best: Weights | None) -> Weights | None:
    """Return the weights of the best epoch, of which the last one may be the newest; None where none are to be kept."""
    if run.settings.keep == "last":
        return None
    return _copied(run.model) if best_epoch(history, run.settings.best_by) == len(history) else best


def _epoch(run: _Run, epoch: int) -> Row:
    """Train for one epoch and measure; all its random numbers come from (seed, epoch)."""
    seed = mix(run.settings.seed, epoch)
    order = order_of_epoch(len(run.train), run.parts, seed)
    seen = repeats(order) * len(run.labels)  # an image that comes again is augmented anew
    sizes = _training_sizes(len(order), run.settings.batch_size)
    steps = run.settings.epochs * len(sizes)
    _training_mode(run.model, run.settings.batchnorm)
    sums: list[torch.Tensor] = []
    with seeded(seed, run.device):
        work = track(run.train.batches(order, sizes), f"epoch {epoch + 1}/{run.settings.epochs}", len(sizes))
        done = 0
        for number, frames in enumerate(work):
            part = slice(done, done + len(frames))
            done += len(frames)
            for group in run.optimizer.param_groups:
                group["lr"] = learning_rate(run.settings, epoch * len(sizes) + number, steps)
            if run.chain is not None:
                images = run.train.rows[order[part]] + seen[part]
                frames = augment(frames, images.tolist(), run.chain, run.settings.seed, epoch)
            sums.append(_step(run, frames, run.train.rows[order[part]]))
    loss, accuracy = _means(sums)
    val_loss, val_accuracy = _validate(run) if run.val is not None else (None, None)
    return {
        "epoch": epoch + 1,
        "lr": learning_rate(run.settings, epoch * len(sizes), steps),
        "train_loss": loss,
        "train_accuracy": accuracy,
        "val_loss": val_loss,
        "val_accuracy": val_accuracy,
    }


def _copied(model: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.detach().clone() for name, value in model.state_dict().items()}


def _divergence(model: nn.Module, row: Row, settings: Train) -> str | None:
    """Say which loss of an epoch is not finite, if one is.

    The loss of an epoch is taken before its last step: where that step made weights infinite, and there is no
    validation split that would show it, the loss of the row becomes NaN.
    """
    for split, key in (("training", "train_loss"), ("validation", "val_loss")):
        value = row[key]
        if value is not None and not isinstance(value, str) and not math.isfinite(value):
            return (
                f"train: the {split} loss is {value} in epoch {row['epoch']}; "
                f"a smaller lr than {settings.lr:g} may help"
            )
    if all(bool(torch.isfinite(value).all()) for value in model.state_dict().values()):
        return None
    row["train_loss"] = math.nan
    return f"train: weights are infinite after epoch {row['epoch']}; a smaller lr than {settings.lr:g} may help"


def _step(run: _Run, frames: torch.Tensor, rows: NDArray[np.int64]) -> torch.Tensor:
    """Take one step of the optimiser; give the sums that `_means` takes."""
    labels = run.labels[torch.from_numpy(rows)].to(run.device)
    run.optimizer.zero_grad(set_to_none=True)
    logits = _logits(run, frames)
    loss, weight = _loss(logits, labels, run.weight)
    smooth = run.settings.label_smoothing
    learnt = _loss(logits, labels, run.weight, smooth)[0] if smooth else loss
    (learnt / weight).backward()
    if run.settings.clip_gradients is not None:
        parameters = [each for group in run.optimizer.param_groups for each in group["params"]]
        nn.utils.clip_grad_norm_(parameters, run.settings.clip_gradients)
    run.optimizer.step()
    return _sums(logits, labels, loss, weight)


def _validate(run: _Run) -> tuple[float, float]:
    assert run.val is not None
    sizes = batch_sizes(len(run.val), run.settings.batch_size)
    sums, done = [], 0
    with evaluating(run.model), torch.inference_mode():
        for frames in run.val.batches(np.arange(len(run.val)), sizes):
            rows = run.val.rows[done : done + len(frames)]
            done += len(frames)
            labels = run.labels[torch.from_numpy(rows)].to(run.device)
            logits = _logits(run, frames)
            sums.append(_sums(logits, labels, *_loss(logits, labels, run.weight)))
    return _means(sums)


def _logits(run: _Run, frames: torch.Tensor) -> torch.Tensor:
    """Run the network on uint8 frames; float32, whatever it computes in."""
    batch = run.inputs.normalise(frames.to(run.device)).to(memory_format=run.form)
    kind = run.device.split(":")[0]
    half = run.settings.precision == "bfloat16" or (run.settings.precision == "auto" and kind == "cuda")
    with torch.autocast(kind, torch.bfloat16, enabled=half):
        output = run.model(batch)
    # With auxiliary heads (GoogLeNet, Inception) a pass in training gives several outputs, the main one first.
    logits: torch.Tensor = output[0] if isinstance(output, tuple) else output
    return logits.float()


def _loss(
    logits: torch.Tensor, labels: torch.Tensor, weight: torch.Tensor | None, smoothing: float = 0.0
) -> tuple[torch.Tensor, torch.Tensor]:
    """Give the summed loss and the summed weights that it is divided by."""
    total = torch.full_like(logits[0, 0], len(labels)) if weight is None else weight[labels].sum()
    return cross_entropy(logits, labels, weight, reduction="sum", label_smoothing=smoothing), total


def _sums(logits: torch.Tensor, labels: torch.Tensor, loss: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Give (loss, weight, hits, images) of a batch, left on the device so that nothing waits for it."""
    hits = (logits.argmax(1) == labels).sum()
    return torch.stack([loss.detach(), weight, hits.float(), torch.full_like(weight, len(labels))])


def _means(sums: list[torch.Tensor]) -> tuple[float, float]:
    """Give mean loss and accuracy from the sums of all batches."""
    loss, weight, hits, count = torch.stack(sums).cpu().double().sum(0).tolist()
    return loss / weight, hits / count


def _training_sizes(count: int, batch_size: int) -> list[int]:
    """Cut into batches; a last batch of one joins the one before, since BatchNorm cannot train on one."""
    sizes = batch_sizes(count, batch_size)
    if len(sizes) > 1 and sizes[-1] == 1:
        return [*sizes[:-2], sizes[-2] + 1]
    return sizes


def _training_mode(model: nn.Module, batchnorm: str) -> None:
    model.train()
    if batchnorm == "frozen":
        for module in model.modules():
            if isinstance(module, _BatchNorm):
                module.eval()


def _optimizer(model: nn.Module, settings: Train) -> torch.optim.Optimizer:
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    common: dict[str, Any] = {"lr": settings.lr, "weight_decay": settings.weight_decay}
    if settings.optimizer == "sgd":
        return torch.optim.SGD(parameters, momentum=settings.momentum, **common)
    kind = torch.optim.Adam if settings.optimizer == "adam" else torch.optim.AdamW
    return kind(parameters, **common)


def _class_weights(
    wanted: str | Sequence[float], labels: NDArray[np.int64], classes: int, device: str
) -> torch.Tensor | None:
    if isinstance(wanted, str):
        if wanted == "none":
            return None
        from sklearn.utils.class_weight import compute_class_weight  # here, as most trainings do without its imports

        wanted = compute_class_weight("balanced", classes=np.arange(classes), y=labels)
    return torch.tensor([float(value) for value in wanted], dtype=torch.float32, device=device)
