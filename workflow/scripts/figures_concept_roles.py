"""Draw whether the units that restore function are the interpretable ones."""

from typing import TYPE_CHECKING

from lucidag.agreement.tables import read_table
from lucidag.figures.concept_roles import concept_roles
from lucidag.figures.style import save
from lucidag.files import read_json
from lucidag.job import job

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake

with job(snakemake):
    joined, found = read_table(snakemake.input.units), read_json(snakemake.input.tests)
    for method, png, pdf in zip(found["methods"], snakemake.output.png, snakemake.output.pdf, strict=True):
        save(concept_roles(joined, found["methods"], method, found["thresholds"][method]), png, pdf)
