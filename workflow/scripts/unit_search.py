"""Find the units whose top images are most like some words, in all dissected layers of a model."""

from pathlib import Path

from lucidag.ground.device import lease
from lucidag.ground.job import job
from lucidag.ground.tables import write_table
from lucidag.units.clip.encoder import embed_texts, load_clip
from lucidag.units.clip.settings import Embedding
from lucidag.units.effects.settings import Units
from lucidag.units.labels.unit_search import read_unit_embeddings, search_layers

with job(snakemake):
    settings = Units.picked(snakemake.params.settings)
    asked = Embedding.picked(snakemake.params.settings)
    trained = snakemake.input.get("weights")
    with lease(snakemake.resources.gpu) as device:
        clip = load_clip(asked.architecture, str(Path(trained).parent) if trained else asked.weights, device)
        texts = embed_texts(clip, settings.search, asked.template, threads=snakemake.threads)
    layers = read_unit_embeddings(snakemake.input.embeddings)
    write_table(snakemake.output.table, search_layers(layers, settings.search, texts))
