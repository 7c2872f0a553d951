"""Say what is true of a model's planted units, their relevance, and whether attributions find what they answer to."""

import pandas as pd

from lucidag.data.manifest import read_manifest
from lucidag.explain.stage import explainers
from lucidag.ground.device import lease
from lucidag.ground.job import job, say
from lucidag.ground.tables import write_table
from lucidag.models.reproducible import reproducible
from lucidag.models.trained import open_trained
from lucidag.planted.regions import score_methods, score_units
from lucidag.planted.relevance import class_relevance
from lucidag.planted.settings import Planted
from lucidag.planted.truth import maps_of, planted_in, truth_table
from lucidag.units.passes.probe_set import probe_rows

with job(snakemake):
    settings, asked = snakemake.params.settings, Planted.picked(snakemake.params.settings)
    own, probe = (read_manifest(files[0]) for files in (snakemake.input.dataset, snakemake.input.probe))
    rows, _ = probe_rows(probe, settings["splits"])
    network, classes = open_trained(settings, snakemake.input.checkpoint, needs_head=True)
    with lease(snakemake.resources.gpu) as device, reproducible(device, snakemake.threads):
        planted = planted_in(network)
        planted.to(device).eval()
        maps, covered = maps_of(network, probe, rows[: asked.probe_images], device, snakemake.threads)
        weight = planted.fc.weight.detach().cpu()
        truth = truth_table(planted.plants(), weight, classes, maps, covered, asked.floor, asked.ceiling)
        relevance = class_relevance(network, own, classes, asked.composite, asked.class_images, device)
        known = network, truth, classes, probe, rows
        methods = explainers(settings["families"], network, device)
        regions = [score_methods(*known, methods, asked.images, asked.seed)]
        regions.append(score_units(*known, asked.composite, asked.images))
    counts = truth["verified"].value_counts()
    say(f"{snakemake.wildcards.model}: {counts.get(True, 0)} of {len(truth)} planted units are verified")
    write_table(snakemake.output.truth, truth)
    write_table(snakemake.output.relevance, relevance)
    write_table(snakemake.output.regions, pd.concat(regions, ignore_index=True))
