"""Each measure against a small table made by hand."""

import json

import numpy as np
import pandas as pd
import pytest
from pydantic import TypeAdapter

from lucidag.claims.found import KINDS, PUBLISHED, NotMeasuredError
from lucidag.claims.reader import Reader
from lucidag.claims.registry import MEASURES, AnyMeasure
from lucidag.ground.files import write_json
from lucidag.ground.statistics.intervals import share
from lucidag.ground.tables import write_table

A, B = "a.csv", "b.csv"


def points(split, method, seed, accuracy, loss):
    return [
        {"split": split, "method": method, "seed": seed, "k": k, "accuracy": a, "loss": b, "worst_accuracy": a / 2}
        for k, (a, b) in enumerate(zip(accuracy, loss, strict=True))
    ]


LOSS = [2.0, 1.5, 1.0, 1.2]
IMAGES = ["i1", "i2", "i3", "i4", "i5", "i6"]
PAIR = {"method_a": "gradcam", "method_b": "lime", "threshold": "0.5"}
GRADES = {"lime": [0.2, 0.3, 0.4, 0.3, 0.2, 0.1], "gradcam": [0.3, 0.3, 0.6, 0.5, 0.4, 0.2]}
INSIDE = [1, 2, 3, 4, 6, 5]
TABLES = {
    "sweep": [
        *points("test", "l1", None, [0.0, 0.2, 0.8, 0.6], LOSS),
        *points("test", "random", 0, [0.0, 0.8, 0.8, 0.6], LOSS),
        *points("test", "random", 1, [0.0, 0.4, 0.8, 0.6], LOSS),
        *points("train", "l1", None, [0.0, 1.0, 1.0, 1.0], LOSS),
    ],
    "agreement": [
        {"image": image, **PAIR, "iou": iou, "area_a": 0.5, "area_b": area}
        for image, iou, area in zip(IMAGES, [0.1, 0.2, 0.3, 0.4, 0.5, 0.9], [0.2, 0.3, 0.4, 0.3, 0.2, 0.1], strict=True)
    ],
    "agreement_means": [
        {**PAIR, "measure": "iou", "mean": 0.4, "low": 0.2, "high": 0.6, "n": 6, "reason": ""},
        {**PAIR, "measure": "dice", "mean": 0.5, "low": 0.2, "high": 0.6, "n": 6, "reason": ""},
    ],
    "localisation": [
        {"image": image, "prediction": "right", "method": method, "metric": "iou", "threshold": "area", "value": value}
        for method, values in {
            "lime": [0.2, 0.3, 0.4, 0.3, 0.2, 0.1],
            "gradcam": [0.3, 0.3, 0.6, 0.5, 0.4, 0.2],
        }.items()
        for image, value in zip(IMAGES, values, strict=True)
    ],
    "localisation_means": [
        {
            **{"prediction": "right", "method": "lime", "metric": "iou", "threshold": "area"},
            **{"mean": 0.25, "low": 0.1, "high": 0.4, "n": 6, "reason": ""},
        }
    ],
    "faithfulness": [
        {"metric": "sensitivity_max", "method": "lime", "mean": 0.3, "low": 0.2, "high": 0.4, "n": 6, "reason": ""}
    ],
    "order": [
        {"unit": u, "mean": m, "inside": i} for u, (m, i) in enumerate(zip(range(6), [1, 2, 3, 4, 6, 5], strict=True))
    ],
}
UNITS = {
    "layer2": [("colour", "confirmed"), ("object", "unconfirmed"), ("object", "confirmed"), ("colour", "confirmed")],
    "layer4": [("object", "confirmed"), ("place", "confirmed"), ("object", "confirmed"), ("colour", "confirmed")],
}
PUBLISHED_TABLES = {
    A: [("layer2", "red"), ("layer2", "red"), ("layer3", "sheep"), ("layer3", "dog"), ("layer3", "red")],
    B: [("layer2", "red"), ("layer2", "lobby"), ("layer3", "door"), ("layer3", "dog"), ("layer3", "lamp")],
}
RECORDS = {
    image: {
        "predicted": at,
        "predicted_name": f"class {at}",
        "probability": (at + 1) / 10,
        "top": [[f"class {at}", (at + 1) / 10], ["kite", 0.05]],
        "settings": {"num_samples": 200 + at},
    }
    for at, image in enumerate(IMAGES)
}
JSON = {
    "evaluation": {"test": {"n": 1000, "accuracy": 0.9, "accuracy_low": 0.88, "accuracy_high": 0.92, "auc": None}},
    "dataset": {"counts": {"test": {"x": 3, "y": 4}, "train": {"x": 10, "y": 10}}},
    "points": {"roles": [{"role": "both", "metric": "accuracy", "share": 0.7, "low": 0.6, "high": 0.8, "units": 45}]},
    "correlation": [
        {"metric": "loss", "scope": "between_families", "share": s, "families": 11, "p_holm": p, "reason": None}
        for s, p in (("both", 0.2), ("train_only", 0.03), ("neither", None))
    ],
    "summary": {"methods": {"netdissect": {"confirmed": {"overall": {"redundant": 0.75, "units": 64}}}}},
    "audit": {
        "images": 100,
        "finders": {"ring": {"found": 4, "own": {"recall": {"value": 0.1, "low": 0.05, "high": 0.2, "n": 40}}}},
        "associations": [{"column": "ring_found", "counts": {"1": {"malignant": 3, "benign": 1}}}],
        "shortcut": {
            "majority": {"value": 0.8, "low": 0.7, "high": 0.9, "n": 30},
            "logistic": {"finders": {"accuracy": {"value": 0.75, "low": 0.6, "high": 0.85, "n": 30}}},
        },
    },
    "study": {
        "changes": {
            "with": {
                "ring": {
                    "artefact": {"change": {"value": 0.4, "low": 0.2, "high": 0.6, "n": 10}},
                    "beyond": {"value": 0.35, "low": 0.1, "high": 0.5, "n": 10},
                }
            }
        }
    },
}
WILSON = [share(3, 4, 0.95)[end] for end in ("low", "high")]
CASES = [
    ({"name": "accuracy"}, 0.9, 0.88, 0.92),
    ({"name": "images"}, 7, None, None),
    ({"name": "images", "split": "train"}, 20, None, None),
    ({"name": "curve_value", "k": 1}, 0.2, None, None),
    ({"name": "curve_value", "k": 3, "column": "loss"}, 1.2, None, None),
    ({"name": "curve_best"}, 2, None, None),
    ({"name": "curve_best", "split": "train"}, 1, None, None),  # the first of equal ones
    ({"name": "curve_best", "what": "share"}, 2 / 3, None, None),
    ({"name": "curve_best", "metric": "loss", "what": "value"}, 1.0, None, None),
    ({"name": "curve_best", "metric": "loss", "what": "gain"}, 0.2, None, None),
    ({"name": "curve_best", "metric": "worst_accuracy", "what": "gain"}, 0.1, None, None),
    # Areas: .1 + .5 + .7 = 1.3 of 3 for the order; 1.9 and 1.5 for the random ones.
    ({"name": "over_random"}, (1.3 - 1.7) / 3, (1.3 - 1.9) / 3, (1.3 - 1.5) / 3),
    ({"name": "role_share", "role": "both"}, 0.7, 0.6, 0.8),
    ({"name": "roles_and_gap"}, 0.03, None, None),
    ({"name": "units_listed", "of": A}, 5, None, None),
    ({"name": "units_listed", "of": A, "layers": ["layer3"]}, 3, None, None),
    ({"name": "unique_labels", "of": A}, 3, None, None),
    ({"name": "unique_labels", "of": A, "layer": "layer2"}, 1, None, None),
    ({"name": "label_units", "of": A, "label": "red"}, 3, None, None),
    ({"name": "repeated", "of": A}, 0.6, None, None),
    ({"name": "only_in", "of": A, "against": B, "label": "sheep"}, 1, None, None),
    ({"name": "only_in", "of": A, "against": B, "label": "red"}, -1, None, None),
    ({"name": "only_in", "of": A, "against": B, "label": "cat"}, 0, None, None),
    # The two most frequent are red and dog of three, and dog and door of five with one unit each.
    ({"name": "shared_top", "of": A, "against": B, "top": 2}, 0.5, 0.0, 1.0),
    ({"name": "redundant"}, 0.75, None, None),
    ({"name": "agreement", "methods": ["gradcam", "lime"], "threshold": "0.5"}, 0.4, 0.2, 0.6),
    ({"name": "localisation", "method": "lime"}, 0.25, 0.1, 0.4),
    ({"name": "faithfulness", "method": "lime", "metric": "sensitivity_max"}, 0.3, 0.2, 0.4),
    ({"name": "predictions", "classes": {"i1": 0, "i2": 1, "i3": 0}}, 2, None, None),
    ({"name": "passes_of_lime"}, 200, None, None),
    ({"name": "finder_grade", "finder": "ring", "grade": "recall"}, 0.1, 0.05, 0.2),
    ({"name": "found", "finder": "ring"}, 4, None, None),
    (
        {"name": "found", "finder": "ring", "label": "malignant"},
        0.75,
        *(share(3, 4, 0.95)[end] for end in ("low", "high")),
    ),
    ({"name": "without_looking", "by": "majority"}, 0.8, 0.7, 0.9),
    ({"name": "without_looking", "by": "finders"}, 0.75, 0.6, 0.85),
    ({"name": "artefact_effect", "artefact": "ring"}, 0.4, 0.2, 0.6),
    ({"name": "artefact_effect", "artefact": "ring", "what": "beyond"}, 0.35, 0.1, 0.5),
]
# Measures whose number or interval is held in a test of its own.
APART = {"spread", "clear_agree", "deeper_more", "ranks_clean", "labels_more", "by_test", "unmeasured"}


