"""Draw the course of one training."""

from typing import TYPE_CHECKING

from lucidag.figures.history import history
from lucidag.figures.style import save
from lucidag.ground.job import job
from lucidag.ground.tables import read_table

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake

with job(snakemake):
    save(history(read_table(snakemake.input.history)), snakemake.output.png, snakemake.output.pdf)
