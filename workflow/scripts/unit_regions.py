"""Keep where the units of a model are active in the images that activate them most."""

from lucidag.data.manifest import read_manifest
from lucidag.ground.device import lease
from lucidag.ground.job import job
from lucidag.models.trained import open_trained
from lucidag.units.dossier.activity import SHOWN
from lucidag.units.passes.probe_set import probe_rows
from lucidag.units.passes.region_maps import write_region_maps
from lucidag.units.passes.regions import collect_regions
from lucidag.units.passes.unit_statistics import read_statistics

with job(snakemake):
    settings = snakemake.params.settings
    manifest = read_manifest(snakemake.input.dataset[0])
    statistics = read_statistics(snakemake.input.statistics)
    rows = probe_rows(manifest, settings["splits"])[0]
    network, _ = open_trained(settings, snakemake.input.checkpoint)
    with lease(snakemake.resources.gpu) as device:
        layers = settings["layers"]
        found = collect_regions(
            network, manifest, rows, statistics, layers, SHOWN, device=device, threads=snakemake.threads
        )
    write_region_maps(snakemake.output.maps, found)
