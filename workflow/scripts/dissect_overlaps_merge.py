"""Add up how far the units of one model overlap with the label maps of the shards of a probe set."""

from typing import TYPE_CHECKING

from lucidag.dissect.overlaps import add_overlaps, read_overlaps, write_overlaps
from lucidag.job import job

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake

with job(snakemake):
    write_overlaps(snakemake.output.overlaps, add_overlaps(map(read_overlaps, snakemake.input.overlaps)))
