"""Put an artefact into pictures and take it out: does a network that could learn the shortcut decide by it?"""

from pathlib import Path
from typing import TYPE_CHECKING

from lucidag.agreement.tables import write_table
from lucidag.artefacts.removal import pictures_with, take_out
from lucidag.artefacts.study import clean_pictures, open_networks, show_artefacts, summarise, target_indices
from lucidag.data.manifest import read_manifest
from lucidag.device import lease
from lucidag.faithfulness.stage import explainers_of
from lucidag.files import write_json
from lucidag.job import job

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake

with job(snakemake):
    settings, out = snakemake.params.settings, snakemake.output
    manifest = read_manifest(Path(snakemake.input.dataset[0]).parent)
    pictures = clean_pictures(manifest, settings["split"], settings["clean"], settings["pictures"])
    seen = pictures_with(manifest, settings["split"], settings["artefacts"], settings["pictures"])
    names = settings["names"]
    checkpoints = {names["with"]: snakemake.input.first, names["without"]: snakemake.input.second}
    networks, classes = open_networks(settings["networks"], checkpoints)
    targets = target_indices(settings["artefacts"], classes)
    with lease(snakemake.resources.gpu) as device:
        shown = show_artefacts(
            networks,
            pictures,
            targets,
            lambda network: explainers_of(network, settings, device),
            device,
            snakemake.threads,
            settings["seed"],
        )
        taken_out = take_out(networks, seen, targets, device, snakemake.threads)
    write_table(out.relevance, shown.relevance)
    write_table(out.probabilities, shown.probabilities)
    write_table(out.removal, taken_out)
    interval = (settings["confidence"], settings["draws"], settings["seed"])
    write_json(out.summary, summarise(shown, taken_out, settings["names"], *interval))
