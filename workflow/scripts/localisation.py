"""Grade each method by the masks of a model's images."""

from lucidag.explain.agreement.images import read_images
from lucidag.explain.agreement.localisation import localisation_table
from lucidag.explain.agreement.summary import localisation_summary
from lucidag.ground.job import job
from lucidag.ground.tables import write_table

with job(snakemake):
    settings = snakemake.params.settings
    images = read_images(snakemake.input.maps, settings["methods"])
    grades = localisation_table(images, settings["thresholds"], settings["seed"])
    interval = (settings["confidence"], settings["resamples"], settings["seed"])
    write_table(snakemake.output.grades, grades)
    write_table(snakemake.output.summary, localisation_summary(grades, *interval))