@pytest.fixture(scope="module")
def reader(tmp_path_factory) -> Reader:
    folder = tmp_path_factory.mktemp("results")
    files: dict[str, list[str]] = {}

    def at(kind, part=""):
        path = folder / KINDS[kind].format(name="m", part=part)
        files[":".join(filter(None, (kind, "m", part)))] = [str(path)]
        return path

    for kind, rows in TABLES.items():
        write_table(at(kind, "layer4" if kind == "order" else ""), pd.DataFrame(rows))
    for kind, words in JSON.items():
        write_json(at(kind), words)
    for layer, cells in UNITS.items():
        rows = [
            {"method": "netdissect", "unit": unit, "category": category, "verdict": verdict}
            for unit, (category, verdict) in enumerate(cells)
        ]
        write_table(at("units", layer), pd.DataFrame(rows))
    for method in ("gradcam", "lime"):
        folder_of_records = at("records", method)
        paths = [folder_of_records / f"{image}.json" for image in IMAGES]
        for path, record in zip(paths, RECORDS.values(), strict=True):
            write_json(path, record)
        files[f"records:m:{method}"] = list(map(str, paths))
    for name, rows in PUBLISHED_TABLES.items():
        table = pd.DataFrame(rows, columns=["layer", "description"]).assign(unit=range(len(rows)), similarity=0.5)
        table.to_csv(folder / name, index=False)
        files[f"{PUBLISHED}:{name}"] = [str(folder / name)]
    return Reader(files, str(folder))


