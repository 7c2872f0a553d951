"""Draw the images and mean maps of the kinds that a discovery proposes."""

import numpy as np

from lucidag.data.images import Images
from lucidag.data.manifest import read_manifest
from lucidag.figures.discovery import Row, discovery, typical
from lucidag.figures.style import save
from lucidag.ground.files import read_json
from lucidag.ground.job import job
from lucidag.ground.tables import read_table

with job(snakemake):
    settings, found = snakemake.params.settings, read_json(snakemake.input.report)
    manifest = read_manifest(snakemake.input.dataset[0])
    images, read = read_table(snakemake.input.images), Images(manifest).read
    rows = {image: row for row, image in enumerate(manifest.table["image"])}
    proposals = {}
    for number, means in enumerate(found["mean_maps"], start=1):
        name = images.loc[images["proposal"] == number, "name"].iloc[0]
        proposals[f"proposal {number}, taken for '{name}'"] = [
            Row(
                words,
                np.array(means[words]),
                [read(rows[each]) for each in typical(images, number, words == "members", settings["examples"])],
            )
            for words in ("members", "rest")
        ]
    save(discovery(proposals), snakemake.output.png, snakemake.output.pdf)
