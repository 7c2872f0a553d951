"""Say what each factor of each family does to each outcome."""

from lucidag.experiments.families import effects_of_families, seeds_of_families
from lucidag.experiments.sentences import sentences
from lucidag.ground.files import read_json, write_json
from lucidag.ground.job import job, say
from lucidag.ground.tables import read_table, write_table

with job(snakemake):
    settings = snakemake.params.settings
    table, about = read_table(snakemake.input.table), read_json(snakemake.input.about)
    asked = settings["families"], settings["outcomes"], settings["confidence"]
    found = effects_of_families(table, about, *asked)
    told = [*sentences(found.table), *seeds_of_families(table, about, *asked)]
    for each in [*found.left_out, *(each["sentence"] for each in told if each["outcome"] == settings["outcomes"][0])]:
        say(each)
    write_table(snakemake.output.factors, found.table)
    write_json(snakemake.output.sentences, {"sentences": told, "notes": [*found.notes, *found.left_out]})
