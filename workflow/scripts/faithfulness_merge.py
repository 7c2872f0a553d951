"""Join what was measured of some images each, and compare the methods over all of them."""

from pathlib import Path
from tempfile import TemporaryDirectory

from lucidag.explain.agreement.images import read_images
from lucidag.explain.faithfulness.floors import of_different_images
from lucidag.explain.faithfulness.metrics import CURVE_COLUMNS
from lucidag.explain.faithfulness.settings import RANDOMISATION
from lucidag.explain.faithfulness.summary import write_summary
from lucidag.ground.job import job, say
from lucidag.ground.join import join_rows
from lucidag.ground.tables import write_rows

with job(snakemake), TemporaryDirectory() as folder:
    settings, out = snakemake.params.settings, snakemake.output
    measuring, parts = settings["measuring"], list(snakemake.input.curves)
    if RANDOMISATION in measuring["metrics"]:
        points = of_different_images(read_images(snakemake.input.maps, settings["methods"]), measuring["seed"])
        parts.append(str(Path(folder) / "other_images.csv"))
        write_rows(parts[-1], CURVE_COLUMNS, map(vars, points))
    join_rows(out["values"], snakemake.input["values"])
    join_rows(out.curves, parts)
    interval = (settings["confidence"], settings["resamples"], measuring["seed"], settings["hand_picked"])
    for sentence in write_summary(out, *interval):
        say(f"faithfulness of the methods of {snakemake.wildcards.model}: {sentence}")
