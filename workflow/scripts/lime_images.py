"""Write LIME's explanation of one image: outlines, mask, numbers, and the record that makes it again."""

from typing import TYPE_CHECKING

import numpy as np

from lucidag.explain.store import pick, write_map
from lucidag.figures.outlines import faded, outlines
from lucidag.figures.overlay import write_png
from lucidag.ground.files import write_json
from lucidag.ground.job import job

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake

with job(snakemake):
    pixels = pick(snakemake.input.fits, snakemake.wildcards.image)
    values = pixels.maps["lime"]
    assert pixels.segments is not None
    write_json(snakemake.output.record, pixels.record)
    write_map(snakemake.output.map, values)
    write_png(snakemake.output.mask, np.where(values > 0, 255, 0).astype(np.uint8))
    write_png(snakemake.output.outlines, outlines(faded(pixels.frame, values > 0), pixels.segments, values))
