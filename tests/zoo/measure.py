"""Run architectures through all stages and write the page about them anew: ``python -m tests.zoo.measure [names]``.

Without names all of them run, which takes minutes; with names the other rows stay.
"""

import sys
import tempfile
import traceback
from pathlib import Path

import torch

from tests.zoo.specimen import write_images
from tests.zoo.table import PAGE, chosen, measured, merged, page, read_page, told


def main(asked: list[str]) -> int:
    """Measure, and write the page after each architecture; return how many have a stage that says what is not true."""
    torch.set_num_threads(1)
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        manifest = write_images(Path(folder))
        for name in chosen(asked):
            try:
                cells, seconds = measured(name, manifest)
            except AssertionError:
                traceback.print_exc()
                wrong += 1
                continue
            print(told(name, cells, seconds), flush=True)
            text = page(merged(read_page(Path()), {name: cells}))
            Path(PAGE).write_text(text, encoding="utf-8")
    return wrong


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
