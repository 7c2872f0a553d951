"""Draw how the explanations of a model are graded by masks."""

from lucidag.explain.store import read_titles
from lucidag.figures.localisation import localisation
from lucidag.figures.style import save
from lucidag.ground.job import job
from lucidag.ground.tables import read_table

with job(snakemake):
    titles, summary = read_titles(snakemake.input.maps), read_table(snakemake.input.summary)
    fig = localisation(summary, snakemake.params.settings["confidence"], titles)
    save(fig, snakemake.output.png, snakemake.output.pdf)
