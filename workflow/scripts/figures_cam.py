"""Draw the contact sheet of a model's class activation maps."""

from typing import TYPE_CHECKING

from lucidag.agreement.pictures import methods_of
from lucidag.explain.store import read_explained
from lucidag.figures.explanations import contact_sheet
from lucidag.figures.style import save
from lucidag.job import job

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake

with job(snakemake):
    pictures = [picture for file in snakemake.input.cam for picture in read_explained(file)]
    title = f"{snakemake.wildcards.model}: class activation maps at {pictures[0].record['layer']}"
    save(contact_sheet(pictures, methods_of(pictures), title), snakemake.output.png, snakemake.output.pdf)
