"""Summarise what the units of one model detect, in all its layers."""

from lucidag.ground.files import read_json, write_json
from lucidag.ground.job import job, say
from lucidag.units.compare.summary import unlabelled, whole_summary
from lucidag.units.labels.unit_tables import read_layers
from lucidag.units.passes.overlaps import read_overlaps
from lucidag.units.passes.unit_statistics import read_statistics
from lucidag.units.settings import Counting

with job(snakemake):
    about = [read_json(file) for file in snakemake.input.about]
    layers = {each["layer"]: each["methods"] for each in about}
    table = read_layers(dict(zip(layers, snakemake.input.tables, strict=True)))
    twins = snakemake.input.untrained
    untrained = read_layers(dict(zip(layers, twins, strict=True))) if twins else None
    overlaps = read_overlaps(snakemake.input.overlaps) if snakemake.input.get("overlaps") else None
    found = whole_summary(
        table,
        layers,
        read_statistics(snakemake.input.statistics),
        overlaps,
        Counting.picked(snakemake.params.settings),
        untrained,
    )
    correlations = {each["layer"]: each["correlations"] for each in about}
    notes = list(dict.fromkeys([*(note for each in about for note in each["notes"]), *unlabelled(found)]))
    for note in notes:
        say(f"units of {snakemake.wildcards.model}: {note}")
    write_json(
        snakemake.output.summary,
        {"model": snakemake.wildcards.model, **found, "ranking": correlations, "notes": notes},
    )
