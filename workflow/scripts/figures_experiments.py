"""Draw the models of one family."""

from lucidag.experiments.families import changed_of, measured_of
from lucidag.figures.experiments import by_factor, courses, paper_table
from lucidag.figures.style import save
from lucidag.ground.files import read_json
from lucidag.ground.job import job
from lucidag.ground.tables import read_table
from lucidag.models.history import read_history

with job(snakemake):
    settings, out = snakemake.params.settings, snakemake.output
    models, about = settings["models"], read_json(snakemake.input.about)
    table = read_table(snakemake.input.table).set_index("model").loc[models]
    outcomes, changed = measured_of(table, settings["outcomes"]), changed_of(about, models)
    trained = [model for model in models if about["models"][model]["status"] != "imported"]
    histories = dict(zip(trained, map(read_history, snakemake.input.histories), strict=True))
    save(by_factor(table, changed, outcomes), out.factors, out.factors_pdf)
    save(paper_table(table, changed, outcomes), out.table, out.table_pdf)
    save(courses(histories, table["block"].to_dict()), out.curves, out.curves_pdf)
