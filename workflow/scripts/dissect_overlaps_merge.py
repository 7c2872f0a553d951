"""Add up how far the units of one model overlap with the label maps of the shards of a probe set."""

from lucidag.ground.job import job
from lucidag.units.passes.overlaps import add_overlaps, read_overlaps, write_overlaps

with job(snakemake):
    write_overlaps(snakemake.output.overlaps, add_overlaps(map(read_overlaps, snakemake.input.overlaps)))
