"""Explain some images by the methods of one family."""

from lucidag.explain.stage import empty_maps, explain_subjects, same_maps
from lucidag.explain.store import write_explained
from lucidag.explain.subjects import open_job
from lucidag.ground.device import lease
from lucidag.ground.job import job, say

with job(snakemake):
    settings = snakemake.params.settings
    network, classes, subjects = open_job(settings, snakemake.input.checkpoint, snakemake.input.images)
    with lease(snakemake.resources.gpu) as device:
        explained = explain_subjects(network, subjects, classes, settings["family"], device)
    for image in explained:
        for method in image.record.get("exploded", ()):
            print(f"{image.image}: the relevance by {method} explodes: its map shows rounding errors")
    for sentence in (*empty_maps(explained), *same_maps(explained)):
        say(f"explanations of {snakemake.wildcards.model} by {sentence}")
    write_explained(snakemake.output.maps, explained)
