"""Checkpoints as training frameworks write them: each layout by its documentation, and what becomes of it."""

import argparse
import collections
import copy
import datetime
import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
import safetensors.torch
import torch
from torch import nn

State = Mapping[str, torch.Tensor]


class Settings:
    """A class of somebody's own, which is not there when the file is read."""

    def __init__(self, **values: object) -> None:
        self.__dict__.update(values)


class Bag(dict):
    """A dictionary with another name, as configurations often are."""


@dataclass(frozen=True)
class Layout:
    """One way to write a network.

    Attributes
    ----------
    words
        What the page calls it.
    make
        From a path and a network to the file.
    name
        Of the file.
    refused
        A part of the sentence that refuses it; None where it is loaded.
    part
        What is given as the part, where the file holds several networks.
    """

    words: str
    make: Callable[[Path, nn.Module], object]
    name: str = "weights.pth"
    refused: str | None = None
    part: str | None = None


def layout(wrap: Callable[[dict[str, torch.Tensor], nn.Module], Any]) -> Callable[[Path, nn.Module], object]:
    """Return what saves the network's tensors by torch.save, wrapped."""
    return lambda path, model: torch.save(wrap(dict(model.state_dict()), model), path)


def begin(prefix: str, state: State) -> dict[str, torch.Tensor]:
    """Put a prefix before every name."""
    return {f"{prefix}{name}": value for name, value in state.items()}


def other(state: State) -> dict[str, torch.Tensor]:
    """Return other weights of the same network, as an average over the training is."""
    return {name: value * 0.5 if value.is_floating_point() else value for name, value in state.items()}


def optimizer(model: nn.Module) -> dict[str, Any]:
    """Return the state of an optimizer that has taken a step."""
    trained = copy.deepcopy(model)
    made = torch.optim.AdamW(trained.parameters())
    sum(value.sum() for value in trained.parameters()).backward()
    made.step()
    return made.state_dict()


def body_and_head(state: State, body: str, head: str) -> dict[str, torch.Tensor]:
    """Put one prefix before the last layer, and another before all else."""
    return {f"{head if name.startswith('fc.') else body}{name}": value for name, value in state.items()}


def lightning(state: State, model: nn.Module, prefix: str = "model.") -> dict[str, Any]:
    """Return what Lightning's Trainer.save_checkpoint writes."""
    return {
        "epoch": 9,
        "global_step": 1230,
        "pytorch-lightning_version": "2.5.0",
        "state_dict": {**begin(prefix, state), "criterion.weight": torch.ones(3), "val_acc.total": torch.tensor(7)},
        "loops": {"fit_loop": {"state_dict": {}, "epoch_progress": {"current": {"ready": 10}}}},
        "callbacks": {"ModelCheckpoint{'monitor': 'val_loss'}": {"best_model_score": torch.tensor(0.4)}},
        "optimizer_states": [optimizer(model)],
        "lr_schedulers": [{"last_epoch": 9, "_step_count": 10}],
        "hparams_name": "kwargs",
        "hyper_parameters": Bag(lr=1e-3, out=Path("runs"), net=Settings(width=4)),
    }


def averaged(state: State, model: nn.Module) -> dict[str, torch.Tensor]:
    """Return what torch's own average of weights holds."""
    return dict(torch.optim.swa_utils.AveragedModel(model).state_dict())


def numbers(values: State) -> dict[str, np.ndarray]:
    """Return the tensors as arrays."""
    return {name: value.numpy() for name, value in values.items()}


def scripted(path: Path, model: nn.Module) -> None:
    """Save as TorchScript."""
    torch.jit.save(torch.jit.trace(model.eval(), torch.zeros(1, 1, 8, 8)), path)


