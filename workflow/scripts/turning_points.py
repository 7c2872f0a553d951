"""Find the turning points of one model's sweeps, and the roles of its units."""

from lucidag.ground.files import write_json
from lucidag.ground.job import job, say
from lucidag.ground.tables import read_table, write_table
from lucidag.rof.points import points_table
from lucidag.rof.roles import judged_roles
from lucidag.rof.settings import Rof
from lucidag.rof.tables import read_draws
from lucidag.rof.turning import turning_report

with job(snakemake):
    settings = Rof.picked(snakemake.params.settings)
    sweep = read_table(snakemake.input.sweep)
    write_table(snakemake.output.points, points_table(sweep, settings.ranking, settings.points))
    selection, draws = read_table(snakemake.input.selection), read_draws(snakemake.input.bootstrap)
    report = turning_report(sweep, selection, draws, settings.confidence, settings.margin)
    if report["selection_reason"] is not None:
        say(f"retrieval of function of {snakemake.wildcards.model}: {report['selection_reason']}")
    how = settings.ranking, settings.role_metric, settings.margin, draws
    units, shares = judged_roles(read_table(snakemake.input.ranking), sweep, *how, confidence=settings.confidence)
    write_json(snakemake.output.turning_points, report | {"roles": shares})
    write_table(snakemake.output.roles, units)
