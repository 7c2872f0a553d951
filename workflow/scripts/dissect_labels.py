"""Label the units of one layer by every method, and rank them."""

from collections.abc import Sequence
from pathlib import Path

from lucidag.data.manifest import read_manifest
from lucidag.ground.files import read_json, write_json
from lucidag.ground.job import job
from lucidag.ground.pairs import check_same
from lucidag.ground.tables import write_table
from lucidag.units.clip.embeddings import read_embeddings
from lucidag.units.labels.annotations import annotate
from lucidag.units.labels.class_columns import chosen_columns
from lucidag.units.labels.layer import clip_labels, label_layer, untrained_labels
from lucidag.units.labels.ranking import inside, measure_correlations, rank_units, sparseness
from lucidag.units.labels.tested import judged_layer
from lucidag.units.labels.truth import known_truth
from lucidag.units.labels.unit_tables import write_units
from lucidag.units.passes.overlaps import read_overlaps
from lucidag.units.passes.probe_set import probe_rows, top_note
from lucidag.units.passes.unit_statistics import read_activations, read_statistics
from lucidag.units.settings import Labelling

with job(snakemake):
    settings, layer = Labelling.picked(snakemake.params.settings), snakemake.wildcards.layer
    asked = settings.clip_dissect
    statistics = read_statistics(snakemake.input.statistics)
    units, activations = statistics.layers[layer], read_activations(snakemake.input.activations, statistics, layer)
    overlaps = None
    if snakemake.input.get("overlaps") and statistics.has_maps(layer):
        overlaps = read_overlaps(snakemake.input.overlaps)
    clip = control = evidence = None
    manifest = read_manifest(snakemake.input.dataset[0])
    rows, note = probe_rows(manifest, settings.splits)
    known: dict[str, Sequence[str]] = {}
    notes: list[str] = []
    if snakemake.output.untrained:
        twin = read_statistics(snakemake.input.untrained_statistics)
        shown = twin.layers[layer], read_activations(snakemake.input.untrained_activations, twin, layer)
    if asked is not None:
        classes = read_json(snakemake.input.classes)["classes"]
        if asked.evidence == "clip":
            evidence = read_embeddings(Path(snakemake.input.embeddings[0]).parent)
        else:
            chosen = chosen_columns(manifest, rows, asked.columns, classes)
            known, notes = {"columns": chosen.columns, "circular": chosen.circular}, [note, *chosen.notes]
            evidence = annotate(manifest, rows, chosen.columns)
        check_same(evidence.ids, statistics.images, "what is known of the images", snakemake.input.statistics)
        graded = classes if not statistics.has_maps(layer) and len(classes) == len(units.mean) else None
        labels, about = clip_labels(units, activations, evidence, asked, graded, settings.confidence, snakemake.threads)
        clip = labels, about | known
        notes.append(top_note(units.top.shape[1], len(statistics.images)))
        if snakemake.output.untrained:
            control = clip_labels(*shown, evidence, asked, None, settings.confidence, snakemake.threads)
    table, about = label_layer(clip, overlaps, layer, settings)
    truth = known_truth(manifest, rows, settings.seed)
    tested = None
    for file in snakemake.output.untrained:
        pixels = None if overlaps is None else read_overlaps(snakemake.input.untrained_overlaps)
        tested = untrained_labels(control, pixels, layer, settings)
        tested = judged_layer(tested, *shown, evidence, pixels, layer, truth, settings, untrained=True)
        write_units(file, tested)
    table = judged_layer(table, units, activations, evidence, overlaps, layer, truth, settings, tested)
    masks = (None, None) if overlaps is None else inside(overlaps, layer, table)
    ranked = rank_units(units.mean, units.peak, sparseness(activations), *masks)
    write_units(snakemake.output.table, table)
    write_table(snakemake.output.ranking, ranked)
    notes = [note for note in notes if note]
    print(*notes, sep="\n")
    found = {"layer": layer, "methods": about, "correlations": measure_correlations(ranked), "notes": notes}
    write_json(snakemake.output.about, found)
