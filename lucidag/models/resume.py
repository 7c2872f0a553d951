"""The state of a training between two epochs, so that a killed run goes on where it was."""

import hashlib
import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from lucidag.ground.files import atomic
from lucidag.models.keeping import Row

Weights = dict[str, torch.Tensor]


def save_state(
    path: Path,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    history: list[Row],
    fingerprint: str,
    best: Weights | None = None,
) -> None:
    """Write model, optimiser and history, whole or not at all. One row of the history is one epoch done.

    `best` are the weights of the best epoch so far, where these are to be kept.
    """
    tensors = {f"model.{name}": value for name, value in model.state_dict().items()}
    tensors |= {f"best.{name}": value for name, value in (best or {}).items()}
    for index, entries in optimizer.state_dict()["state"].items():
        for key, value in entries.items():
            if value is not None:
                tensors[f"optimizer.{index}.{key}"] = torch.as_tensor(value)
    # Copies: safetensors refuses tensors that share memory, as tied weights do.
    tensors = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
    about = {"fingerprint": fingerprint, "history": history, "sha256": _digest(tensors)}
    metadata = {"lucidag": json.dumps(about)}
    with atomic(path) as partial:
        save_file(tensors, str(partial), metadata=metadata)


def load_state(
    path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, fingerprint: str
) -> tuple[list[Row], Weights | None]:
    """Put model and optimiser back to what `save_state` wrote, and give the history and the best weights, if any.

    A file of another fingerprint, or one that cannot be read or was changed, belongs to another training: it is
    removed, and the history is empty.
    """
    if not path.is_file():
        return [], None
    try:
        with safe_open(str(path), framework="pt") as handle:
            about = json.loads(handle.metadata()["lucidag"])
            fits = about["fingerprint"] == fingerprint
            tensors = {key: handle.get_tensor(key) for key in handle.keys()} if fits else {}  # noqa: SIM118
            fits = fits and about["sha256"] == _digest(tensors)
    except (OSError, SafetensorError, TypeError, KeyError, ValueError):
        fits = False
    if not fits:
        path.unlink()
        return [], None
    model.load_state_dict(_under(tensors, "model."))
    _load_optimizer(optimizer, _under(tensors, "optimizer."))
    history: list[Row] = about["history"]
    return history, _under(tensors, "best.") or None


def _digest(tensors: dict[str, torch.Tensor]) -> str:
    whole = hashlib.sha256()
    for name, value in sorted(tensors.items()):
        whole.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
        whole.update(value.contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return whole.hexdigest()


def _under(tensors: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {name[len(prefix) :]: value for name, value in tensors.items() if name.startswith(prefix)}


def _load_optimizer(optimizer: torch.optim.Optimizer, tensors: dict[str, torch.Tensor]) -> None:
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    state: dict[int, dict[str, Any]] = {}
    for name, value in tensors.items():
        index, key = name.split(".", 1)
        parameter = parameters[int(index)]
        if value.shape == parameter.shape:
            # In the memory layout of the parameter, as in the run that was not interrupted: another
            # layout takes other kernels, which may round differently.
            value = torch.empty_like(parameter, dtype=value.dtype).copy_(value)
        state.setdefault(int(index), {})[key] = value
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
