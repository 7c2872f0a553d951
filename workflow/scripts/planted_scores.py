"""Score what labels, effects, roles, relevance and attributions say of one model's planted units."""

import numpy as np

from lucidag.ground.files import write_json
from lucidag.ground.job import job
from lucidag.ground.tables import read_table, write_table
from lucidag.planted.labels import label_table
from lucidag.planted.names import LAYER
from lucidag.planted.stage import all_scores, report
from lucidag.units.dossier.activity import correlations
from lucidag.units.labels.unit_search import read_unit_embeddings
from lucidag.units.labels.unit_tables import read_units
from lucidag.units.passes.unit_statistics import read_activations, read_statistics
from lucidag.units.settings import Draws

with job(snakemake):
    asked = Draws.picked(snakemake.params.settings)
    files = dict(snakemake.input.items())
    statistics, units, activations = (files.pop(name) for name in ("statistics", "units", "activations"))
    vectors = files.pop("embeddings", None)
    tables = {name: read_table(file) for name, file in files.items()}
    if "images" in tables:
        tables["images"] = tables["images"][tables["images"]["layer"] == LAYER]
    similar = {"activations": correlations(read_activations(activations, read_statistics(statistics), LAYER))}
    if vectors is not None:
        own = read_unit_embeddings(vectors)[LAYER].astype(np.float64)
        similar["top images"] = own @ own.T
    labels = label_table(tables["truth"], read_units(units))
    scores = all_scores(tables, labels, similar, asked)
    write_table(snakemake.output.labels, labels)
    write_table(snakemake.output.scores, scores)
    write_json(snakemake.output.report, report(tables["truth"], scores))
