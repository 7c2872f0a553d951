"""Measure how well a model does, from the features and logits of each split, and keep what is doubtful about it."""

from lucidag.data.features import read_splits
from lucidag.ground.files import read_json, write_json
from lucidag.ground.job import job
from lucidag.models.diverged import divergence
from lucidag.models.evaluate import evaluate
from lucidag.models.history import read_history
from lucidag.models.keeping import summary

with job(snakemake):
    settings = snakemake.params.settings
    contents = read_splits(snakemake.input.features)
    measured = {split: evaluate(content, settings["min_group"]) for split, content in contents.items()}
    found = [read_json(file) for file in snakemake.input.checks]
    said = {part: [sentence for each in found for sentence in each[part]] for part in ("doubts", "notes")}
    histories = [read_history(file) for file in snakemake.input.history]  # none of a network that was not trained here
    said["doubts"] += [sentence for table in histories if (sentence := divergence(table)) is not None]
    training = {"training": summary(histories[0])} if histories else {}
    write_json(snakemake.output.evaluation, {**measured, **training, **said})
