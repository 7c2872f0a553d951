"""The same numbers on each run, and every switch as it was."""

import subprocess
import sys
from contextlib import suppress

import pytest
import torch

from lucidag.models.reproducible import reproducible


def gradient_of_an_index() -> bytes:
    """Add many rows of a gradient to few places, which threads would do in the order in which they come."""
    draw = torch.Generator().manual_seed(0)
    place, upstream = torch.randint(0, 60, (512,), generator=draw), torch.randn(512, 64, generator=draw)
    rows = torch.zeros(60, 64, requires_grad=True)
    rows[place].backward(upstream)
    assert rows.grad is not None
    return rows.grad.numpy().tobytes()


def test_the_gradient_of_an_index_is_always_the_same():
    with reproducible("cpu", 2):
        assert len({gradient_of_an_index() for _ in range(100)}) == 1


def test_it_does_not_load_the_compiler(root):
    code = "import sys; from lucidag.models.reproducible import reproducible\nwith reproducible('cpu', 1): pass\n"
    code += "print([name for name in ('torch._inductor', 'torch._dynamo') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("was_on", [False, True])
def test_every_switch_is_put_back(was_on):
    def switches() -> tuple[object, ...]:
        return (
            torch.get_num_threads(),
            torch.are_deterministic_algorithms_enabled(),
            torch.is_deterministic_algorithms_warn_only_enabled(),
            torch.utils.deterministic.fill_uninitialized_memory,
        )

    torch.use_deterministic_algorithms(was_on)
    try:
        before = switches()
        with suppress(ZeroDivisionError), reproducible("cpu", before[0] + 1):
            assert switches() == (before[0] + 1, True, True, False)
            _ = 1 / 0
        assert switches() == before
    finally:
        torch.use_deterministic_algorithms(False)
