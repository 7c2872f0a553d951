"""The jobs of a configuration as Snakemake plans them, each as its script sees it."""

from collections.abc import Collection
from pathlib import Path
from types import SimpleNamespace

from snakemake.api import SnakemakeApi
from snakemake.settings.types import ConfigSettings, DAGSettings, OutputSettings, Quietness, ResourceSettings


def planned(configuration: str, targets: Collection[str] | None = None) -> list[SimpleNamespace]:
    """Return the jobs that targets need, or all jobs done or not, each after those that it waits for; `script` too."""
    asked = DAGSettings(forceall=True) if targets is None else DAGSettings(targets=set(targets))
    with SnakemakeApi(OutputSettings(quiet={Quietness.ALL}, dryrun=True)) as api:
        workflow = api.workflow(
            ResourceSettings(cores=2),
            config_settings=ConfigSettings(configfiles=[Path(configuration)]),
            snakefile=Path("Snakefile"),
        )
        workflow.dag(asked).execute_workflow(executor="dryrun")
        dag = workflow._workflow.dag
        return [
            SimpleNamespace(
                **{name: getattr(job, name) for name in ("input", "output", "params", "wildcards", "log")},
                rule=job.rule.name,
                script=Path(job.rule.script).name,
                resources=SimpleNamespace(gpu=0),
                threads=int(job.threads),
            )
            for level in dag.toposorted()
            for job in level
            if job.rule.script and dag.needrun(job)
        ]
