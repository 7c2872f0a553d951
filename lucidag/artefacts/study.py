"""Networks and an artefact: do those that could learn the shortcut look at it, and decide by it?"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lucidag.artefacts.changes import against_control
from lucidag.artefacts.on_artefacts import by_method, difference, on_artefacts
from lucidag.artefacts.paste import paste, remove
from lucidag.artefacts.removal import probabilities
from lucidag.artefacts.study_settings import UNTRAINED, WITH, WITHOUT
from lucidag.data.images import Images
from lucidag.data.manifest import Manifest
from lucidag.explain.methods.explainer import Explainer
from lucidag.ground.errors import InputError
from lucidag.ground.progress import track
from lucidag.ground.spelling import check_known
from lucidag.models.network import Network
from lucidag.models.reproducible import mix, reproducible
from lucidag.models.trained import open_trained
from lucidag.models.untrained import untrained_twin

Explain = Callable[[str], Sequence[Explainer]]


def clean_images(
    manifest: Manifest, split: str, clean: Mapping[str, str], count: int, seed: int
) -> dict[str, NDArray[np.uint8]]:
    """Draw images of a split that show no artefact, by image id: see `lucidag.ground.statistics.stratified`.

    Parameters
    ----------
    manifest, split
        The data set and the split.
    clean
        Column to the value that an image must have.
    count
        How many, at most.
    seed
        Of the draw.

    Raises
    ------
    InputError
        If a column does not exist, or there are fewer than two such images.
    """
    rows = manifest.rows(split)
    for column, value in clean.items():
        check_known("column", column, manifest.metadata, manifest.file)
        rows = rows[(manifest.table[column].iloc[rows] == value).to_numpy()]
    if len(rows) < 2:
        words = ", ".join(f"{column} = {value}" for column, value in clean.items())
        raise InputError(f"{manifest.file}: {len(rows)} images of split '{split}' have {words}; it takes 2 at least")
    frames, images = Images(manifest), manifest.table["image"]
    return {str(images.iloc[row]): frames.read(int(row)) for row in manifest.drawn(rows, seed)[:count]}


def open_networks(
    settings: Mapping[str, Mapping[str, Any]], checkpoints: Sequence[str]
) -> tuple[dict[str, Network], list[str]]:
    """Open networks with their weights, and give the names of their classes.

    Parameters
    ----------
    settings
        By model, how its network is made.
    checkpoints
        Files with their weights, in the same order.

    Raises
    ------
    InputError
        If they have not the same classes.
    """
    opened = {name: open_trained(own, file) for (name, own), file in zip(settings.items(), checkpoints, strict=True)}
    (first, (_, known)), *others = opened.items()
    for name, (_, names) in others:
        if names != known:
            raise InputError(f"models '{first}' and '{name}' have not the same classes: {known} and {names}")
    return {name: network for name, (network, _) in opened.items()}, known


def untrained_networks(
    networks: Mapping[str, Network],
    settings: Mapping[str, Mapping[str, Any]],
    manifest: Manifest,
    seed: int,
    device: str = "cpu",
    threads: int = 2,
) -> dict[str, tuple[str, Network]]:
    """Build the untrained twin of each network, adapted to the images that networks learn from.

    Parameters
    ----------
    networks, settings
        By name, the networks and how they are made.
    manifest
        The data set; its ``train`` images are taken, or all where it has none.
    seed
        Of the weights; each twin draws its own.
    device, threads
        How to compute.

    Returns
    -------
    The name of each twin, to the name of its network and the twin.
    """
    splits = manifest.splits()
    rows = manifest.rows_of(["train"] if "train" in splits else splits)
    return {
        f"{name} {UNTRAINED}": (
            name,
            untrained_twin(settings[name], len(manifest.classes), manifest, rows, mix(seed, index), device, threads),
        )
        for index, name in enumerate(networks)
    }


def target_indices(
    artefacts: Mapping[str, str], classes: Sequence[str], key: str = "shortcuts: artefacts"
) -> dict[str, int]:
    """Give the index of the class that each artefact goes with; `key` is where the configuration says it.

    Raises
    ------
    InputError
        If a class does not exist.
    """
    for artefact, name in artefacts.items():
        check_known("class", name, classes, f"{key}.{artefact}")
    return {artefact: list(classes).index(name) for artefact, name in artefacts.items()}


def show_artefacts(
    networks: Mapping[str, Network],
    frames: Mapping[str, NDArray[np.uint8]],
    targets: Mapping[str, int],
    explain: Explain,
    seed: int,
    device: str = "cpu",
    threads: int = 2,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Paste artefacts into images, and ask networks what they see in them.

    Parameters
    ----------
    networks
        By name, each with its weights, of the same classes.
    frames
        uint8 H x W x 3 by image id, without the artefacts.
    targets
        By artefact (see `lucidag.artefacts.paste.KINDS`) the class whose probability and whose explanation are taken.
    explain
        Gives the explainers of a network by its name.
    seed
        Of the artefacts' places and colours: the same for all networks.
    device, threads
        How to compute; they change the numbers by rounding only.

    Returns
    -------
    relevance, probabilities
        model, then the columns of `lucidag.artefacts.on_artefacts`: one row per model, image, artefact and method. And
        model, image, artefact; the probability of the class ``before`` the artefact was pasted, ``after`` it, and
        with its place filled with its surroundings instead (``control``).
    """
    relevance, decisions = [], []
    with reproducible(device, threads):
        for name, network in networks.items():
            network.model.to(device).eval()
            explainers = explain(name)
            for number, (image, pixels) in enumerate(track(list(frames.items()), f"artefacts, {name}")):
                for artefact, target in targets.items():
                    pasted, mask = paste(pixels, artefact, seed + number)
                    x = network.inputs.normalise(network.inputs.prepare(pasted)[None].to(device))
                    asked = [each.of(image)(x, target) for each in explainers]
                    maps = {method: found[0] for each in asked for method, found in each.items()}
                    seen = on_artefacts(image, maps, {artefact: network.inputs.prepare_mask(mask)})
                    relevance.append(seen.assign(model=name))
                    shown = [pixels, pasted, remove(pixels, mask)]
                    before, after, control = probabilities(network, shown, target, device)
                    known = {"model": name, "image": image, "artefact": artefact}
                    decisions.append({**known, "before": before, "after": after, "control": control})
    table = pd.concat(relevance, ignore_index=True)
    return table[["model", *table.columns.drop("model")]], pd.DataFrame(decisions)


