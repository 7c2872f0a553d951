"""A model's row in the table of experiments, from the files that its analyses wrote."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from lucidag.experiments.cells import Cells, missing
from lucidag.experiments.columns import PLAIN
from lucidag.experiments.of_explanations import of_agreement, of_artefacts, of_faithfulness, of_localisation
from lucidag.experiments.of_training import of_evaluation
from lucidag.experiments.of_units import of_dissection, of_retrieval
from lucidag.experiments.table import IMPORTED, TRAINED, Row
from lucidag.ground.checksums import Checksum
from lucidag.ground.digest import DIGITS
from lucidag.ground.files import read_json
from lucidag.ground.tables import read_table
from lucidag.models.diverged import divergence
from lucidag.models.history import read_history
from lucidag.models.keeping import summary

Files = Mapping[str, Mapping[str, str]]  # by kind and model; of layers by model and layer, of studies by study


def read_row(model: str, about: Mapping[str, Any], files: Files, settings: Mapping[str, Any]) -> Row:
    """Read what was measured of a model.

    Parameters
    ----------
    model
        Its name.
    about
        ``family``, ``block``, ``seed``, ``code`` (a digest), ``changed`` and ``settings`` (see
        `lucidag.experiments.table.Row`).
    files
        By kind, and by model: ``evaluation``, ``history``, ``manifest``, ``points``, ``sweep``, ``localisation``,
        ``agreement``, ``faithfulness``; ``layers`` by ``{model}/{layer}``, ``artefacts`` by study. A model without a
        file of a kind has no cell of it.
    settings
        ``confidence``; with ``points`` ``ranking`` and ``role_metric``, with ``artefacts`` ``resamples`` of bootstraps.
    """
    history = read_history(files["history"][model]) if model in files["history"] else None
    problem = None if history is None else divergence(history)
    cells = _cells(model, files, settings)
    if problem is not None:  # of weights that nobody asked for
        cells = dict.fromkeys((*PLAIN, *cells), missing(problem))
    status = IMPORTED if history is None else TRAINED if problem is None else "diverged"
    columns = {
        "model": model,
        **{key: about[key] for key in ("family", "block")},
        "status": status,
        "seed": about["seed"],
        **(dict.fromkeys(("epochs", "kept_epoch", "ended")) if history is None else summary(history)),
        "data": Checksum.of(files["manifest"][model]).sha256[:DIGITS],
        "code": about["code"],
    }
    return Row(columns, about["changed"], about["settings"], cells)


def _cells(model: str, files: Files, settings: Mapping[str, Any]) -> Cells:
    def table(kind: str) -> pd.DataFrame:
        return read_table(files[kind][model])

    cells = of_evaluation(read_json(files["evaluation"][model]))
    if model in files["points"]:
        points = read_json(files["points"][model])
        cells |= of_retrieval(points, table("sweep"), settings["ranking"], settings["role_metric"])
    layers = {key.partition("/")[2]: path for key, path in files["layers"].items() if key.startswith(f"{model}/")}
    cells |= of_dissection({layer: read_table(path) for layer, path in layers.items()}, settings["confidence"])
    cells |= of_localisation(table("localisation")) if model in files["localisation"] else {}
    cells |= of_agreement(table("agreement")) if model in files["agreement"] else {}
    cells |= of_faithfulness(table("faithfulness")) if model in files["faithfulness"] else {}
    for study, path in files["artefacts"].items():
        cells |= of_artefacts(study, model, read_table(path), settings["confidence"], settings["resamples"], 0)
    return cells
