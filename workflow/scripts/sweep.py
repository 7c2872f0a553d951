"""Switch the units of one model on in every order, and with them bands, control and the choice of k."""

from lucidag.data.features import read_splits
from lucidag.ground.device import lease
from lucidag.ground.job import job
from lucidag.ground.tables import read_table, write_table
from lucidag.rof.confusion import confusion_table
from lucidag.rof.settings import Rof
from lucidag.rof.stage import run_selection, run_sweep
from lucidag.rof.tables import write_draws

with job(snakemake):
    settings, min_group = Rof.picked(snakemake.params.settings), snakemake.params.settings["min_group"]
    contents = read_splits(snakemake.input.features)
    rankings = read_table(snakemake.input.ranking)
    with lease(snakemake.resources.gpu) as device:
        swept = run_sweep(contents, rankings, settings, min_group, device)
        selection = run_selection(contents, rankings, settings, min_group, device)
    write_table(snakemake.output.sweep, swept.sweep)
    write_table(snakemake.output.bands, swept.bands)
    write_table(snakemake.output.selection, selection.table)
    write_table(snakemake.output.confusion, confusion_table(contents, rankings, settings.ranking))
    write_draws(snakemake.output.bootstrap, swept.draws | selection.draws)
