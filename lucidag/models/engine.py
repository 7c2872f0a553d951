"""Forward passes by OpenVINO, for what asks for no gradients; the first batch of each shape is held to torch's own."""

import sys
import warnings
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import torch
from torch import nn
from torch.backends import mha

from lucidag.ground.errors import InputError, first_line
from lucidag.models.settings import NO_OPENVINO, Engine, openvino_installed

TOLERANCE = 1e-4
Run = Callable[[list[Any]], torch.Tensor]


def engine_of(model: nn.Module) -> Engine:
    """Return the engine that the configuration names for a network: its attribute ``engine``, by default torch."""
    named: Engine = vars(model).get("engine", "torch")
    return named


def by_engine(
    model: nn.Module,
    engine: Engine,
    *example: Any,  # noqa: ANN401 (whatever it takes)
    name: str | None = None,
) -> nn.Module:
    """Let an engine run a network.

    Parameters
    ----------
    model
        The network, in eval mode; it is part of what is returned, and is left as it is.
    engine
        ``torch`` gives the network itself.
    example
        What it takes.
    name
        What the network is called in what is told of it; None: as its class.

    Returns
    -------
    A module that gives the same within 1e-4 of the greatest value, or the network itself where the engine does not
    take it; one line on standard error then says why.

    Raises
    ------
    InputError
        If the engine is not installed.
    """
    if engine == "torch" or not _suits(example):
        return model
    name = type(model).__name__ if name is None else name
    if not openvino_installed():
        raise InputError(f"engine: {NO_OPENVINO}")
    try:
        # The engine's reader meets code of all kinds, and that can raise anything.
        return ByOpenVino(model, _compiled(model, example), name)
    except Exception as error:
        _tell(name, f"is not taken by OpenVINO ({first_line(error)}): torch runs it")
        return model


class ByOpenVino(nn.Module):
    """A network whose forward passes OpenVINO runs where it can: 32 bits, on the processor, no gradients.

    The first batch of each shape runs in both ways. Where they are further apart than 1e-4 of the greatest value, torch
    runs everything from then on.
    """

    def __init__(self, model: nn.Module, run: Run, name: str) -> None:
        super().__init__()
        self.model, self._name = model, name
        self._run = run
        self._compared: set[tuple[torch.Size, ...]] = set()
        self._left = False

    def forward(self, *given: Any) -> torch.Tensor:  # noqa: ANN401
        """Give what the network gives."""
        if self._left or not _suits(given):
            plain: torch.Tensor = self.model(*given)
            return plain
        shapes = tuple(each.shape for each in given)
        if shapes in self._compared:
            return self._run(list(given))
        return self._first(shapes, given)

    def _first(self, shapes: tuple[torch.Size, ...], given: tuple[Any, ...]) -> torch.Tensor:
        try:
            found = self._run([each.clone() for each in given])
        except RuntimeError as error:
            found, why = None, first_line(error)
        truth: torch.Tensor = self.model(*given)
        if found is not None:
            differs = apart(found, truth)
            if not self._compared or not differs <= TOLERANCE:
                told = f"by OpenVINO {version('openvino')} is {differs:.1g} from torch (goal {TOLERANCE:.0g})"
                _tell(self._name, told)
            if differs <= TOLERANCE:
                self._compared.add(shapes)
                return found
            why = f"its output is {differs:.1g} away"
        self._left = True
        _tell(self._name, f"is run by torch from here on: {why}")
        return truth


def _suits(given: tuple[Any, ...]) -> bool:
    return bool(given) and all(
        isinstance(each, torch.Tensor)
        and each.device.type == "cpu"
        and each.dtype == torch.float32
        and not (torch.is_grad_enabled() and each.requires_grad)
        for each in given
    )


def _compiled(model: nn.Module, example: tuple[Any, ...]) -> Run:
    """Compile a network through OpenVINO's reader of torch's traces.

    `openvino.convert_model` does the same and sends word of it over the network unasked, so it is not called.
    """
    from openvino import Core  # an optional package that takes half a second to import
    from openvino.frontend import FrontEndManager
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

    fast_path = mha.get_fastpath_enabled()
    mha.set_fastpath_enabled(False)  # torch's own fused attention is no operation that others know
    try:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # of Python's conditions, which a batch of another shape is held to torch for
            traced = torch.jit.trace(model, tuple(each.clone() for each in example), check_trace=False)
    finally:
        mha.set_fastpath_enabled(fast_path)
    reader = FrontEndManager().load_by_framework("pytorch")
    decoder = TorchScriptPythonDecoder(traced)  # has to live until the model is converted
    loaded = reader.load(decoder)
    threads = torch.get_num_threads()
    options = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY"}
    compiled = Core().compile_model(reader.convert(loaded), "CPU", options)
    request = compiled.create_infer_request()

    def run(given: list[Any]) -> torch.Tensor:
        found = request.infer([each.contiguous().numpy() for each in given])[0]
        return torch.from_numpy(found.copy())  # the engine writes the next batch to the same place

    return run


def apart(found: torch.Tensor, truth: torch.Tensor) -> float:
    """Give the greatest difference of two outputs, in parts of the greatest value."""
    if found.shape != truth.shape:
        return float("inf")
    return float((found - truth).abs().max() / truth.abs().max().clamp(min=torch.finfo(truth.dtype).tiny))


def _tell(name: str, what: str) -> None:
    print(f"network '{name}' {what}", file=sys.stderr, flush=True)
