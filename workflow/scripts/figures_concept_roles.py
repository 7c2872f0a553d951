"""Draw whether the units that restore function are the interpretable ones."""

from lucidag.figures.concept_roles import concept_roles
from lucidag.figures.style import save
from lucidag.ground.files import read_json
from lucidag.ground.job import job
from lucidag.ground.tables import read_table

with job(snakemake):
    joined, found = read_table(snakemake.input.units), read_json(snakemake.input.tests)
    out = (snakemake.output.png, snakemake.output.pdf)
    for method, png, pdf in zip(snakemake.params.settings["methods"], *out, strict=True):
        save(concept_roles(joined, found["methods"], method), png, pdf)
