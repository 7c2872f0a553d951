"""Measure how faithful the explanations of one model's images are."""

from lucidag.explain.faithfulness.metrics import COLUMNS, CURVE_COLUMNS
from lucidag.explain.faithfulness.stage import measure_subjects
from lucidag.explain.faithfulness.summary import write_summary
from lucidag.explain.store import read_explained
from lucidag.explain.subjects import open_job
from lucidag.ground.device import lease
from lucidag.ground.job import job, say
from lucidag.ground.tables import write_rows

with job(snakemake):
    settings, out = snakemake.params.settings, snakemake.output
    network, _, subjects = open_job(settings, snakemake.input.checkpoint, snakemake.input.images)
    stored = [image for file in snakemake.input.get("stored", []) for image in read_explained(file)]
    with lease(snakemake.resources.gpu) as device:
        found = measure_subjects(network, subjects, stored, settings, device)
    write_rows(out["values"], COLUMNS, map(vars, found.rows))
    write_rows(out.curves, CURVE_COLUMNS, map(vars, found.points))
    interval = (settings["confidence"], settings["resamples"], settings["measuring"]["seed"], settings["hand_picked"])
    for sentence in write_summary(out["values"], out.pairs, out.ranking, *interval):
        say(f"faithfulness of the methods of {snakemake.wildcards.model}: {sentence}")
