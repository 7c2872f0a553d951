"""Grade each method by the masks of a model's images."""

from lucidag.explain.agreement.images import read_images
from lucidag.explain.agreement.localisation import localisation_table
from lucidag.explain.agreement.nothing import not_graded
from lucidag.explain.agreement.summary import localisation_summary
from lucidag.explain.no_class import marked, without_class
from lucidag.ground.job import job, say
from lucidag.ground.tables import write_table

with job(snakemake):
    settings = snakemake.params.settings
    images = read_images(snakemake.input.maps, settings["methods"])
    grades = localisation_table(images, settings["thresholds"], settings["seed"])
    for sentence in not_graded(images, grades):
        say(f"localisation by the methods of {snakemake.wildcards.model}: {sentence}")
    interval = (settings["confidence"], settings["resamples"], settings["seed"], settings["hand_picked"])
    free = without_class(images)
    write_table(snakemake.output.grades, marked(grades, free))
    write_table(snakemake.output.summary, marked(localisation_summary(grades, *interval), free))
