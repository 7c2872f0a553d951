"""Draw the contact sheet of a model's class activation maps."""

from typing import TYPE_CHECKING

from lucidag.explain.agreement.images import methods_of
from lucidag.explain.store import read_explained
from lucidag.figures.explanations import contact_sheet
from lucidag.figures.style import save
from lucidag.ground.job import job

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake

with job(snakemake):
    frames = [image for file in snakemake.input.cam for image in read_explained(file)]
    title = f"{snakemake.wildcards.model}: class activation maps at {frames[0].record['layer']}"
    save(contact_sheet(frames, methods_of(frames), title), snakemake.output.png, snakemake.output.pdf)
