"""Join what the penultimate units detect with the roles that retrieval of function gave them."""

from pathlib import Path

from lucidag.data.features import read_features
from lucidag.ground.files import write_json
from lucidag.ground.job import job
from lucidag.ground.tables import read_table, write_table
from lucidag.units.compare.roles_join import concept_roles, join, penultimate_layer, role_tests
from lucidag.units.labels.unit_tables import read_units
from lucidag.units.passes.unit_statistics import read_activations, read_statistics
from lucidag.units.settings import Draws

with job(snakemake):
    settings = snakemake.params.settings
    features = read_features(snakemake.input.features)
    assert features.features is not None  # retrieval of function has seen to it
    statistics = read_statistics(snakemake.input.statistics)
    pooled = {layer: read_activations(snakemake.input.activations, statistics, layer) for layer in statistics.layers}
    layer = penultimate_layer(features.features, features.images, pooled, statistics.images)
    table = next(file for file in snakemake.input.tables if Path(file).stem == layer)
    joined = join(read_table(snakemake.input.roles), read_units(table), f"role_{settings['role_metric']}")
    tests = role_tests(joined, Draws.picked(settings))
    write_table(snakemake.output.units, joined)
    write_table(snakemake.output.concepts, concept_roles(joined))
    write_json(snakemake.output.tests, {"layer": layer, "methods": tests})
