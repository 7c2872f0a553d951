"""Checkpoints: safetensors, torch's files old and new, own ones; damaged, odd, with code, and larger than they say."""

import collections
import io
import json
import os
import pickle
import random
import struct
import warnings
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import nn

from lucidag.models.small import SmallCNN
from lucidag.models.weights import check_weight_file, load_checkpoint, load_weights, read_classes, save_checkpoint
from tests.campaigns.harness import Campaign
from tests.campaigns.mutate import WORDS, damaged

State = dict[Any, Any]


def make(rng: random.Random) -> str:
    """Write one file, `weights.pth` or `own.safetensors`."""
    ways = (_own, _own, _new, _new, _old, _old, _safe, _safe, _odd, _odd, _odd, _code, _grows, _huge, _header, _pickle)
    way = rng.choice(ways)
    return f"{way.__name__.strip('_')}: {way(rng)}"


def use() -> None:
    """Look at the file as a dry run does, then load it as a job does."""
    model = SmallCNN(3, 1, 4, 2, 0.0)
    if Path("own.safetensors").exists():
        read_classes("own.safetensors")
        load_checkpoint("own.safetensors", model)
        return
    check_weight_file(model, "weights.pth", "fc", False, None)
    load_weights(model, "weights.pth", "fc")
    for value in model.state_dict().values():
        assert bool(torch.isfinite(value.double()).all())


@cache
def _state() -> State:
    torch.manual_seed(0)
    return dict(SmallCNN(3, 1, 4, 2, 0.0).state_dict())


def _saved(content: object, **more: bool) -> bytes:
    buffer = io.BytesIO()
    with warnings.catch_warnings(action="ignore"):
        torch.save(content, buffer, **more)
    return buffer.getvalue()


def _write(content: bytes) -> None:
    Path("weights.pth").write_bytes(content)


def _own(rng: random.Random) -> str:
    network = SmallCNN(3, 1, 4, 2, 0.0)
    save_checkpoint("own.safetensors", network, {"architecture": "small", "classes": ["a", "b", "c"]})
    if rng.random() < 0.6:
        content, said = damaged(Path("own.safetensors").read_bytes(), rng)
        Path("own.safetensors").write_bytes(content)
        return said
    odd = rng.choice(("", "{", "[]", "1", "null", '"x"', "9" * 5000, '{"classes": ', "[" * 100_000, "\ud83d"))
    about = rng.choice(({"lucidag": odd}, {"other": odd}, {}))
    state = network.state_dict()
    about = {key: value.encode("utf-8", "replace").decode() for key, value in about.items()}
    safetensors.torch.save_file(state, "own.safetensors", metadata=about)
    return f"metadata {list(about)} {odd[:12]}"


def _new(rng: random.Random) -> str:
    content, said = damaged(_saved(_state()), rng)
    _write(content)
    return said


def _old(rng: random.Random) -> str:
    content, said = damaged(_saved(_state(), _use_new_zipfile_serialization=False), rng)
    _write(content)
    return said


def _safe(rng: random.Random) -> str:
    content, said = damaged(safetensors.torch.save(_state()), rng)
    _write(content)
    return said


def _odd(rng: random.Random) -> str:
    """Write a state dict with a tensor, or a key, of another kind."""
    state: State = {key: value.clone() for key, value in _state().items()}
    name = rng.choice([key for key in state if "num_batches" not in key])
    value = state[name]
    changes: dict[str, Callable[[], object]] = {
        "sparse": lambda: value.to_sparse(),
        "csr": lambda: torch.eye(4).to_sparse_csr(),
        "meta": lambda: torch.empty(value.shape, device="meta"),
        "expanded": lambda: torch.zeros(1).expand(2**20, 2**20),
        "expanded to fit": lambda: torch.zeros(1).expand(value.shape),
        "quantised": lambda: torch.quantize_per_tensor(value, 0.1, 0, torch.qint8),
        "int8": lambda: (value * 10).to(torch.int8),
        "int64": lambda: value.long(),
        "bool": lambda: value > 0,
        "complex": lambda: value.to(torch.complex64),
        "float8": lambda: value.to(torch.float8_e4m3fn),
        "float64 beyond float32": lambda: value.double() * 1e300,
        "nan": lambda: value * float("nan"),
        "infinite": lambda: value / 0,
        "nested": lambda: torch.nested.nested_tensor([value.flatten(), value.flatten()[:1]]),
        "scalar": lambda: torch.tensor(1.0),
        "empty": lambda: torch.empty(0),
        "transposed": lambda: value.flip(0).t() if value.ndim == 2 else value.flip(0),
        "conjugate": lambda: torch.conj(value.to(torch.complex64)),
        "negative": lambda: torch._neg_view(value),
        "text": lambda: "x" * 100,
        "list": lambda: value.tolist(),
        "none": lambda: None,
        "parameter": lambda: nn.Parameter(value),
        "itself": lambda: state,
    }
    keys = (0, -1, 2.5, None, True, (1, 2), b"x", *WORDS)
    if rng.random() < 0.6:
        kind = rng.choice(list(changes))
        state[name] = changes[kind]()
    elif rng.random() < 0.5:
        key = rng.choice(keys)
        kind = f"key {key!r}"[:30]
        state[key] = state.pop(name)
    else:
        kind = "wrapped"
        for _ in range(rng.choice((1, 3, 50, 400))):
            state = {rng.choice(keys): state}
    _write(_saved(collections.OrderedDict(state), _use_new_zipfile_serialization=rng.random() < 0.7))
    return kind


