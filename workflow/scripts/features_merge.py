"""Join the shards of one model's features."""

from lucidag.data.features import join_features
from lucidag.ground.job import job

with job(snakemake):
    for split, file in snakemake.output.items():
        join_features(file, snakemake.input[split])