def one(words, reader):
    measure = TypeAdapter(AnyMeasure).validate_python({"of": "m", **words})
    return measure.one(measure.of[0], reader)


@pytest.mark.parametrize(("words", "value", "low", "high"), CASES, ids=lambda each: json.dumps(each)[:60])
def test_a_measure_gives_the_number_of_the_table_with_its_place(words, value, low, high, reader):
    found = one(words, reader)
    assert found.value == pytest.approx(value)
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))
    assert found.evidence


def test_every_measure_is_held_against_a_table():
    assert {words["name"] for words, *_ in CASES} | APART == set(MEASURES)


def test_a_map_spreads_further_by_the_mean_of_paired_differences(reader):
    words = {"name": "spread", "threshold": "0.5"}
    found = one({**words, "methods": ["gradcam", "lime"]}, reader)
    assert found.value == pytest.approx(np.mean([0.3, 0.2, 0.1, 0.2, 0.3, 0.4]))
    assert found.low < found.value < found.high
    turned = one({**words, "methods": ["lime", "gradcam"]}, reader)
    assert (turned.value, turned.n) == (pytest.approx(-found.value), 6)


def test_methods_agree_more_where_the_network_is_surer(reader):
    found = one({"name": "clear_agree", "methods": ["gradcam", "lime"], "threshold": "0.5"}, reader)
    assert (found.value, found.n) == (pytest.approx(1), 6)  # both rise from image to image
    assert (found.low, found.high) == (None, None)


