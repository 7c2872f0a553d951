"""The table of experiments as runs of MLflow, in its file store, for teams that look there.

One run is one model: settings are its parameters, outcomes its metrics, the course of its training metrics by epoch.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from lucidag import __version__
from lucidag.experiments.table import IMPORTED, TRAINED
from lucidag.ground.digest import digest_of
from lucidag.ground.errors import InputError, one_line
from lucidag.ground.files import read_json
from lucidag.ground.surroundings import environment
from lucidag.ground.tables import read_table
from lucidag.models.history import NUMBERS, read_history

DIGEST = "lucidag.digest"
MODEL = "lucidag.model"
LONGEST = 6000  # characters of a parameter that MLflow takes
WORDS = ("model", "family", "block", "status", "ended", "data", "code")
# Without them MLflow refuses a store of files, and sends word of its use to its makers.
SURROUNDINGS = {"MLFLOW_ALLOW_FILE_STORE": "true", "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}

Client = Any  # the library is not there to be asked for its types


@dataclass(frozen=True)
class Metric:
    """One value, of an epoch or of the whole."""

    name: str
    value: float
    step: int = 0


@dataclass(frozen=True)
class Run:
    """What is said of one model."""

    model: str
    finished: bool
    params: Mapping[str, str]
    metrics: tuple[Metric, ...]
    tags: Mapping[str, str]
    files: tuple[Path, ...]
    milliseconds: int  # since 1970, when its table was written

    @property
    def digest(self) -> str:
        """What changes when anything of it does but the time."""
        metrics = [[each.name, each.value, each.step] for each in self.metrics]
        words = {"finished": self.finished, "params": dict(self.params), "metrics": metrics}
        return digest_of(words, self.tags, self.files)


def write_runs(results: str | Path, store: str | Path, experiment: str) -> tuple[int, int]:
    """Write a run for each model of ``experiments.csv`` into a file store of MLflow.

    A second time it writes only runs whose model has changed, and deletes the ones that they take the place of.

    Parameters
    ----------
    results
        The folder of results.
    store
        The folder of the store, made if it is not there; ``mlflow ui --backend-store-uri`` takes it.
    experiment
        Name of the experiment that the runs belong to.

    Returns
    -------
    tuple
        How many runs were written, and how many were there already.

    Raises
    ------
    InputError
        If there is no table of experiments, if the store cannot be written, or if the library is not installed.
    """
    runs = list(runs_of(Path(results)))
    with environment(SURROUNDINGS):
        client = _client(Path(store))
        from mlflow.exceptions import MlflowException

        try:
            number = _experiment(client, experiment)
            written = sum(_write(client, number, run) for run in runs)
        except OSError as error:
            raise InputError(f"{store} could not be written: {error.strerror or error}") from error
        except MlflowException as error:
            raise InputError(f"{store}: MLflow says: {one_line(str(error))}") from error
    return written, len(runs) - written


def runs_of(results: Path) -> Iterator[Run]:
    """Yield what is said of each model in the table of experiments.

    Raises
    ------
    InputError
        If there is no such table.
    """
    table, about = results / "experiments.csv", results / "experiments.json"
    for file in (table, about):
        if not file.is_file():
            raise InputError(f"{file} is not there: `snakemake experiments` makes it")
    frame, models = read_table(table), read_json(about)["models"]
    written = int(table.stat().st_mtime * 1000)
    for row in frame.to_dict("records"):
        model = str(row["model"])
        known, folder = models[model], results / "models" / model
        files = [folder / name for name in ("evaluation.json", "history.csv", "import.json")]
        files.append(results / "rof" / model / "turning_points.json")
        tags = {f"lucidag.{name}": str(row[name]) for name in WORDS if row.get(name)}
        yield Run(
            model=model,
            finished=row["status"] in (TRAINED, IMPORTED),
            params=_params(known),
            metrics=(*_outcomes(row), *_course(folder / "history.csv")),
            tags={**tags, "lucidag.version": __version__},
            files=tuple(file for file in files if file.is_file()),
            milliseconds=written,
        )


def _params(known: Mapping[str, Any]) -> dict[str, str]:
    """Return all settings by their key paths, those of the data set that differ within the family with them."""
    found = {**dict(_leaves(known["settings"])), **known["changed"]}
    words = {key: value if isinstance(value, str) else json.dumps(value) for key, value in found.items()}
    return {_name(key): value[:LONGEST] for key, value in words.items()}


def _leaves(section: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in section.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, f"{path}{key}.")
        else:
            yield f"{path}{key}", value


def _outcomes(row: Mapping[Any, Any]) -> Iterator[Metric]:
    for name, value in row.items():
        number = not isinstance(value, bool) and isinstance(value, int | float)
        if number and str(name) not in WORDS and pd.notna(value):
            yield Metric(_name(str(name)), float(value))


def _course(history: Path) -> Iterator[Metric]:
    if not history.is_file():
        return
    for row in read_history(history).to_dict("records"):
        for name in NUMBERS[1:]:
            if pd.notna(row[name]):
                yield Metric(f"history.{name}", float(row[name]), int(row["epoch"]))


def _name(text: str) -> str:
    """Return a name that MLflow takes, and that is no folder of another: it makes folders of ``/``, files of names."""
    return re.sub(r"[^\w\-. ]", "_", text.replace(":", ".").replace("+", "plus"))


def _client(store: Path) -> Client:
    try:
        from mlflow import MlflowClient  # here, as an optional package
    except ImportError as error:
        raise InputError(
            "runs of MLflow take the package mlflow-skinny, which is not installed (the extra `tracking`)"
        ) from error
    if store.exists() and not store.is_dir():
        raise InputError(f"{store} is a file, not the folder of a store")
    return MlflowClient(tracking_uri=store.resolve().as_uri())


def _experiment(client: Client, name: str) -> str:
    found = client.get_experiment_by_name(name)
    return client.create_experiment(name) if found is None else str(found.experiment_id)


def _write(client: Client, experiment: str, run: Run) -> bool:
    """Write a run unless it is there; return whether it was written."""
    from mlflow.entities import Metric as Value
    from mlflow.entities import Param

    old = list(client.search_runs([experiment], f"tags.`{MODEL}` = '{run.model}'"))
    digest = run.digest
    if any(each.data.tags.get(DIGEST) == digest and each.info.end_time for each in old):
        return False
    tags = {**run.tags, DIGEST: digest, "mlflow.source.name": "lucidag"}
    number = str(client.create_run(experiment, run.milliseconds, tags, run.model).info.run_id)
    values = [Value(each.name, each.value, run.milliseconds, each.step) for each in run.metrics]
    params = [Param(key, value) for key, value in run.params.items()]
    for start in range(0, max(len(values), len(params)), 100):  # as many as MLflow takes at once
        client.log_batch(number, values[start : start + 100], params[start : start + 100])
    for file in run.files:
        client.log_artifact(number, str(file))
    client.set_terminated(number, "FINISHED" if run.finished else "FAILED", run.milliseconds)
    for each in old:
        client.delete_run(each.info.run_id)
    return True
