"""Draw how far the explanations of a model agree, and how they are graded by masks."""

from typing import TYPE_CHECKING

from lucidag.explain.agreement.images import joined, methods_of
from lucidag.explain.agreement.order import agreement_order
from lucidag.explain.store import read_explained
from lucidag.figures.agreement_curves import agreement_curves
from lucidag.figures.heat_map import heat_map
from lucidag.figures.side_by_side import side_by_side
from lucidag.figures.style import save
from lucidag.figures.truth import truth
from lucidag.ground.job import job
from lucidag.ground.tables import read_table

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake

with job(snakemake):
    model, confidence = snakemake.wildcards.model, snakemake.params.settings["confidence"]
    cam, lime = (
        [image for file in snakemake.input.get(stage, []) for image in read_explained(file)]
        for stage in ("cam", "lime")
    )
    frames = joined(cam, lime)
    methods = methods_of(frames)
    order = agreement_order(read_table(snakemake.input.pairs))
    summary = read_table(snakemake.input.summary)
    figures = {
        "side_by_side": side_by_side(frames, methods, order, f"{model}: from agreement to disagreement"),
        "heat_map": heat_map(summary, methods, confidence),
        "curves": agreement_curves(summary, methods, confidence),
        "truth": truth(read_table(snakemake.input.truth_summary), confidence),
    }
    for name, fig in figures.items():
        save(fig, snakemake.output[name], snakemake.output[f"{name}_pdf"])