def test_a_method_against_another_is_a_paired_difference(reader):
    found = one({"name": "localisation", "method": "lime", "against": "gradcam"}, reader)
    assert found.value == pytest.approx(-0.8 / 6)
    assert found.low < found.value < found.high


def test_complex_concepts_in_a_deep_layer_are_a_difference_of_shares(reader):
    words = {"name": "deeper_more", "shallow": "layer2", "deep": "layer4", "categories": ["object", "place"]}
    found = one(words, reader)
    assert (found.value, found.n) == (pytest.approx(3 / 4 - 1 / 4), 8)
    assert found.low < 0.5 < found.high


def test_active_units_are_the_clean_ones_by_rank(reader):
    found = one({"name": "ranks_clean", "layer": "layer4"}, reader)
    assert found.value == pytest.approx(1 - 6 * 2 / (6 * 35))  # two ranks apart by one
    assert found.low < found.value < found.high


def test_labels_vary_more_than_dealt_out_ones(reader):
    found = one({"name": "labels_more", "of": B, "against": A}, reader)
    assert found.value == 2  # five labels and three
    assert found.low <= found.value <= found.high


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"name": "accuracy", "split": "val"}, "has no accuracy of val images"),
        ({"name": "accuracy", "number": "auc"}, "has no auc of test images"),
        ({"name": "curve_value", "k": 7}, "has 0 rows with split test, method l1, k 7"),
        ({"name": "curve_value", "k": 1, "column": "nothing"}, "has no nothing at k = 1"),
        ({"name": "over_random", "split": "train"}, "has no random orders"),
        ({"name": "unique_labels", "of": A, "layer": "fc"}, "has no layer 'fc'"),
        ({"name": "localisation", "method": "lime", "against": "rise"}, "does not grade rise"),
        ({"name": "finder_grade", "finder": "hair", "grade": "f1"}, "has no finder 'hair'"),
        ({"name": "artefact_effect", "artefact": "hair"}, "does not tell"),
        ({"name": "predictions", "classes": {"i9": 1}}, "image 'i9' is not explained"),
        ({"name": "accuracy", "of": "other"}, "there is no evaluation of 'other'"),
        ({"name": "by_test", "of": "tests/x.py"}, r"tests/x\.py holds it"),
        ({"name": "unmeasured", "why": "times are of a machine"}, "times are of a machine"),
    ],
    ids=lambda each: str(each)[:50],
)
def test_what_a_table_does_not_hold_is_said(words, said, reader):
    with pytest.raises(NotMeasuredError, match=said):
        one(words, reader)
