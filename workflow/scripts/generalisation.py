"""Set the shares of the roles of several models against their generalisation gaps."""

from pathlib import Path

import pandas as pd

from lucidag.ground.files import write_json
from lucidag.ground.job import job, say
from lucidag.ground.tables import read_table, write_table
from lucidag.rof.generalisation import correlations, model_row, nothing_correlated
from lucidag.rof.settings import Generalisation

with job(snakemake):
    settings = snakemake.params.settings
    rows = []
    for roles, sweep in zip(snakemake.input.roles, snakemake.input.sweeps, strict=True):
        model = Path(roles).parent.name
        family, seed = settings["families"][model], settings["model_seeds"][model]
        how = settings["ranking"], settings["margin"]
        rows += model_row(model, family, seed, read_table(roles), read_table(sweep), *how)
    table = pd.DataFrame(rows)
    study = Generalisation.picked(settings)
    found = correlations(table, study.resamples, study.confidence, study.seed)
    for sentence in nothing_correlated(found):
        say(f"generalisation {snakemake.wildcards.study}: {sentence}")
    write_table(snakemake.output.roles, table)
    write_json(snakemake.output.correlation, found)
