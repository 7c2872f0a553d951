"""What stands in a column of the table of experiments: its words in a sentence, its unit, and its meaning."""

from collections.abc import Mapping
from dataclasses import dataclass

POINTS, NATS, NUMBER = "points", "nats", ""  # a share is told in points: hundredths


@dataclass(frozen=True)
class Column:
    """An outcome.

    Attributes
    ----------
    analysis
        Section of the configuration that measures it.
    title
        What a sentence calls it.
    unit
        `POINTS`, `NATS` or `NUMBER`.
    meaning
        Its definition.
    interval
        Whether ``{column}_low`` and ``{column}_high`` stand beside it.
    """

    analysis: str
    title: str
    unit: str
    meaning: str
    interval: bool = False


def _of_splits() -> dict[str, Column]:
    found = {}
    for split, name in (("train", "training"), ("val", "validation"), ("test", "test")):
        about = f"of the {name} split, with its 95 % interval over images (patients or lesions, where there are any)"
        found[f"{split}_accuracy"] = Column("models", f"{name} accuracy", POINTS, f"Accuracy {about}.", True)
        found[f"{split}_loss"] = Column("models", f"{name} loss", NATS, f"Mean cross-entropy {about}.", True)
    return found


def _of_curves() -> dict[str, Column]:
    found = {}
    for split, name in (("train", "training"), ("test", "test")):
        for metric in ("accuracy", "loss"):
            meaning = (
                f"Turning point n0 by {metric} on the {name} split, in the main ranking: see `turning_points.json`."
            )
            found[f"n0_{split}_{metric}"] = Column("rof", f"{name} turning point by {metric}", NUMBER, meaning, True)
    return found


def _of_roles() -> dict[str, Column]:
    names = {"both": "both splits", "train_only": "train alone", "test_only": "test alone", "neither": "neither split"}
    return {
        f"share_{role}": Column(
            "rof",
            f"share of units for {name}",
            POINTS,
            f"Share of units before the turning point on {name}, by `rof.role_metric`.",
            True,
        )
        for role, name in names.items()
    }


PLAIN: Mapping[str, Column] = {
    **_of_splits(),
    "worst_group_accuracy": Column(
        "models",
        "accuracy of the worst group",
        POINTS,
        "Test accuracy of the group where it is lowest, which `worst_group` names; without an interval, as it was "
        "picked for its accuracy.",
    ),
    "gap": Column("models", "gap", POINTS, "Training less test accuracy; its interval from those of both.", True),
    "calibration_error": Column(
        "models", "calibration error", POINTS, "Expected calibration error on the test split, 15 bins of equal width."
    ),
    "calibration_chance": Column(
        "models", "calibration error by chance", POINTS, "About what a calibrated network of as many images has."
    ),
    "units": Column("rof", "number of units", NUMBER, "Units of the penultimate layer."),
    **_of_curves(),
    **_of_roles(),
    "area": Column(
        "rof", "area under the curve", POINTS, "Mean test accuracy over the share of units on, in the main ranking."
    ),
    "area_random": Column("rof", "area by random orders", POINTS, "The same, mean over the random orders."),
    "area_over_random": Column(
        "rof",
        "area over random orders",
        POINTS,
        "`area` less `area_random`; low and high: less that of the best and of the worst random order.",
        True,
    ),
}

# Columns of which there is one for each method, layer, study: their names go on behind a colon.
MANY: Mapping[str, Column] = {
    "confirmed": Column(
        "dissect",
        "share of units with a confirmed label",
        POINTS,
        "By method and layer (no layer: all): share of units whose label is `confirmed`.",
    ),
    "concepts": Column(
        "dissect", "confirmed concepts", NUMBER, "By method and layer (no layer: all): concepts of confirmed labels."
    ),
    "localisation": Column(
        "explain", "localisation", POINTS, "By method: mean IoU of map and mask at matched areas, over all images."
    ),
    "agreement": Column(
        "explain",
        "agreement with other methods",
        POINTS,
        "By method: IoU with the maps of another method at matched areas, mean over images and the other methods.",
    ),
    "faithfulness": Column("faithfulness", "faithfulness", NUMBER, "By metric and method: mean over images."),
    "artefact": Column(
        "shortcuts",
        "effect of an artefact",
        POINTS,
        "By study and artefact: what pasting it adds to the probability of its class, beyond the control patch.",
    ),
}

# Outcomes that factors are asked about where the configuration names none.
MAIN = (
    *("test_accuracy", "test_loss", "worst_group_accuracy", "gap", "calibration_error"),
    *("n0_test_accuracy", "n0_test_loss", "share_both", "share_train_only", "area_over_random"),
)


def column_of(name: str) -> Column | None:
    """Return what is known of an outcome; None of no outcome."""
    prefix, colon, _ = name.partition(":")
    return MANY.get(prefix) if colon else PLAIN.get(name)


def title_of(name: str) -> str:
    """Return what a sentence calls an outcome."""
    column, (_, _, which) = column_of(name), name.partition(":")
    title = column.title if column else name
    return f"{title} ({which.replace(':', ', ')})" if which else title
