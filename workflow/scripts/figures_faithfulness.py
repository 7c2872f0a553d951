"""Draw how faithful the explanations of one model are: ranking with intervals, and the curves behind it."""

from lucidag.explain.store import read_titles
from lucidag.figures.faithfulness import curves, ranking
from lucidag.figures.style import save
from lucidag.ground.job import job
from lucidag.ground.tables import read_table

with job(snakemake):
    ranked, out = read_table(snakemake.input.ranking), snakemake.output
    points, titles = read_table(snakemake.input.curves), read_titles(snakemake.input.maps)
    confidence = snakemake.params.settings["confidence"]
    save(ranking(ranked, confidence, titles), out.ranking, out.ranking_pdf)
    save(curves(points, list(dict.fromkeys(ranked["method"])), titles), out.curves, out.curves_pdf)
