"""Measure how well a model does, from the features and logits of each split."""

from pathlib import Path
from typing import TYPE_CHECKING

from lucidag.features import read_features
from lucidag.files import write_json
from lucidag.job import job
from lucidag.models.evaluate import evaluate

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake

with job(snakemake):
    contents = {Path(path).stem: read_features(path) for path in snakemake.input}
    write_json(
        snakemake.output.evaluation,
        {split: evaluate(content) for split, content in contents.items() if content.images},
    )
