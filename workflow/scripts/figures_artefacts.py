"""Draw the audit of a data set: what goes with the class, how good the finders are, what they found."""

from lucidag.artefacts.examples import shown_examples
from lucidag.data.images import Images
from lucidag.data.manifest import read_manifest
from lucidag.figures.artefacts import examples, grades, odds
from lucidag.figures.style import save
from lucidag.ground.files import read_json
from lucidag.ground.job import job
from lucidag.ground.tables import read_table

with job(snakemake):
    settings, out = snakemake.params.settings, snakemake.output
    found = read_json(snakemake.input.audit)
    manifest = read_manifest(snakemake.input.dataset[0])
    rows, read = read_table(snakemake.input.images), Images(manifest).read
    shown = shown_examples(rows, found["finders"], manifest.table, read, settings["examples"])
    save(odds(found["associations"], settings["confidence"]), out.odds, out.odds_pdf)
    save(grades(found["finders"], settings["confidence"]), out.grades, out.grades_pdf)
    save(examples(shown), out.examples, out.examples_pdf)
