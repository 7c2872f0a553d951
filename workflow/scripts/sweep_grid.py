"""Switch the units on where logits are not linear in them: the end of the network runs at a grid of k."""

from lucidag.data.features import read_splits
from lucidag.data.manifest import read_manifest
from lucidag.ground.device import lease
from lucidag.ground.job import job
from lucidag.ground.tables import read_table, write_table
from lucidag.models.extract import show_maps
from lucidag.models.trained import open_trained
from lucidag.rof.grid import run_grid
from lucidag.rof.settings import Rof
from lucidag.rof.tables import write_draws

with job(snakemake):
    settings, how = snakemake.params.settings, Rof.picked(snakemake.params.settings)
    manifest = read_manifest(snakemake.input.dataset[0])
    network, _ = open_trained(settings, snakemake.input.checkpoint, needs_head=True)
    assert network.tail is not None
    contents, rankings = read_splits(snakemake.input.features), read_table(snakemake.input.ranking)
    with lease(snakemake.resources.gpu) as device:
        swept, selection = run_grid(
            contents,
            rankings,
            how,
            settings["min_group"],
            lambda split, see: show_maps(network, manifest, split, device, settings["batch_size"], see),
            network.tail.logits,
        )
    write_table(snakemake.output.sweep, swept.sweep)
    write_table(snakemake.output.bands, swept.bands)
    write_table(snakemake.output.selection, selection.table)
    write_draws(snakemake.output.bootstrap, swept.draws | selection.draws)
