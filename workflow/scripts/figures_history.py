"""Draw the course of one training."""

from typing import TYPE_CHECKING

import pandas as pd

from lucidag.figures.history import history
from lucidag.figures.style import save
from lucidag.ground.job import job

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake

with job(snakemake):
    save(history(pd.read_csv(snakemake.input.history)), snakemake.output.png, snakemake.output.pdf)
