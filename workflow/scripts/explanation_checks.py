"""Compare the explanations of some images with those of the libraries that have the same methods."""

from lucidag.explain.checks.methods import check_explanations
from lucidag.explain.checks.table import COLUMNS, warnings
from lucidag.explain.checks.units import check_units
from lucidag.explain.relevance.composites import composite_on
from lucidag.explain.relevance.store import read_decision
from lucidag.explain.store import read_explained
from lucidag.explain.subjects import open_job
from lucidag.ground.device import lease
from lucidag.ground.job import job, say
from lucidag.ground.tables import write_rows

with job(snakemake):
    settings = snakemake.params.settings
    network, classes, subjects = open_job(settings, snakemake.input.checkpoint, snakemake.input.images)
    asked = {subject.image: subject for subject in subjects}
    explained = [each for file in snakemake.input.maps for each in read_explained(file)]
    stored = {image: [each for each in explained if each.image == image] for image in asked}
    decisions = [read_decision(file) for file in snakemake.input.decisions]
    with lease(snakemake.resources.gpu) as device:
        rows = check_explanations(network, subjects, settings["families"], stored, device, snakemake.threads)
        if decisions:
            rules = composite_on(settings["composite"], network.model, network.inputs, device)
            for decision in decisions:
                rows += check_units(network, rules, asked[decision.image], decision, device, snakemake.threads)
    for sentence in warnings(rows, snakemake.wildcards.model):
        say(sentence)
    write_rows(snakemake.output.checks, COLUMNS, rows)