class Trap:
    """A pickle of this would run a command."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (print, ("run",))


LOADED = [
    Layout("`torch.save(model.state_dict())`", layout(lambda state, _: state)),
    Layout(
        "the same of an old torch (no zip archive)",
        lambda p, m: torch.save(m.state_dict(), p, _use_new_zipfile_serialization=False),
    ),
    Layout(
        "half precision",
        layout(lambda state, _: {k: v.bfloat16() if v.is_floating_point() else v for k, v in state.items()}),
    ),
    Layout("an `OrderedDict` with metadata", layout(lambda _, model: model.state_dict())),
    Layout("safetensors", lambda p, m: safetensors.torch.save_file(m.state_dict(), p), "model.safetensors"),
    Layout(
        "safetensors from arrays",
        lambda p, m: safetensors.numpy.save_file(numbers(m.state_dict()), p),
        "model.safetensors",
    ),
    Layout(
        "safetensors under another suffix", lambda p, m: safetensors.torch.save_file(m.state_dict(), p), "model.bin"
    ),
    Layout("suffix `.ckpt`", layout(lambda state, _: state), "last.ckpt"),
    Layout("suffix `.th`", layout(lambda state, _: state), "net.th"),
    Layout(
        "suffix `.pth.tar`",
        layout(
            lambda state, _: {
                "epoch": 90,
                "arch": "net",
                "state_dict": begin("module.", state),
                "best_acc1": torch.tensor(71.2),
            }
        ),
        "model_best.pth.tar",
    ),
    Layout("suffix `.PTH`", layout(lambda state, _: state), "MINE.PTH"),
    Layout("no suffix", layout(lambda state, _: state), "checkpoint"),
    Layout("`nn.DataParallel`", layout(lambda state, _: begin("module.", state))),
    Layout("`torch.compile`", layout(lambda state, _: begin("_orig_mod.", state))),
    Layout("`torch.compile` inside `nn.DataParallel`", layout(lambda state, _: begin("module._orig_mod.", state))),
    Layout(
        "a compiled block",
        layout(
            lambda state, _: {
                name.replace("blocks.block1.", "blocks.block1._orig_mod."): value for name, value in state.items()
            }
        ),
    ),
    Layout(
        "FSDP",
        layout(
            lambda state, _: {
                f"_fsdp_wrapped_module.{name.replace('block1.', 'block1._fsdp_wrapped_module.')}": value
                for name, value in state.items()
            }
        ),
    ),
    Layout("`AveragedModel` of torch", layout(averaged)),
    Layout(
        "`model_state_dict` beside epoch, loss and optimizer",
        layout(
            lambda state, model: {
                "epoch": 5,
                "loss": 0.3,
                "model_state_dict": state,
                "optimizer_state_dict": optimizer(model),
            }
        ),
    ),
    Layout(
        "numbers of numpy beside the tensors",
        layout(
            lambda state, _: {"net": state, "best": np.float64(0.91), "epoch": np.int64(3), "curve": np.arange(4.0)}
        ),
    ),
    Layout(
        "bookkeeping among the tensors",
        layout(lambda state, _: {**state, "epoch": 3, "name": "net", "pos_weight": torch.ones(3)}),
    ),
    Layout(
        "torchvision's reference scripts",
        layout(
            lambda state, model: {
                "model": state,
                "optimizer": optimizer(model),
                "lr_scheduler": {"last_epoch": 3},
                "epoch": 3,
                "args": argparse.Namespace(lr=0.1, output_dir=Path("out")),
            }
        ),
    ),
    Layout(
        "timm's train.py",
        layout(
            lambda state, model: {
                "epoch": 3,
                "arch": "net",
                "state_dict": state,
                "optimizer": optimizer(model),
                "version": 2,
                "args": argparse.Namespace(lr=0.1),
                "metric": 71.3,
            }
        ),
    ),
    Layout("Lightning", layout(lightning), "last.ckpt"),
    Layout("Lightning, `backbone.`", layout(functools.partial(lightning, prefix="backbone.")), "last.ckpt"),
    Layout("Lightning, the layers on the module itself", layout(functools.partial(lightning, prefix="")), "last.ckpt"),
    Layout("Lightning, compiled", layout(functools.partial(lightning, prefix="model._orig_mod.")), "last.ckpt"),
    Layout(
        "mmpretrain: `backbone.` and `head.`",
        layout(
            lambda state, _: {
                "meta": {"epoch": 3, "time": datetime.datetime(2026, 1, 1)},
                "state_dict": body_and_head(state, "backbone.", "head."),
                "message_hub": Settings(log=[1]),
            }
        ),
    ),
    Layout(
        "Ignite",
        layout(
            lambda state, model: {
                "model": state,
                "optimizer": optimizer(model),
                "trainer": {"epoch": 2, "iteration": 90},
            }
        ),
    ),
    Layout("fastai's `learn.save`", layout(lambda state, model: {"model": state, "opt": optimizer(model)})),
    Layout(
        "Catalyst",
        layout(
            lambda state, model: {
                "model_state_dict": state,
                "criterion_state_dict": {"weight": torch.ones(3)},
                "epoch": 3,
                "valid_metrics": collections.defaultdict(float, loss=0.2),
            }
        ),
    ),
    Layout(
        "Composer",
        layout(
            lambda state, _: {
                "state": {"model": begin("module.", state), "timestamp": {"batch": 3}},
                "rng": [{"python": (3, (1, 2), None)}],
            }
        ),
    ),
    Layout(
        "DeepSpeed",
        layout(lambda state, _: {"module": state, "buffer_names": [], "ds_version": "0.15", "global_steps": 7}),
    ),
    Layout("detectron2's names with arrays", layout(lambda state, _: {"model": numbers(state), "__author__": "us"})),
    Layout(
        "a Hugging Face trainer's network, wrapped",
        lambda p, m: safetensors.torch.save_file(begin("net.", m.state_dict()), p),
        "model.safetensors",
    ),
    Layout(
        "the parts apart: `{'blocks': …, 'fc': …}`",
        layout(
            lambda state, _: {
                part: {
                    name.removeprefix(f"{part}."): value for name, value in state.items() if name.startswith(f"{part}.")
                }
                for part in ("blocks", "fc")
            }
        ),
    ),
    Layout("a whole pickled network, `torch.save(model)`", lambda p, m: torch.save(m, p)),
    Layout("a whole pickled `nn.DataParallel`", lambda p, m: torch.save({"epoch": 3, "model": nn.DataParallel(m)}, p)),
    Layout(
        "settings of a class of one's own beside the weights",
        layout(lambda state, _: {"state_dict": state, "config": Settings(lr=0.1, path=Path("x"))}),
    ),
    Layout(
        "weights and their moving average, one of them named",
        layout(lambda state, _: {"model": state, "model_ema": other(state)}),
        part="model",
    ),
    Layout(
        "teacher and student, one of them named",
        layout(lambda state, _: {"student": begin("module.", other(state)), "teacher": begin("module.", state)}),
        part="teacher.module",
    ),
]
REFUSED = [
    Layout(
        "weights and their moving average",
        layout(lambda state, _: {"state_dict": state, "state_dict_ema": other(state)}),
        refused="hold 2 networks that fit: 'state_dict' and 'state_dict_ema'; name the one you want by weights_part",
    ),
    Layout(
        "teacher and student",
        layout(lambda state, _: {"student": begin("backbone.", state), "teacher": begin("backbone.", other(state))}),
        refused="'student.backbone' and 'teacher.backbone'",
    ),
    Layout(
        "a part that is not there",
        layout(lambda state, _: {"model": state, "model_ema": other(state)}),
        refused="did you mean 'model'",
        part="modle",
    ),
    Layout(
        "integers, quantised by hand",
        layout(lambda state, _: {name: (value * 100).to(torch.int8) for name, value in state.items()}),
        refused="holds int8; the network's is float32",
    ),
    Layout(
        "complex numbers",
        layout(lambda state, _: {name: value.to(torch.complex64) for name, value in state.items()}),
        refused="holds complex64; the network's is float32",
    ),
    Layout(
        "TorchScript", scripted, "net.pt", refused="it is an archive of TorchScript; save model.state_dict() instead"
    ),
    Layout(
        "Keras", lambda p, _: p.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(99)), "net.h5", refused="it is a file of HDF5"
    ),
    Layout(
        "a pointer of Git LFS",
        lambda p, _: p.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n"),
        refused="it is a pointer of Git LFS",
    ),
    Layout("a web page", lambda p, _: p.write_text("<!DOCTYPE html>\n<html></html>"), refused="it is a web page"),
    Layout(
        "compressed by gzip", lambda p, _: p.write_bytes(b"\x1f\x8b" + bytes(99)), refused="it is compressed by gzip"
    ),
    Layout(
        "an optimizer alone", layout(lambda _, model: {"optimizer": optimizer(model)}), refused="hold no named tensor"
    ),
    Layout("tensors without names", layout(lambda state, _: list(state.values())), refused="hold no named tensor"),
    Layout(
        "one more layer than the network has",
        layout(
            lambda state, _: {
                "state_dict": {**begin("model.", state), "model.blocks.block9.conv.weight": torch.zeros(4, 4, 3, 3)}
            }
        ),
        refused="unexpected: blocks.block9.conv.weight",
    ),
    Layout(
        "one more layer, body and head apart",
        layout(
            lambda state, _: {
                **body_and_head(state, "backbone.", "head."),
                "backbone.blocks.block9.conv.weight": torch.zeros(4, 4, 3, 3),
            }
        ),
        refused="unexpected: blocks.block9.conv.weight",
    ),
    Layout(
        "a head for other classes",
        layout(
            lambda state, _: {
                "state_dict": begin("model.", {**state, "fc.weight": torch.zeros(9, 8), "fc.bias": torch.zeros(9)})
            }
        ),
        refused="its layer 'fc' is for 9 classes",
    ),
    Layout(
        "a command in the pickle",
        layout(lambda state, _: {"state_dict": state, "extra": Trap()}),
        refused="are refused: the pickle holds more than tensors and would run code when read (builtins.print)",
    ),
]