def summarise(
    relevance: pd.DataFrame,
    pasted: pd.DataFrame,
    taken_out: pd.DataFrame,
    arms: Mapping[str, Sequence[str]],
    confidence: float,
    resamples: int,
    seed: int,
) -> dict[str, Any]:
    """Summarise a study.

    Parameters
    ----------
    relevance, pasted
        The tables that `show_artefacts` gives.
    taken_out
        What `lucidag.artefacts.removal.take_out` gives.
    arms
        The networks trained ``with`` and ``without`` the shortcut, and the ``untrained`` ones if there are any.
    confidence, resamples, seed
        Of intervals over networks and images (see `lucidag.ground.statistics.crossed`); over images where an arm is one
        network.

    Returns
    -------
    dict
        ``models`` by arm; ``relevance``: by arm the rows of `lucidag.artefacts.on_artefacts.by_method`; ``difference``:
        its rows with less without, paired over images; ``changes`` and ``removal``: by arm and artefact what pasting it
        and taking it out do to the probability of the class (see `lucidag.artefacts.changes.against_control`).
    """
    interval = (confidence, resamples, seed)
    tables = {arm: relevance[relevance["model"].isin(names)] for arm, names in arms.items()}
    return {
        "models": {arm: list(names) for arm, names in arms.items()},
        "relevance": {arm: _records(by_method(table, *interval)) for arm, table in tables.items()},
        "difference": _records(difference(tables[WITH], tables[WITHOUT], *interval)),
        "changes": {arm: _changes(pasted, names, interval) for arm, names in arms.items()},
        "removal": {arm: _changes(taken_out, names, interval) for arm, names in arms.items()},
    }


def nothing_seen(summary: Mapping[str, Any]) -> list[str]:
    """Say what a study could not measure, and what helps; see `summarise`."""
    said = []
    alone = [names[0] for names in summary["models"].values() if len(names) == 1]
    if alone:
        said.append(
            f"one training an arm ({', '.join(alone)}): the intervals speak of other images and not of other "
            "trainings; `seeds` of three or more on each model make them do so"
        )
    for arm, rows in summary["relevance"].items():
        names = ", ".join(summary["models"][arm])
        empty = list(dict.fromkeys(row["method"] for row in rows if not row["images"]))
        if empty:
            said.append(
                f"{names}: the maps by {', '.join(empty)} are empty in every image with an artefact, so nothing is "
                "known of what they look at; another `layer` or settings of `lime` may show more"
            )
    if not any(summary["removal"].values()):
        said.append("no finder sees an artefact in an image of the split, so none is taken out: name another `split`")
    return said


def _changes(table: pd.DataFrame, names: Sequence[str], interval: tuple[float, int, int]) -> dict[str, Any]:
    parts = table[table["model"].isin(names)].groupby("artefact", sort=False)
    return {str(own): _change(part, interval) for own, part in parts}


def _change(part: pd.DataFrame, interval: tuple[float, int, int]) -> dict[str, Any]:
    before, after, control = (
        part.pivot(index="model", columns="image", values=column) for column in ("before", "after", "control")
    )
    return against_control(before, after, control, *interval)


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Give rows for JSON, which has no word for NaN: None."""
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    return [{str(key): value for key, value in row.items()} for row in rows]
