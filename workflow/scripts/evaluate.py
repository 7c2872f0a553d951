"""Measure how well a model does, from the features and logits of each split."""

from lucidag.data.features import read_splits
from lucidag.ground.files import write_json
from lucidag.ground.job import job
from lucidag.models.evaluate import evaluate

with job(snakemake):
    settings = snakemake.params.settings
    contents = read_splits(snakemake.input)
    measured = {split: evaluate(content, settings["min_group"]) for split, content in contents.items()}
    write_json(snakemake.output.evaluation, measured)
