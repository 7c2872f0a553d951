"""Join the shards of one model's features."""

from typing import TYPE_CHECKING

from lucidag.data.features import join_features
from lucidag.ground.job import job

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake

with job(snakemake):
    for split, file in snakemake.output.items():
        join_features(file, snakemake.input[split])
