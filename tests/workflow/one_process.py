"""Run the scripts of a plan of Snakemake's in this one process, so that torch is imported once and not for every job.

Arguments: a configuration, and the targets. Nothing is removed: what would be is left to look at.
"""

import runpy
import sys
from pathlib import Path
from types import SimpleNamespace

from snakemake.api import SnakemakeApi
from snakemake.settings.types import ConfigSettings, DAGSettings, OutputSettings, Quietness, ResourceSettings


def main(configuration: str, targets: set[str]) -> None:
    """Plan with Snakemake, then run the script of each job that is needed, each after those that it waits for."""
    with SnakemakeApi(OutputSettings(quiet={Quietness.ALL}, dryrun=True)) as api:
        workflow = api.workflow(
            ResourceSettings(cores=2),
            config_settings=ConfigSettings(configfiles=[Path(configuration)]),
            snakefile=Path("Snakefile"),
        )
        workflow.dag(DAGSettings(targets=targets)).execute_workflow(executor="dryrun")
        dag = workflow._workflow.dag
        for job in [job for level in dag.toposorted() for job in level if dag.needrun(job)]:
            task = SimpleNamespace(
                **{name: getattr(job, name) for name in ("input", "output", "params", "wildcards", "log")},
                rule=job.rule.name,
                resources=SimpleNamespace(gpu=0),
                threads=2,
            )
            runpy.run_path(f"workflow/scripts/{Path(job.rule.script).name}", init_globals={"snakemake": task})


if __name__ == "__main__":
    main(sys.argv[1], set(sys.argv[2:]))
