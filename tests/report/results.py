"""A made-up folder of results, as small as it can be, with every file that a notebook may show."""

import json
from pathlib import Path
from typing import Any

from PIL import Image

CONTENTS: dict[str, dict[str, Any]] = {
    "data": {"datasets": ["cats"]},
    "models": {"models": ["net", "bought"], "trained": ["net"]},
    "experiments": {"families": ["net"], "outcomes": ["test_accuracy", "gap"], "confidence": 0.9},
    "rof": {"models": ["net"], "ranking": "l1", "points": True},
    "generalisation": {"studies": ["noise"]},
    "explain": {"families": {"net": ["cam", "lrp"]}, "tuned": ["net"], "checked": ["net"], "confidence": 0.9},
    "localisation": {"models": ["net"], "confidence": 0.9},
    "relevance": {"models": {"net": ["007"]}},
    "faithfulness": {"models": ["net"], "confidence": 0.9},
    "dissect": {
        "models": {"net": ["block.3", "fc"], "bought": ["fc"]},
        "methods": ["clip-dissect", "netdissect"],
        "pairs": ["net-vs-bought"],
        "joined": ["net"],
        "clips": ["small"],
        "untrained": True,
    },
    "units": {"models": ["net"], "confidence": 0.9, "layers": {"net": ["block.3"]}},
    "planted": {"models": ["net"], "confidence": 0.9},
    "artefacts": {"datasets": ["cats"], "confidence": 0.9, "proposed": {}},
    "discovery": {"models": ["net"], "level": 0.01, "confidence": 0.9},
    "shortcuts": {"studies": {"ring": {"with": ["net"], "without": ["bought"], "confidence": 0.9, "proposals": True}}},
    "repair": {"repairs": {"mended": 0.9}},
}
FIGURES = [
    "agreement/net/heat_map",
    "agreement/net/side_by_side",
    "artefacts/cats/examples",
    "artefacts/cats/grades",
    "artefacts/cats/odds",
    "data/cats/images",
    "discovery/net",
    *(
        f"dissect/{name}/{method}-{kind}"
        for name in ("net", "bought", "net-vs-bought")
        for method in ("clip-dissect", "netdissect")
        for kind in ("concepts", "categories")
    ),
    *(f"dissect/net/{method}-roles" for method in ("clip-dissect", "netdissect")),
    "dissect/net/units",
    "dissect/bought/units",
    "units/net/effects",
    *(f"experiments/net/{name}" for name in ("curves", "factors", "table")),
    "explanations/net/cam",
    "explanations/net/lrp",
    "faithfulness/net/curves",
    "faithfulness/net/ranking",
    "generalisation/noise/roles",
    "localisation/net/grades",
    *(f"models/{name}/confusion" for name in ("net", "bought")),
    "models/net/history",
    "planted/summary",
    "relevance/net/007",
    *(f"rof/net/{name}" for name in ("accuracy", "groups", "loss", "rankings", "roles")),
    "shortcuts/ring/shortcut",
]
MEAN = "mean,low,high"
TABLES = {
    "models/net/history.csv": "epoch,lr,train_loss,train_accuracy,val_loss,val_accuracy,kept,ended\n"
    "1,0.1,2.0,0.5,,,True,epochs\n",
    "experiments.csv": "model,family,status,epochs,train.lr,test_accuracy,gap\nnet,net,trained,3,0.1,0.6875,0.125\n",
    "experiments/factors.csv": "family,factor,level,against,outcome,effect,low,high,p_holm,visible,share,share_chance,"
    "share_seeds\nnet,train.lr,0.1,0.01,test_accuracy,0.34375,0.1,0.5,0.01,0.2,0.75,0.0625,0.1\n",
    "rof/net/points.csv": "split,method,k,accuracy,loss\ntrain,l1,1,0.25,2\ntest,l1,1,0.125,3\n",
    "generalisation/noise/roles.csv": "model,family,seed,metric,gap,share_both,share_train_only,share_test_only,"
    "share_neither\na,x,0,loss,0.5,1,0,0,0\nb,x,1,loss,0.25,0,1,0,0\n",
    "agreement/net-summary.csv": f"method_a,method_b,measure,threshold,{MEAN},n,undefined,reason,control,control_low,"
    "control_high,over_control,over_control_low,over_control_high,no_class\n"
    "gradcam,lime,iou,0.5,0.875,0.8,0.9,3,0,,0.2,0.1,0.3,0.6,0.5,0.7,\n"
    "gradcam,lime,iou,area,0.625,0.6,0.7,3,0,,0.2,0.1,0.3,0.4,0.3,0.5,\n"
    "gradcam,lime,spearman,,0.375,0.3,0.4,3,0,,0.2,0.1,0.3,0.1,0,0.2,\n",
    "localisation/net-summary.csv": f"prediction,method,metric,threshold,{MEAN},n,undefined,reason,over_centre,"
    "over_centre_low,over_centre_high,over_random,over_random_low,over_random_high,p_holm,beats_both,no_class\n"
    "right,gradcam,iou,0.5,0.9,0.8,1,3,0,,0.1,0.1,0.1,0.1,0.1,0.1,0.5,False,\n"
    "right,gradcam,iou,area,0.75,0.7,0.8,3,1,,0.1,0.1,0.1,0.1,0.1,0.1,0.5,False,\n"
    "wrong,gradcam,iou,area,0.125,,,1,0,1 value is too few for an interval,0.1,,,0.1,,,,False,\n"
    "all,gradcam,iou,area,0.5,0.4,0.6,4,1,,0,0,0,0,0,0,1,False,\n",
    "explanations/net/checks.csv": "image,method,library,version,difference,ours,theirs,note\n"
    "007,gradcam,grad-cam,1.0,0.0625,0.5,0.25,\n007,attention,,,,,,no library has this method\n",
    "explanations/net/lime/tuning.csv": "trial,iou,held_out_iou,chosen,settings\n0,0.5,0.25,True,{}\n",
    "faithfulness/net-ranking.csv": f"metric,better,method,control,{MEAN},n,undefined,reason,opposite,rank,better_than,"
    "not_told_apart,no_class\n"
    "road,higher,gradcam,False,0.5,0.4,0.6,3,0,,0,1,centre;lime;random,,\n"
    "road,higher,lime,False,0.3,0.2,0.4,3,0,,0,2,random,centre,lime\n"
    "road,higher,centre,True,0.25,0.2,0.3,3,0,,0,,random,lime,\n"
    "road,higher,random,True,0.1,0,0.2,3,0,,0,,,,\n",
    "faithfulness/net-floors.csv": f"method,floor,{MEAN},n,undefined,reason,no_class\n"
    "gradcam,untrained,0.25,0.2,0.3,3,0,,\ngradcam,other_images,0.375,0.4,0.5,3,0,,\n",
    "faithfulness/net-pairs.csv": "metric,method_a,method_b,advantage,low,high,n,reason,p,p_holm,distinguishable,"
    "no_class\n"
    "road,gradcam,lime,0.2,0.1,0.3,3,,0.01,0.01,True,\nroad,lime,centre,0.05,0,0.1,3,,0.5,0.5,False,\n"
    "deletion,gradcam,lime,0.0625,-0.1,0.2,3,,0.5,0.5,False,\n",
    # Scores do not tell which label is the stronger one.
    "dissect/net/block.3.csv": "method,unit,concept,category,score,strength\nclip-dissect,0,red,colour,1,9\n"
    "clip-dissect,1,green,colour,2,0.03\nnetdissect,0,none,,0.5,\nnetdissect,1,oak,,0.125,\n",
    "dissect/net/fc.csv": "method,unit,concept,category,score,strength\nclip-dissect,4,blue,colour,2,5\n",
    "dissect/bought/fc.csv": "method,unit,concept,category,score,strength\nclip-dissect,1,red,colour,1,2\n",
    "units/net/effects.csv": "split,unit,kind,name,images,loss,loss_low,loss_high,accuracy,beyond,p_fdr,found\n"
    "val,3,class,007,4,0.5,0.25,0.75,-0.25,0.5,0.01,True\ntest,3,class,007,4,0.5,0.25,0.75,-0.25,0.5,0.01,True\n"
    "test,4,class,007,4,0.5,0.25,0.75,-0.25,0.5,,False\n",
    "units/net/block.3.csv": "unit,words_concept,words_verdict,zero_first_class,zero_first_loss,role,warnings\n"
    "0,red,confirmed,007,0.5,both,\n1,none,untestable,007,0.75,both,dead\n",
    "units/net/sets.csv": "name,set,members,images,loss,loss_low,loss_high,accuracy,others_accuracy,p,p_fdr\n"
    "007,worst,3 4,4,0.5,0.25,0.75,-0.25,0,,\n007,random,,4,0.125,0,0.25,0,0,0.01,0.02\n",
    "planted/summary.csv": "part,method,kind,measure,n,positives,value,low,high,base_rate,reason\n"
    "labels,netdissect,all,right,2,1,0.5,0.25,0.75,0.125,\nlabels,netdissect,pure,right,2,1,0.5,0.25,0.75,0.125,\n",
    "planted/net/truth.csv": "unit,kind,concept,verified\n3,pure,red,True\n4,dead,,False\n",
    "discovery/net.csv": "proposal,kind,name,test_images,inside,p_holm,proposed,gap_p,stability,side,column,precision,"
    "recall\n0,maps,tabby,40,9,0.5,False,0.5,0.25,rest,,,\n1,maps,007,50,20,0.001,True,0.01,0.75,members,ring = 1,"
    "0.875,0.5\n",
    "discovery/net-units.csv": "unit,kind,name,images,auc_picked,auc,p,p_fdr,found\n3,column,ring = 1,9,0.9,0.75,0.01,"
    "0.02,True\n4,column,ring = 1,9,0.9,0.5,0.5,0.5,False\n",
    "shortcuts/ring/proposals.csv": "proposer,proposal,name,side,edit,set,networks,images,units,change,control,beyond,"
    "reason\nnet,1,007,members,pasted,with,1,9,3,0.5,0.125,0.375,\n",
    "repair/mended/effects.csv": "set,artefact,networks,images,change,beyond,reason,p\noriginal,ring,1,9,0.5,0.25,,\n"
    "repaired,ring,1,9,0.125,0.0625,,0.01\n",
    "repair/mended/accuracy.csv": "set,kind,name,networks,images,accuracy,reason\noriginal,all,,1,9,0.75,\n",
    "dissect/net/concept_roles.csv": "method,concept,category,units,both\nclip-dissect,red,colour,1,1\n",
}


