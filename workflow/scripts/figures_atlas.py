"""Draw the concept atlas of one decision."""

from lucidag.explain.relevance.store import read_decision
from lucidag.figures.concept_atlas import concept_atlas
from lucidag.figures.style import save
from lucidag.ground.job import job

with job(snakemake):
    fig = concept_atlas(read_decision(snakemake.input.decision))
    save(fig, snakemake.output.png, snakemake.output.pdf, true_colour=True)
