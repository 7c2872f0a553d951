"""Find the units that the decision about one image rests on, where each is, and what each responds to."""

from lucidag.data.manifest import read_manifest
from lucidag.explain.relevance.atlas import explain_decision
from lucidag.explain.relevance.composites import composite_on
from lucidag.explain.relevance.store import read_references, write_decision
from lucidag.explain.subjects import open_job
from lucidag.ground.device import lease
from lucidag.ground.job import job

with job(snakemake):
    settings = snakemake.params.settings
    network, classes, (subject,) = open_job(settings, snakemake.input.checkpoint, snakemake.input.images)
    manifest = read_manifest(snakemake.input.dataset[0])
    with lease(snakemake.resources.gpu) as device:
        composite = composite_on(settings["composite"], network.model, network.inputs, device)
        decision = explain_decision(
            network,
            composite,
            subject,
            settings["layer"],
            read_references(snakemake.input.references),
            manifest,
            manifest.rows_of(settings["splits"]),
            classes=classes,
            units=settings["units"],
            examples=settings["examples"],
            device=device,
            threads=snakemake.threads,
        )
    write_decision(snakemake.output.decision, decision)
