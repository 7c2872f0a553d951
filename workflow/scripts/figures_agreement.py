"""Draw how far the explanations of a model agree."""

from lucidag.explain.agreement.agreement import agreement_order
from lucidag.explain.agreement.images import methods_of, read_images
from lucidag.explain.store import titles_of
from lucidag.figures.agreement_curves import agreement_curves
from lucidag.figures.explanations import side_by_side
from lucidag.figures.heat_map import heat_map
from lucidag.figures.style import save
from lucidag.ground.job import job
from lucidag.ground.tables import read_table

with job(snakemake):
    settings, model = snakemake.params.settings, snakemake.wildcards.model
    images = read_images(snakemake.input.maps, settings["methods"])
    methods, titles, confidence = methods_of(images), titles_of(images), settings["confidence"]
    order = agreement_order(read_table(snakemake.input.pairs))
    summary = read_table(snakemake.input.summary)
    figures = {
        "side_by_side": side_by_side(images, methods, order, f"{model}: from agreement to disagreement"),
        "heat_map": heat_map(summary, methods, confidence, titles),
        "curves": agreement_curves(summary, methods, confidence, titles),
    }
    for name, fig in figures.items():
        save(fig, snakemake.output[name], snakemake.output[f"{name}_pdf"], true_colour=True)