def value(middle: float) -> dict[str, float]:
    """Give a value with an interval."""
    return {"value": middle, "low": middle - 0.125, "high": middle + 0.125, "n": 8}


def evaluation(confusion: list[list[int]], auc: float | None) -> dict[str, Any]:
    total = sum(map(sum, confusion))
    return {
        "n": total,
        "accuracy": sum(confusion[i][i] for i in range(len(confusion))) / total,
        **dict.fromkeys(("precision", "recall", "f1"), 0.75),
        "auc": auc,
        "loss": 0.5,
        "worst_group": {"name": "small", "n": 16, "accuracy": 0.0625},
        "accuracy_low": 0.1,
        "accuracy_high": 0.9,
        "confusion": confusion,
    }


def summary(layers: list[str]) -> dict[str, Any]:
    found = {layer: {"units": 2, "labelled": value(0.5), "unique": 1, "units_per_concept": 1.0} for layer in layers}
    shares = {layer: value(0.25) for layer in layers}
    kinds = ("confirmed", "unconfirmed", "untestable", "circular")
    verdicts = {layer: {"confirmed": 1, "shares": {kind: value(0.5) for kind in kinds}} for layer in layers}
    seconds = {layer: {kind: value(0.25) for kind in ("confirmed", "two", "chance")} for layer in layers}
    return {
        "methods": {
            name: {
                "confirmed": {"layers": found},
                "verdicts": {"layers": verdicts},
                "seconds": {"layers": seconds, "untrained": {"layers": shares}},
                "untrained": {"layers": shares},
            }
            for name in ("clip-dissect", "netdissect")
        },
        "notes": ["5 training images are left out of the probe set"],
    }


