"""Draw a study of a shortcut: relevance on the artefact, and what pasting it does."""

from typing import TYPE_CHECKING

from lucidag.figures.shortcut import shortcut
from lucidag.figures.style import save
from lucidag.ground.files import read_json
from lucidag.ground.job import job

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake

with job(snakemake):
    fig = shortcut(read_json(snakemake.input.summary), snakemake.params.settings["confidence"])
    save(fig, snakemake.output.png, snakemake.output.pdf)
