"""Take each unit of a layer inside a model away, and say what its classes and groups lose."""

from lucidag.data.features import read_splits
from lucidag.data.manifest import read_manifest
from lucidag.ground.device import lease
from lucidag.ground.files import write_json
from lucidag.ground.job import job, say
from lucidag.ground.tables import write_table
from lucidag.models.trained import open_trained
from lucidag.units.effects.inner_stage import run_inner
from lucidag.units.effects.settings import Units
from lucidag.units.effects.stage import PICKED, REPORTED
from lucidag.units.effects.told import told

with job(snakemake):
    settings = Units.picked(snakemake.params.settings)
    network, _ = open_trained(snakemake.params.settings, snakemake.input.checkpoint)
    contents = read_splits([snakemake.input.val, snakemake.input.test], required=("test",))
    layer = snakemake.wildcards.layer
    with lease(snakemake.resources.gpu) as device:
        manifest = read_manifest(snakemake.input.dataset[0])
        found = run_inner(network, manifest, contents, layer, settings, device, snakemake.threads)
    for baseline, rows in found.table.groupby("baseline", sort=False):
        said = told(rows, PICKED, REPORTED)
        say(f"effects of the units of {snakemake.wildcards.model}, {layer}, set to {baseline}: {said}")
    for note in found.report["notes"]:
        say(f"effects of the units of {snakemake.wildcards.model}, {layer}: {note}")
    write_table(snakemake.output.effects, found.table)
    write_json(snakemake.output.report, found.report)
