"""Find the images where each unit of a layer is most relevant, and where it is most active."""

from lucidag.data.manifest import read_manifest
from lucidag.explain.relevance.composites import composite_on
from lucidag.explain.relevance.references import find_references
from lucidag.explain.relevance.store import write_references
from lucidag.ground.device import lease
from lucidag.ground.job import job
from lucidag.models.trained import open_trained

with job(snakemake):
    settings = snakemake.params.settings
    manifest = read_manifest(snakemake.input.dataset[0])
    network, _ = open_trained(settings, snakemake.input.checkpoint)
    with lease(snakemake.resources.gpu) as device:
        composite = composite_on(settings["composite"], network.model, network.inputs, device)
        found = find_references(
            network,
            composite,
            manifest,
            manifest.rows_of(settings["splits"]),
            [settings["layer"]],
            targets=settings["targets"],
            top=settings["top"],
            device=device,
            batch_size=settings["batch_size"],
            threads=snakemake.threads,
        )
    write_references(snakemake.output.references, found)