class _Runs:
    """What a pickle calls when it is read."""

    def __init__(self, call: Callable[..., object], *words: object) -> None:
        self.answer = (call, words)

    def __reduce__(self) -> Any:
        return self.answer


def _code(rng: random.Random) -> str:
    call, words = rng.choice(
        (
            (os.system, ("touch ../canary",)),
            (eval, ("open('../canary', 'w')",)),
            (exec, ("open('../canary', 'w')",)),
            (open, ("../canary", "w")),
            (getattr, (os, "system")),
            (__import__, ("os",)),
            (Path.touch, (Path("../canary"),)),
            (torch.load, ("weights.pth",)),
            (torch.hub.load, (".", "x")),
            (pickle.loads, (b"c",)),
            (os.remove, ("weights.pth",)),
        )
    )
    runs = _Runs(call, *words)
    content = rng.choice((runs, {"state_dict": _state(), "more": runs}, {**_state(), "fc.weight": runs}, [runs]))
    buffer = io.BytesIO()
    try:
        pickle.dump(content, buffer)
        plain = buffer.getvalue()
        whole = rng.choice((plain, _saved(content), _saved(content, _use_new_zipfile_serialization=False)))
    except (pickle.PicklingError, TypeError, AttributeError):
        whole = b"cposix\nsystem\n(S'touch ../canary'\ntR."
    _write(whole if rng.random() < 0.7 else damaged(whole, rng)[0])
    return getattr(call, "__name__", "call")


def _grows(rng: random.Random) -> str:
    """Write an archive whose members unpack to far more than they take."""
    size = rng.choice((2**20, 2**28, 2**28, 2**31))
    member = rng.choice(("archive/data.pkl", "archive/data/0", "archive/version", "archive/byteorder"))
    with zipfile.ZipFile("weights.pth", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        if member != "archive/data.pkl":
            archive.writestr("archive/data.pkl", zipfile.ZipFile(io.BytesIO(_saved(_state()))).read("archive/data.pkl"))
        with archive.open(member, "w", force_zip64=True) as handle:
            piece = bytes(2**24)
            for _ in range(max(size // 2**24, 1)):
                handle.write(piece)
        if rng.random() < 0.3:
            archive.writestr("../../escaped", b"x")
    return f"{member} of {size}"


def _huge(rng: random.Random) -> str:
    """Declare a storage of a size that the file does not have."""
    size = rng.choice((2**31, 2**40, 2**62))
    shape = rng.choice(((size,), (2**20, size // 2**20), (0, size), (1,)))

    class Tensor:
        def __reduce__(self) -> Any:
            storage = _Storage(size)
            return torch._utils._rebuild_tensor_v2, (storage, 0, shape, (1,) * len(shape), False, {})

    buffer = io.BytesIO()
    writer = _Writer(buffer, 2)
    writer.dump({**dict.fromkeys(_state()), "fc.weight": Tensor()})
    with zipfile.ZipFile("weights.pth", "w") as archive:
        archive.writestr("archive/data.pkl", buffer.getvalue())
        archive.writestr("archive/version", b"3\n")
        archive.writestr("archive/data/0", bytes(64))
    return f"{shape} of {size}"


class _Storage:
    def __init__(self, size: int) -> None:
        self.size = size


class _Writer(pickle._Pickler):
    def persistent_id(self, value: object) -> Any:
        return ("storage", torch.FloatStorage, "0", "cpu", value.size) if isinstance(value, _Storage) else None


def _header(rng: random.Random) -> str:
    """Write safetensors whose header lies."""
    size = rng.choice((1, 2**31, 2**40, 2**63 - 1, -1))
    about = rng.choice(
        (
            {"fc.weight": {"dtype": "F32", "shape": [size, 1], "data_offsets": [0, 4]}},
            {"fc.weight": {"dtype": "F32", "shape": [1], "data_offsets": [0, size]}},
            {"fc.weight": {"dtype": rng.choice(("F4", "X", "BOOL", "C64")), "shape": [1], "data_offsets": [0, 4]}},
            {"fc.weight": {"dtype": "F32", "shape": [[1]], "data_offsets": [4, 0]}},
            {f"t{i}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for i in range(20_000)},
            {"fc.weight": rng.choice((None, [], "x", 9**999))},
            {"a" * 10**6: {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}},
            [[[[]]]],
        )
    )
    head = json.dumps(about).encode()
    length = rng.choice((len(head), len(head), len(head) + 1, 2**40, 0))
    _write(struct.pack("<Q", length) + head + bytes(4))
    return f"{str(about)[:60]} in {length}"


def _pickle(rng: random.Random) -> str:
    """Write what pickle itself writes, or opcodes at random."""
    if rng.random() < 0.5:
        content = {key: value.numpy() for key, value in _state().items()}
        whole, said = damaged(pickle.dumps(content, rng.choice((0, 2, 4, 5))), rng)
    else:
        codes = b"(.0125FIJKLMNPQRSTUVXabcdeghijlopqrstu}])\x80\x81\x85\x86\x87\x88\x89\x8a\x8b\x8c\x8d\x93\x94\x95"
        whole = b"\x80\x02" + bytes(rng.choice(codes) for _ in range(rng.randrange(1, 200))) + b"."
        said = "opcodes"
    _write(whole)
    return said


CAMPAIGN = Campaign("checkpoints", make, use)