def numbers() -> dict[str, Any]:
    """Give the contents of every JSON file."""
    point = {"split": "test", "seed": None, "metric": "loss", "n0": 2, "units": 3, "value": 0.5, "degenerate": False}
    point |= {"first_best": 3, "first_best_reason": "a plateau"}
    nothing = dict.fromkeys(("others", "difference", "low", "high", "p"), None) | {
        "restoring": 1.0,
        "reason": "none left",
    }
    judged = {"score": nothing, "degenerate": False}
    difference = {"a": 1.0, "b": 0.5, "difference": 0.5, "low": -0.25, "high": 0.25, "p": 0.01}
    changes = {"artefact": {"change": value(0.5)}, "control": {"change": value(0.125)}, "beyond": value(0.375)}
    compared = {"artefact": "ring", "method": "gradcam", "images": 4, "first": 0.75, "second": 0.25}
    compared |= {"difference": 0.5, "difference_low": 0.375, "difference_high": 0.625}
    share = {"artefact": "ring", "method": "gradcam", "share": 0.5, "area": 0.25, "excess": 0.25, "excess_low": 0.1}
    share |= {"excess_high": 0.4, "images": 8, "undefined": 0}
    return {
        "data/cats/dataset.json": {
            "counts": {"train": {"tabby": 41, "lion": 0, "black": 23}, "test": {"tabby": 7, "lion": 0, "black": 5}}
        },
        "models/net/evaluation.json": {
            "train": evaluation([[2, 0], [0, 2]], 1.0),
            "test": evaluation([[4, 1], [2, 1]], 0.8),
        },
        "models/bought/evaluation.json": {"test": evaluation([[8, 0], [0, 0]], None)},
        "experiments/factors.json": {
            "sentences": [
                {"family": "net", "factor": "train.lr", "outcome": "test_accuracy", "sentence": "lr explains it all"},
                {"family": "net", "factor": "train.lr", "outcome": "gap", "sentence": "nothing is known"},
            ],
            "notes": [],
        },
        "rof/net/turning_points.json": {
            "turning_points": [point | {"method": "l1"}, point | {"method": "random", "seed": 0}],
            "selection": [],
            "selection_reason": "there are no validation images",
            "roles": [
                {"metric": "loss", "degenerate": True, "role": role, "units": units, "supported": 0}
                for role, units in (("both", 2), ("neither", 1))
            ],
        },
        "generalisation/noise/correlation.json": [
            {"metric": "loss", "share": "both", "scope": "between_families", "rho": None}
        ],
        "dissect/net/summary.json": summary(["block.3", "fc"]),
        "dissect/bought/summary.json": summary(["fc"]),
        "dissect/net/role_tests.json": {"methods": {"clip-dissect": {"restoring": {"train": judged, "test": judged}}}},
        "units/net/effects.json": {
            "splits": {
                name: {"units": 5, "looked_at": 5, "found": 1, "found_by_class": {}} for name in ("val", "test")
            },
            "selectivity": {"units": 5, "spearman": 0.5, "low": None, "high": None},
            "notes": [],
        },
        "dissect/net-vs-bought.json": {
            "methods": {"clip-dissect": {"confirmed": {"differences": {"labelled": difference}}}},
        },
        "clip/small/zero_shot.json": {
            "categories": {"colour": {"accuracy": value(0.5), "chance": 0.25, "commonest": 0.375}}
        },
        "artefacts/cats.json": {
            "sentences": ["Nothing goes with the class."],
            "associations": [{"column": "skin", "p_holm": 1.0}],
            "finders": {
                "ring": {
                    "found": 3,
                    "validated": False,
                    "common": False,
                    "column": None,
                    "always": None,
                    "weak": None,
                }
            },
            "shortcut": {
                "majority": {"class": "tabby"} | value(0.625),
                "logistic": {"metadata": None, "finders": {"accuracy": value(0.75), "auc": value(0.5)}},
            },
        },
        "discovery/net.json": {"notes": ["20 of 50 test images differ in kind"]},
        "shortcuts/ring/proposals.json": {"notes": ["net, proposal 1"]},
        "repair/mended/summary.json": {"notes": ["the ring is taken out"]},
        "shortcuts/ring/summary.json": {
            "relevance": {"with": [share], "without": [share]},
            "difference": [compared],
            "changes": {"with": {"ring": changes}, "without": {"ring": changes}},
            "removal": {"with": {"ring": changes}, "without": {}},
        },
    }


def write(folder: Path) -> None:
    """Write all files."""
    texts = TABLES | {name: json.dumps(found) for name, found in numbers().items()}
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    for number, name in enumerate(FIGURES):
        file = folder / "figures" / f"{name}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (2, 2), number).save(file)
