"""Test what a discovery proposes: paste its regions, take them out, and set its units to 0."""

from pathlib import Path

from lucidag.artefacts.proposals import proposal_table, said, sides_of
from lucidag.artefacts.proposals_run import Proposer, run_proposals
from lucidag.artefacts.study import open_networks
from lucidag.artefacts.study_settings import WITHOUT
from lucidag.data.features import read_features
from lucidag.data.manifest import read_manifest
from lucidag.explain.stage import explainers
from lucidag.ground.device import lease
from lucidag.ground.files import write_json
from lucidag.ground.job import job, say
from lucidag.ground.tables import read_table, write_table
from lucidag.models.reproducible import reproducible

with job(snakemake):
    settings, given = snakemake.params.settings, snakemake.input
    networks, _ = open_networks(settings["networks"], given.networks)
    sides = {
        name: sides_of(read_table(images), read_table(units))
        for name, images, units in zip(settings["proposers"], given.images, given.units, strict=True)
    }
    tables = [file for file in given.datasets if Path(file).name == "manifest.csv"]
    manifests = {name: read_manifest(file) for name, file in zip(sides, tables, strict=True)}
    contents = {name: read_features(file) for name, file in zip(sides, given.features, strict=True)}
    with lease(snakemake.resources.gpu) as device, reproducible(device, snakemake.threads):
        proposers = [
            Proposer(
                name,
                networks[name],
                contents[name],
                manifests[name],
                own,
                explainers(settings["families"], networks[name], device)[0],
            )
            for name, own in sides.items()
        ]
        others = {name: networks[name] for name in settings["arms"][WITHOUT]}
        cells = run_proposals(proposers, others, settings["images"], settings["seed"], device, snakemake.threads)
    units = {(name, side.proposal, side.side): len(side.units) for name, own in sides.items() for side in own}
    interval = (settings["confidence"], settings["resamples"], settings["seed"])
    table = proposal_table(cells, units, *interval)
    write_table(snakemake.output.table, table)
    write_table(snakemake.output.cells, cells)
    notes = said(table)
    for sentence in notes:
        say(f"shortcut {snakemake.wildcards.study}: {sentence}")
    write_json(snakemake.output.notes, {"notes": notes})
