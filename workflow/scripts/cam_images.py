"""Write the class activation maps of one image: as overlay, as grey mask and as numbers."""

from typing import TYPE_CHECKING

from lucidag.explain.store import pick, write_map
from lucidag.figures.overlay import grey_mask, overlay, write_png
from lucidag.ground.job import job

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake

with job(snakemake):
    pixels = pick(snakemake.input.maps, snakemake.wildcards.image)
    output = snakemake.output
    for values, png, mask, numbers in zip(
        pixels.maps.values(), output.overlays, output.masks, output.maps, strict=True
    ):
        write_map(numbers, values)
        write_png(mask, grey_mask(values))
        write_png(png, overlay(pixels.frame, values))
