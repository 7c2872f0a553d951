"""Search for settings of LIME that find the masks of the explained images, and write them as configuration."""

from lucidag.explain.lime.tune import tune_subjects, write_tuning
from lucidag.explain.subjects import open_job
from lucidag.ground.device import lease
from lucidag.ground.job import job, say

with job(snakemake, differing=("seconds",)):
    settings = snakemake.params.settings
    network, classes, subjects = open_job(settings, snakemake.input.checkpoint, snakemake.input.images)
    with lease(snakemake.resources.gpu) as device:
        report = tune_subjects(network, subjects, classes, settings, device)
    if report["left_out"]:
        say(
            f"LIME's settings for {snakemake.wildcards.model}: {len(report['left_out'])} images with a mask do not "
            "choose, as their prediction is wrong and the mask shows another class"
        )
    write_tuning(snakemake.output.trials, snakemake.output.seconds, snakemake.output.tuned, report)
