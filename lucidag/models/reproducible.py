"""The same numbers on each run: seeds, threads and the library's switches, always put back."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import torch

from lucidag.ground.surroundings import environment


def mix(*numbers: int) -> int:
    """Give one 63-bit seed for several non-negative numbers, such as (seed, epoch, image)."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> np.uint64(1))


@contextmanager
def seeded(seed: int, device: str = "cpu") -> Iterator[None]:
    """Draw torch's random numbers from `seed` inside the block, and put its generators back afterwards."""
    cuda = device.startswith("cuda")
    with torch.random.fork_rng(devices=[device] if cuda else []):
        torch.default_generator.manual_seed(seed)
        if cuda:
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seed)
        elif device.startswith("mps"):
            torch.mps.manual_seed(seed)
        yield


@contextmanager
def reproducible(device: str, threads: int) -> Iterator[None]:
    """Compute in the same order on each run, and put every switch back afterwards.

    The sums of a CPU depend on how many threads share them: so their number is part of the settings. Where threads
    would add to one place in the order in which they come (the gradient of an index, say), they take turns.
    On CUDA: deterministic kernels wherever there are some, no search for the fastest one, no TF32.
    """
    before = torch.get_num_threads()
    with ExitStack() as stack:
        stack.enter_context(_deterministic())
        if device.startswith("cuda"):
            stack.enter_context(_deterministic_cuda())
        torch.set_num_threads(threads)
        try:
            yield
        finally:
            torch.set_num_threads(before)


@contextmanager
def _deterministic() -> Iterator[None]:
    """Choose deterministic kernels; where one is missing torch warns and goes on."""
    before = torch.get_deterministic_debug_mode()
    switches: Any = torch.utils.deterministic
    filled = switches.fill_uninitialized_memory
    # Not `use_deterministic_algorithms`, which loads torch's compiler to tell it too: seconds, and nothing compiles.
    torch.set_deterministic_debug_mode("warn")
    switches.fill_uninitialized_memory = False  # costs time, and nothing here reads such memory
    try:
        yield
    finally:
        switches.fill_uninitialized_memory = filled
        torch.set_deterministic_debug_mode(before)


@contextmanager
def _deterministic_cuda() -> Iterator[None]:
    """Give cuBLAS the workspace that its deterministic kernels want, and keep cuDNN from searching and rounding."""
    name = "CUBLAS_WORKSPACE_CONFIG"
    cudnn = torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False)
    with environment({name: os.environ.get(name) or ":4096:8"}), cudnn:
        yield
