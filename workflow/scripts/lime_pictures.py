"""Write LIME's explanation of one picture: outlines, mask, numbers, and the record that makes it again."""

from typing import TYPE_CHECKING

import numpy as np

from lucidag.explain.store import pick, write_map
from lucidag.figures.outlines import faded, outlines
from lucidag.figures.overlay import write_png
from lucidag.files import write_json
from lucidag.job import job

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake

with job(snakemake):
    picture = pick(snakemake.input.fits, snakemake.wildcards.image)
    values = picture.maps["lime"]
    assert picture.segments is not None
    write_json(snakemake.output.record, picture.record)
    write_map(snakemake.output.map, values)
    write_png(snakemake.output.mask, np.where(values > 0, 255, 0).astype(np.uint8))
    write_png(snakemake.output.outlines, outlines(faded(picture.frame, values > 0), picture.segments, values))
