"""Draw the concept atlas of one decision."""

from lucidag.explain.relevance.store import read_decision
from lucidag.figures.concept_atlas import concept_atlas
from lucidag.figures.style import save
from lucidag.ground.job import job

with job(snakemake):
    save(concept_atlas(read_decision(snakemake.input.decision)), snakemake.output.png, snakemake.output.pdf)
