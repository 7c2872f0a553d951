"""Run one model, or its untrained twin, over the probe set: activations of units, and overlaps with label maps."""

from lucidag.data.manifest import read_manifest, together
from lucidag.ground.device import lease
from lucidag.ground.job import job, say
from lucidag.units.halves import chosen_half
from lucidag.units.passes.activations import collect_part
from lucidag.units.passes.netdissect import count_overlaps
from lucidag.units.passes.overlaps import write_overlaps
from lucidag.units.passes.parts import whole_of
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
        path = snakemake.output.activations
        part = collect_part(network, manifest, rows, settings["layers"], path, asked, device=device)
        statistics = whole_of([part], path)
        for file in snakemake.output.overlaps:
            limits, half = statistics.thresholds(), chosen_half(together(manifest.table.iloc[rows]), asked.seed)
            write_overlaps(file, count_overlaps(network, manifest, rows, limits, asked, chosen=half, device=device))
    write_pass(snakemake.output.statistics, statistics)
