"""Train a small CLIP on drawn scenes, and ask it for what images that it has not seen show."""

from pathlib import Path

import pandas as pd

from lucidag.data.manifest import read_manifest
from lucidag.ground.device import lease
from lucidag.ground.files import write_json
from lucidag.ground.job import job
from lucidag.ground.tables import write_table
from lucidag.units.clip.encoder import load_clip
from lucidag.units.clip.settings import Training
from lucidag.units.clip.train_clip import save_clip, small_config, train_clip
from lucidag.units.clip.zero_shot import zero_shot

with job(snakemake):
    asked = Training.picked(snakemake.params.settings)
    manifest = read_manifest(snakemake.input.dataset[0])
    folder = Path(snakemake.output.weights).parent
    with lease(snakemake.resources.gpu) as device:
        config = small_config(asked.image_size, asked.width)
        model, losses = train_clip(manifest, manifest.rows("train"), config, asked, device)
        save_clip(folder, model, config, {"settings": snakemake.params.settings})
        # Loaded as a published one is: what is measured is what others will use.
        found = zero_shot(load_clip("", str(folder), device), manifest, manifest.rows("test"))
    write_table(snakemake.output.history, pd.DataFrame({"batch": range(1, len(losses) + 1), "loss": losses}))
    write_json(snakemake.output.zero_shot, found)
