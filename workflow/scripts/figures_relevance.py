"""Draw the sheet of a model's relevance maps."""

from typing import TYPE_CHECKING

from lucidag.agreement.pictures import methods_of
from lucidag.explain.store import read_explained
from lucidag.figures.relevance import relevance_sheet
from lucidag.figures.style import save
from lucidag.job import job

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake

with job(snakemake):
    pictures = [picture for file in snakemake.input.maps for picture in read_explained(file)]
    title = f"{snakemake.wildcards.model}: relevance of the pixels to the class that is explained"
    save(relevance_sheet(pictures, methods_of(pictures), title), snakemake.output.png, snakemake.output.pdf)
