"""Measure how faithful the explanations of some of one model's images are."""

from lucidag.explain.faithfulness.metrics import COLUMNS, CURVE_COLUMNS
from lucidag.explain.faithfulness.stage import measure_subjects
from lucidag.explain.store import read_explained
from lucidag.explain.subjects import open_job
from lucidag.ground.device import lease
from lucidag.ground.job import job
from lucidag.ground.tables import write_rows

with job(snakemake):
    settings = snakemake.params.settings
    network, _, subjects = open_job(settings, snakemake.input.checkpoint, snakemake.input.images)
    stored = [image for file in snakemake.input.get("stored", []) for image in read_explained(file)]
    with lease(snakemake.resources.gpu) as device:
        found = measure_subjects(network, subjects, stored, settings, device)
    write_rows(snakemake.output.values, COLUMNS, map(vars, found.rows))
    write_rows(snakemake.output.curves, CURVE_COLUMNS, map(vars, found.points))
