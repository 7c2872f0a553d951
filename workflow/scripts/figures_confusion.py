"""Draw the confusion matrix of one model on the test split."""

import numpy as np

from lucidag.figures.confusion import confusion
from lucidag.figures.style import note, save
from lucidag.ground.files import read_json
from lucidag.ground.job import job

with job(snakemake):
    evaluation = read_json(snakemake.input.evaluation)
    if "test" in evaluation:
        counts = np.array(evaluation["test"]["confusion"], dtype=np.int64)
        fig = confusion(counts, read_json(snakemake.input.dataset)["classes"])
    else:
        fig = note("This data set has no test split.")
    save(fig, snakemake.output.png, snakemake.output.pdf)
