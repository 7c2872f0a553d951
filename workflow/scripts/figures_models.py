"""Draw the confusion matrix of one model on the test split, and the course of its training."""

import numpy as np

from lucidag.figures.confusion import confusion
from lucidag.figures.history import history
from lucidag.figures.style import note, save
from lucidag.ground.files import read_json
from lucidag.ground.job import job
from lucidag.models.history import read_history

with job(snakemake):
    evaluation, out = read_json(snakemake.input.evaluation), snakemake.output
    if "test" in evaluation:
        counts = np.array(evaluation["test"]["confusion"], dtype=np.int64)
        fig = confusion(counts, read_json(snakemake.input.dataset)["classes"])
    else:
        fig = note("This data set has no test split.")
    save(fig, out.confusion, out.confusion_pdf)
    for file in snakemake.input.history:
        save(history(read_history(file)), out.history, out.history_pdf)
