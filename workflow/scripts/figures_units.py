"""Draw the sheet of a model's units: their top images, their regions, their labels."""

from lucidag.data.manifest import read_manifest
from lucidag.figures.style import save
from lucidag.figures.units import unit_sheet
from lucidag.ground.device import lease
from lucidag.ground.job import job
from lucidag.models.trained import open_trained
from lucidag.units.compare.sheet_images import unit_rows
from lucidag.units.compare.sheet_units import chosen_units
from lucidag.units.labels.unit_tables import read_units
from lucidag.units.passes.probe_set import probe_rows
from lucidag.units.passes.unit_statistics import read_statistics
from lucidag.units.settings import UnitSheet

with job(snakemake):
    settings = snakemake.params.settings
    sheet = UnitSheet.model_validate(settings["sheet"])
    manifest = read_manifest(snakemake.input.dataset[0])
    statistics = read_statistics(snakemake.input.statistics)
    tables = {layer: read_units(file) for layer, file in zip(settings["layers"], snakemake.input.tables, strict=True)}
    chosen = chosen_units(sheet.units, tables)
    network, _ = open_trained(settings, snakemake.input.checkpoint)
    with lease(snakemake.resources.gpu) as device:
        rows = unit_rows(
            network,
            manifest,
            probe_rows(manifest, settings["splits"])[0],
            statistics,
            tables,
            chosen,
            sheet.images,
            device=device,
            threads=snakemake.threads,
        )
    title = f"{snakemake.wildcards.model}: units and the images that activate them most"
    save(unit_sheet(rows, title), snakemake.output.png, snakemake.output.pdf)
