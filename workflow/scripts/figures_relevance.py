"""Draw the sheet of a model's relevance maps."""

from typing import TYPE_CHECKING

from lucidag.explain.agreement.images import methods_of
from lucidag.explain.store import read_explained
from lucidag.figures.relevance import relevance_sheet
from lucidag.figures.style import save
from lucidag.ground.job import job

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake

with job(snakemake):
    frames = [image for file in snakemake.input.maps for image in read_explained(file)]
    title = f"{snakemake.wildcards.model}: relevance of the pixels to the class that is explained"
    save(relevance_sheet(frames, methods_of(frames), title), snakemake.output.png, snakemake.output.pdf)
