"""Draw a study of a shortcut: relevance on the artefact, and what pasting it does."""

from lucidag.figures.shortcut import shortcut
from lucidag.figures.style import save
from lucidag.ground.files import read_json
from lucidag.ground.job import job

with job(snakemake):
    fig = shortcut(read_json(snakemake.input.summary), snakemake.params.settings["confidence"])
    save(fig, snakemake.output.png, snakemake.output.pdf)
