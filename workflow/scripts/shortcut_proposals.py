"""Test what a discovery proposes: paste its regions, take them out, and set its units to 0."""

from pathlib import Path

from lucidag.artefacts.proposals.asked import ask_proposals
from lucidag.artefacts.proposals.edits import Proposer
from lucidag.artefacts.proposals.sides import sides_of
from lucidag.artefacts.proposals.table import proposal_table, said
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
    settings, given, out = snakemake.params.settings, snakemake.input, snakemake.output
    networks, _ = open_networks(settings["networks"], given.networks)
    manifests = [file for file in given.datasets if Path(file).name == "manifest.csv"]
    files = zip(settings["proposers"], given.features, manifests, given.images, given.units, strict=True)
    with lease(snakemake.resources.gpu) as device, reproducible(device, snakemake.threads):
        proposers = [
            Proposer(
                name,
                networks[name],
                read_features(features),
                read_manifest(manifest),
                sides_of(read_table(images), read_table(units)),
                explainers(settings["families"], networks[name], device)[0],
            )
            for name, features, manifest, images, units in files
        ]
        others = {name: networks[name] for name in settings["arms"][WITHOUT]}
        cells = ask_proposals(proposers, others, settings["images"], settings["seed"], device, snakemake.threads)
    table = proposal_table(cells, proposers, settings["confidence"], settings["resamples"], settings["seed"])
    write_table(out.table, table)
    write_table(out.cells, cells)
    notes = said(table)
    for sentence in notes:
        say(f"shortcut {snakemake.wildcards.study}: {sentence}")
    write_json(out.notes, {"notes": notes})
