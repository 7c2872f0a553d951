"""Draw the course of one training."""

from lucidag.figures.history import history
from lucidag.figures.style import save
from lucidag.ground.job import job
from lucidag.ground.tables import read_table

with job(snakemake):
    save(history(read_table(snakemake.input.history)), snakemake.output.png, snakemake.output.pdf)
