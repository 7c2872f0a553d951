"""Order the units of one model by each method, on every split."""

from lucidag.data.features import read_splits
from lucidag.ground.job import job
from lucidag.ground.tables import write_table
from lucidag.rof.rank import ranking_table
from lucidag.rof.settings import Rof

with job(snakemake):
    settings = Rof.picked(snakemake.params.settings)
    contents = read_splits(snakemake.input, required=("train", "test"))
    write_table(snakemake.output.ranking, ranking_table(contents, settings.methods, settings.random_seeds))
