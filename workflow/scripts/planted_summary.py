"""Put the scores of all models with planted units into one table."""

from lucidag.ground.job import job
from lucidag.ground.tables import read_table, write_table
from lucidag.planted.summary import summary
from lucidag.units.settings import Draws

with job(snakemake):
    asked = Draws.picked(snakemake.params.settings)
    labels, scores = (list(map(read_table, files)) for files in (snakemake.input.labels, snakemake.input.scores))
    write_table(snakemake.output.summary, summary(labels, scores, asked))
