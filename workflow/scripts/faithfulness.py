"""Measure how faithful the explanations of one model's images are."""

from lucidag.explain.agreement.images import read_images
from lucidag.explain.faithfulness.floors import of_different_images
from lucidag.explain.faithfulness.metrics import COLUMNS, CURVE_COLUMNS
from lucidag.explain.faithfulness.settings import RANDOMISATION
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
    measuring, points = settings["measuring"], found.points
    if RANDOMISATION in measuring["metrics"]:
        images = read_images(snakemake.input.maps, settings["methods"])
        points = [*points, *of_different_images(images, measuring["seed"])]
    write_rows(out.curves, CURVE_COLUMNS, map(vars, points))
    interval = (settings["confidence"], settings["resamples"], measuring["seed"], settings["hand_picked"])
    for sentence in write_summary(out, *interval):
        say(f"faithfulness of the methods of {snakemake.wildcards.model}: {sentence}")
