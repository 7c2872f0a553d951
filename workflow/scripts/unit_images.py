"""Say what the top images of the units of a model have in common, in the space of a CLIP."""

from pathlib import Path

import numpy as np
import pandas as pd

from lucidag.ground.job import job
from lucidag.ground.pairs import check_same
from lucidag.ground.tables import write_table
from lucidag.units.clip.embeddings import read_embeddings
from lucidag.units.effects.settings import Units
from lucidag.units.labels.top_table import top_table
from lucidag.units.labels.unit_search import write_unit_embeddings
from lucidag.units.passes.unit_statistics import read_activations, read_statistics

with job(snakemake):
    settings = Units.picked(snakemake.params.settings)
    statistics = read_statistics(snakemake.input.statistics)
    evidence = read_embeddings(Path(snakemake.input.embeddings[0]).parent)
    check_same(evidence.ids, statistics.images, "the images of the CLIP", snakemake.input.statistics)
    images, tables, embeddings = np.asarray(evidence.images), [], {}
    for layer, units in statistics.layers.items():
        activations = read_activations(snakemake.input.activations, statistics, layer)
        table, found = top_table(units, activations, images, settings.confidence, settings.seed)
        tables.append(table.assign(layer=layer)[["layer", *table.columns]])
        embeddings[layer] = found
    write_table(snakemake.output.table, pd.concat(tables, ignore_index=True))
    write_unit_embeddings(snakemake.output.embeddings, embeddings)
