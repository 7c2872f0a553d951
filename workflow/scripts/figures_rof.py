"""Draw the sweep, the groups and the roles of one model."""

from lucidag.figures.curves import curves, rankings
from lucidag.figures.groups import groups, selection_bands
from lucidag.figures.roles import roles
from lucidag.figures.style import save
from lucidag.ground.files import read_json
from lucidag.ground.job import job
from lucidag.ground.tables import read_table
from lucidag.rof.settings import Rof

with job(snakemake):
    settings = Rof.picked(snakemake.params.settings)
    ranking, confidence = settings.ranking, settings.confidence
    sweep, bands = read_table(snakemake.input.sweep), read_table(snakemake.input.bands)
    points = read_json(snakemake.input.turning_points)
    for metric in ("accuracy", "loss"):
        fig = curves(sweep, bands, points["turning_points"], ranking, metric, confidence)
        save(fig, snakemake.output[metric], snakemake.output[f"{metric}_pdf"])

    save(rankings(sweep, bands, ranking, confidence), snakemake.output.rankings, snakemake.output.rankings_pdf)

    selection = read_table(snakemake.input.selection)
    wanted = (ranking, settings.select_metric)
    chosen = next((each for each in points["selection"] if (each["method"], each["metric"]) == wanted), None)
    of_test = read_json(snakemake.input.evaluation).get("test", {})
    sizes = {name: own["n"] for each in ("per_class", "per_group") for name, own in of_test.get(each, {}).items()}
    if len(selection):
        fig = groups(selection, selection_bands(selection), ranking, "train", chosen, confidence, sizes)
    else:
        fig = groups(sweep, bands, ranking, "test", None, confidence, sizes)
    save(fig, snakemake.output.groups, snakemake.output.groups_pdf)

    fig = roles(read_table(snakemake.input.roles), settings.role_metric, points["roles"])
    save(fig, snakemake.output.roles, snakemake.output.roles_pdf)
