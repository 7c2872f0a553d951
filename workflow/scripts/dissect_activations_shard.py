"""Run one model over a shard of a probe set: the activations of its units."""

from lucidag.data.manifest import read_manifest
from lucidag.ground.device import lease
from lucidag.ground.job import job, say
from lucidag.ground.shards import Shard
from lucidag.units.passes.activations import collect_part
from lucidag.units.passes.probe_set import probe_rows
from lucidag.units.passes.subject import open_subject
from lucidag.units.passes.unit_statistics import write_pass
from lucidag.units.settings import Passes

with job(snakemake):
    settings, asked = snakemake.params.settings, Passes.picked(snakemake.params.settings)
    manifest = read_manifest(snakemake.input.dataset[0])
    rows, note = probe_rows(manifest, asked.splits)
    print(f"{len(rows)} images are shown")
    if note:
        say(note, to_terminal=False)
    with lease(snakemake.resources.gpu) as device:
        twin = bool(snakemake.wildcards.twin)
        network = open_subject(settings, snakemake.input.checkpoint, manifest, rows, twin, device)
        part = collect_part(
            network,
            manifest,
            rows,
            settings["layers"],
            snakemake.output.activations,
            asked,
            device=device,
            shard=Shard.parse(snakemake.wildcards.shard),
        )
    write_pass(snakemake.output.part, part)
