"""Search for settings of LIME that find the masks of the explained images, and write them as configuration."""

from lucidag.explain.lime.tune import tune_subjects, write_tuning
from lucidag.explain.subjects import open_job
from lucidag.ground.device import lease
from lucidag.ground.job import job

with job(snakemake):
    settings = snakemake.params.settings
    network, classes, subjects = open_job(settings, snakemake.input.checkpoint, snakemake.input.images)
    with lease(snakemake.resources.gpu) as device:
        report = tune_subjects(network, subjects, settings, device)
    write_tuning(snakemake.output.trials, snakemake.output.tuned, report)
