"""Draw what each method says of planted units, held against the truth."""

from lucidag.figures.planted import planted
from lucidag.figures.style import save
from lucidag.ground.job import job
from lucidag.ground.tables import read_table

with job(snakemake):
    save(planted(read_table(snakemake.input.summary)), snakemake.output.png, snakemake.output.pdf)
