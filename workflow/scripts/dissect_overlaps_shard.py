"""Count how far the units of one model overlap with the label maps of a shard of a probe set."""

from lucidag.data.manifest import read_manifest, together
from lucidag.ground.device import lease
from lucidag.ground.job import job, say
from lucidag.ground.shards import Shard
from lucidag.units.halves import chosen_half
from lucidag.units.passes.netdissect import count_overlaps
from lucidag.units.passes.overlaps import write_overlaps
from lucidag.units.passes.probe_set import probe_rows
from lucidag.units.passes.subject import open_subject
from lucidag.units.passes.unit_statistics import read_statistics
from lucidag.units.settings import Passes

with job(snakemake):
    settings, asked = snakemake.params.settings, Passes.picked(snakemake.params.settings)
    manifest = read_manifest(snakemake.input.dataset[0])
    rows, note = probe_rows(manifest, asked.splits)
    print(f"{len(rows)} images are shown")
    if note:
        say(note, to_terminal=False)
    part = Shard.parse(snakemake.wildcards.shard).of_batches(len(rows), asked.batch_size)
    shown, half = rows[part], chosen_half(together(manifest.table.iloc[rows]), asked.seed)[part]
    with lease(snakemake.resources.gpu) as device:
        twin = bool(snakemake.wildcards.twin)
        network = open_subject(settings, snakemake.input.checkpoint, manifest, rows, twin, device)
        limits = read_statistics(snakemake.input.statistics).thresholds()
        overlaps = count_overlaps(network, manifest, shown, limits, asked, chosen=half, device=device)
    write_overlaps(snakemake.output.overlaps, overlaps)
