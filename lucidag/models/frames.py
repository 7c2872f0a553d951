"""The images of a split as the network takes them: in memory where they fit, decoded on the way where not."""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import torch
from numpy.typing import NDArray

from lucidag.data.images import Images
from lucidag.data.manifest import Manifest
from lucidag.models.inputs import Inputs

MEMORY_LIMIT = 4 * 2**30


class Frames:
    """The frames (uint8, channels x size x size) of some rows of a manifest.

    Parameters
    ----------
    manifest
        The data set.
    rows
        Row numbers of the manifest, N of them.
    inputs
        How an image becomes a frame.
    threads
        How many images are decoded at a time.
    memory_limit
        Frames that take no more bytes than this together are decoded once and kept. It decides how fast
        the frames come, never what they hold.
    """

    def __init__(
        self,
        manifest: Manifest,
        rows: NDArray[np.int64],
        inputs: Inputs,
        threads: int,
        memory_limit: int = MEMORY_LIMIT,
    ) -> None:
        self.rows = rows
        self._images = Images(manifest)
        self._inputs = inputs
        self._threads = max(1, threads)
        size = len(rows) * inputs.channels * inputs.size**2
        self._kept = self._decode_all() if size <= memory_limit else None

    def __len__(self) -> int:
        return len(self.rows)

    def batches(self, order: Sequence[int] | NDArray[np.int64], sizes: Sequence[int]) -> Iterator[torch.Tensor]:
        """Yield batches of frames: those at the positions in `order`, cut into pieces of `sizes`."""
        ends = np.cumsum(sizes)
        pieces = [np.asarray(order)[end - size : end] for end, size in zip(ends, sizes, strict=True)]
        if self._kept is not None:
            kept = self._kept
            yield from (kept[torch.from_numpy(piece.astype(np.int64))] for piece in pieces)
            return
        yield from self._stream(pieces)

    def _frame(self, position: int) -> torch.Tensor:
        return self._inputs.prepare(self._images.read(int(self.rows[position])))

    def _decode_all(self) -> torch.Tensor:
        size = self._inputs.size
        frames = np.empty((len(self.rows), self._inputs.channels, size, size), dtype=np.uint8)

        def decode(position: int) -> None:
            frames[position] = self._frame(position).numpy()

        with ThreadPoolExecutor(self._threads) as pool:
            for _ in pool.map(decode, range(len(self.rows))):
                pass
        return torch.from_numpy(frames)

    def _stream(self, pieces: Sequence[NDArray[np.int64]]) -> Iterator[torch.Tensor]:
        """Decode a few batches ahead of the one that is asked for."""
        waiting: deque[list[Future[torch.Tensor]]] = deque()
        pool = ThreadPoolExecutor(self._threads)
        try:
            for piece in pieces:
                waiting.append([pool.submit(self._frame, int(position)) for position in piece])
                if len(waiting) > 2:
                    yield torch.stack([job.result() for job in waiting.popleft()])
            while waiting:
                yield torch.stack([job.result() for job in waiting.popleft()])
        finally:
            pool.shutdown(cancel_futures=True)


def batches(
    manifest: Manifest,
    rows: NDArray[np.int64],
    inputs: Inputs,
    batch_size: int,
    threads: int,
    memory_limit: int = MEMORY_LIMIT,
) -> Iterator[torch.Tensor]:
    """Yield the frames of `rows` in order, `batch_size` at a time; the last batch may be smaller."""
    frames = Frames(manifest, rows, inputs, threads, memory_limit)
    sizes = batch_sizes(len(rows), batch_size)
    return frames.batches(np.arange(len(rows)), sizes)


def batch_sizes(count: int, batch_size: int) -> list[int]:
    """Cut `count` items into batches; the last one may be smaller."""
    whole, rest = divmod(count, batch_size)
    return [batch_size] * whole + ([rest] if rest else [])
