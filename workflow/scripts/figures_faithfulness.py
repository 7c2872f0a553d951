"""Draw how faithful the explanations of one model are: ranking with intervals, and the curves behind it."""

from lucidag.explain.store import read_titles
from lucidag.figures.faithfulness import ranking
from lucidag.figures.faithfulness_curves import Bands, curves
from lucidag.figures.style import save
from lucidag.ground.job import job
from lucidag.ground.tables import read_table

with job(snakemake):
    ranked, out = read_table(snakemake.input.ranking), snakemake.output
    points, titles = read_table(snakemake.input.curves), read_titles(snakemake.input.maps)
    settings, floors = snakemake.params.settings, read_table(snakemake.input.floors)
    save(ranking(ranked, settings["confidence"], titles), out.ranking, out.ranking_pdf)
    methods = list(dict.fromkeys(ranked["method"]))
    save(curves(points, floors, methods, titles, Bands(**settings)), out.curves, out.curves_pdf)
