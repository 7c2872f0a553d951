"""Embed the images of a probe set and the words that its units may be called."""

from pathlib import Path

from lucidag.data.manifest import read_manifest
from lucidag.ground.device import lease
from lucidag.ground.job import job
from lucidag.units.clip.embeddings import write_embeddings
from lucidag.units.clip.encoder import embed_images, embed_texts, load_clip
from lucidag.units.clip.settings import Embedding
from lucidag.units.evidence import Evidence
from lucidag.units.labels.concepts import categories_of, chosen_concepts

with job(snakemake):
    settings, asked = snakemake.params.settings, Embedding.picked(snakemake.params.settings)
    manifest = read_manifest(snakemake.input.dataset[0])
    rows = manifest.rows_of(settings["splits"])
    concepts = chosen_concepts(settings["concepts"], manifest.classes, manifest.concepts)
    folder = Path(snakemake.output.about).parent
    # Beside the results of single data sets: kept by content, so that other words leave the images alone.
    cache = folder.parent / ".cache"
    trained = snakemake.input.get("weights")
    with lease(snakemake.resources.gpu) as device:
        clip = load_clip(asked.architecture, str(Path(trained).parent) if trained else asked.weights, device)
        images = embed_images(clip, manifest, rows, cache, asked.batch_size, snakemake.threads)
        texts = embed_texts(clip, concepts, asked.template, cache, threads=snakemake.threads)
    ids = tuple(manifest.table["image"].iloc[rows])
    known = categories_of(concepts, manifest.concepts)
    write_embeddings(folder, Evidence(concepts, known, ids, images, texts), {"digest": clip.digest})
