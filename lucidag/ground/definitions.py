"""What the columns of the tables mean, in a sentence: one source for the page of results and for its readers."""

import re

# By column: what a reader calls it, and its definition. Where a dossier or the experiments say more, theirs is taken.
DEFINITIONS: dict[str, tuple[str, str]] = {
    "image": ("image", "id of the image in its data set"),
    "unit": ("unit", "number of the unit in its layer, from 0"),
    "model": ("model", "name of the model in the configuration"),
    "family": ("family", "the name in the file of the model that a grid or seeds multiplied; else its own"),
    "layer": ("layer", "name of the layer in the network"),
    "split": ("split", "train, val or test"),
    "dataset": ("data set", "name of the data set in the configuration"),
    "label": ("class", "the image's own class"),
    "class": ("class", "a class of the data set"),
    "predicted": ("prediction", "the class that the network decides for"),
    "true": ("true class", "the image's own class"),
    "probability": ("probability", "softmax of the network for the explained class"),
    "right": ("right", "whether the prediction is the image's own class"),
    "prediction": ("prediction", "right where the explained class is the image's own, else wrong"),
    "target": ("explained class", "the class whose explanation is shown"),
    "agreement": ("agreement", "mean IoU of pairs of methods, masks of equal area"),
    "over_control": ("above the control", "how far the value lies above the same with maps of other images"),
    "method": ("method", "name of the method"),
    "method_a": ("method", "the first of two methods"),
    "method_b": ("other method", "the second of two methods"),
    "measure": ("measure", "what is measured of a pair: IoU, Dice or rank correlation"),
    "metric": ("metric", "what is measured"),
    "threshold": ("threshold", "share of a map's maximum that its mask begins at; area: masks of equal area"),
    "iou": ("IoU", "intersection over union of two masks, 0 to 1"),
    "dice": ("Dice", "twice the intersection over the sum of both areas, 0 to 1"),
    "spearman": ("rank correlation", "Spearman's correlation of two whole maps"),
    "control": ("control", "the same with maps of other images; of edits, with another patch of the same size"),
    "area_a": ("area", "share of the frame of the first mask"),
    "area_b": ("other area", "share of the frame of the second mask"),
    "no_class": ("no class", "the methods of the row whose maps are the same for every class"),
    "value": ("value", "the value of the metric"),
    "mean": ("mean", "mean over images"),
    "n": ("images", "number of values in the mean"),
    "undefined": ("undefined", "number of images for which it has no value"),
    "reason": ("reason", "why a value or an interval is missing"),
    "over_centre": ("above centre", "difference to a blob at the centre, paired over images"),
    "over_random": ("above random", "difference to random maps, paired over images"),
    "beats_both": ("beats both", "whether it finds more than the centre and than random maps, by corrected tests"),
    "p": ("p", "p value of the test against the control"),
    "p_holm": ("p (Holm)", "p value, corrected after Holm for the number of methods"),
    "p_fdr": ("p (FDR)", "p value, corrected after Benjamini and Hochberg"),
    "found": ("found", "whether the test, corrected, tells it apart from its control"),
    "better": ("better", "whether higher or lower values are better"),
    "opposite": ("opposite", "images whose map foretells the opposite of what perturbed squares do"),
    "rank": ("rank", "place in the order, 1 the best; shared where a corrected test tells nothing apart"),
    "better_than": ("better than", "the methods that it is better than, by a corrected test"),
    "not_told_apart": ("not told apart", "the methods that a corrected test cannot tell from it"),
    "k": ("units on", "number of units that are switched on, in the order of the method"),
    "accuracy": ("accuracy", "share of right decisions"),
    "loss": ("loss", "mean cross-entropy in nats"),
    "margin": ("margin", "logit of the class less the greatest other one"),
    "worst_accuracy": ("worst group", "accuracy of the group where it is lowest"),
    "accuracy_group": ("accuracy of the group", "share of right decisions in this group"),
    "accuracy_class": ("accuracy of the class", "share of right decisions in this class"),
    "seed": ("seed", "seed of a random order or of a training"),
    "n0": ("turning point", "the smallest number of units that is at most the margin worse than all units"),
    "low": ("low", "lower end of the interval"),
    "high": ("high", "upper end of the interval"),
    "units": ("units", "number of units"),
    "baseline": ("all units", "the value with all units on; of an inner layer, what a unit is set to"),
    "gain": ("gain", "how much better than with all units"),
    "degenerate": ("degenerate", "whether the interval of the turning point reaches the number of all units"),
    "first_best": ("first best", "the first k of the best value"),
    "role": ("role", "on which data the unit is among those that the network needs"),
    "role_accuracy": ("role by accuracy", "the same, judged by accuracy"),
    "role_loss": ("role by loss", "the same, judged by loss"),
    "supported": ("supported role", "the role, or undetermined where intervals and null do not bear it"),
    "stability": ("stability", "share of the bootstrap samples in which a unit has its role"),
    "null": ("null", "share of deals of both splits that give a unit its role as well"),
    "flags": ("flags", "what is doubtful about the row"),
    "score": ("score", "what the order or the label is made by"),
    "gain_train": ("gain on train", "change for the better when the unit is switched on, train images"),
    "gain_test": ("gain on test", "change for the better when the unit is switched on, test images"),
    "rank_train": ("rank on train", "place in the order on train images, 1 for the first that is switched on"),
    "rank_test": ("rank on test", "place in the order on test images, 1 for the first that is switched on"),
    "score_train": ("score on train", "what the order on train images is made by"),
    "score_test": ("score on test", "what the order on test images is made by"),
    "kind": ("kind", "what a row is about: all images, a class or a group"),
    "name": ("name", "the class or group"),
    "images": ("images", "number of images"),
    "beyond": ("beyond others", "how much more the margin of the class falls on its own images than on all others"),
    "selectivity": ("selectivity", "class selectivity (Morcos and others 2018), 0 to 1"),
    "artefact": ("artefact", "what is edited into or out of an image"),
    "before": ("before", "probability of the class before the edit"),
    "after": ("after", "probability of the class after the edit"),
    "edit": ("edit", "whether the artefact is pasted in or removed"),
    "share": ("share", "share of the relevance on the artefact"),
    "area": ("area", "share of the frame that the artefact covers; of a curve, the mean accuracy under it"),
    "concentration": ("concentration", "share over area: 1 for a map that does not look at the artefact"),
    "status": ("status", "trained, imported, or why there are no outcomes: diverged, failed"),
    "block": ("block", "the name without its seed"),
    "epochs": ("epochs", "epochs that were run"),
    "data": ("data", "digest of the table of its images"),
    "code": ("code", "digest of the code that made it, and of the versions of its packages"),
    "worst_group": ("worst group", "name of the group of test images with the lowest accuracy"),
    "factor": ("factor", "setting that differs"),
    "level": ("level", "value of the factor"),
    "against": ("against", "the value that it is held against"),
    "outcome": ("outcome", "what is compared"),
    "effect": ("effect", "difference of the outcome between the two values"),
    "networks": ("networks", "number of networks"),
    "verdict": ("verdict", "confirmed, unconfirmed or untestable, by images that did not choose the label"),
    "concept": ("concept", "the label of a unit"),
    "category": ("category", "the category of the concept"),
    "warnings": ("warnings", "what is doubtful about the unit, in words that the dossier's json explains"),
    "null_share": ("share by chance", "the share of the role when the images of both splits are dealt out"),
    "null_high": ("by chance, upper end", "upper end of the share of the role when the images are dealt out"),
    "explained": ("explained class", "the class that the maps are for"),
    "adds": (
        "adds to the lead",
        "its activation times the difference of its weights for the decided and the next class",
    ),
    "train": ("train", "number of images to train with"),
    "val": ("val", "number of validation images"),
    "test": ("test", "number of test images"),
    "column": ("column", "a column of the manifest, or what a finder says of the image"),
    "odds_ratio": ("odds ratio", "odds of the value in the class over those in the others; 1 for no association"),
    "cramers_v": ("Cramér's V", "strength of the association with the classes, 0 to 1"),
    "done": ("edit", "whether the artefact is pasted in or removed"),
    "study": ("study", "name of the study in the configuration"),
    "proposer": ("proposer", "the network in which a discovery proposes something"),
    "proposal": ("proposal", "number of the proposal, 1 the one that is found again best"),
    "side": ("side", "which of the two kinds of images of a proposal: its members, or the rest"),
    "change": ("change", "mean change of the probability of the class by the edit"),
    "excess": ("excess", "share of the relevance less the share of the frame"),
    "mean_against": ("mean against", "mean of the value that it is held against"),
    "combinations": ("combinations", "number of settings of the other factors that both values have"),
    "seeds": ("seeds", "number of seeds of each"),
    "left_out": ("left out", "number of networks that do not count, as they diverged or failed"),
    "visible": ("visible", "the smallest effect that would have been called in 8 of 10 cases"),
    "share_chance": ("share by chance", "the share of the spread that a factor without effect would have"),
    "share_seeds": ("share of seeds", "the share of the spread that differs between seeds alone"),
    "share_rest": ("share of the rest", "the share of the spread of all else"),
    "seed_sd": ("spread of seeds", "standard deviation between trainings that differ in their seed alone"),
    "train_accuracy": ("accuracy on train", "share of right decisions on train images"),
    "test_accuracy": ("accuracy on test", "share of right decisions on test images"),
    "gap": ("gap", "accuracy on train images less that on test images"),
    "share_both": ("share: both", "share of units that the network needs on train and on test images"),
    "share_train_only": ("share: train only", "share of units that it needs on train images alone"),
    "share_test_only": ("share: test only", "share of units that it needs on test images alone"),
    "share_neither": ("share: neither", "share of units that it needs on neither"),
    "n0_train": ("turning point on train", "the turning point on train images"),
    "n0_test": ("turning point on test", "the turning point on test images"),
    "architecture": ("architecture", "the network's architecture, as the configuration names it"),
}
SHARES = frozenset(
    (
        *("accuracy", "worst_accuracy", "accuracy_group", "accuracy_class", "probability", "agreement", "iou", "dice"),
        *("before", "after", "control", "share", "area", "area_a", "area_b", "stability", "null", "share_active"),
    )
)
ENDS = {"low": "lower end of the interval of ", "high": "upper end of the interval of "}


def title(column: str) -> str:
    """Return what a reader calls a column."""
    base, _, name = column.partition(":")
    if base in DEFINITIONS:
        words = DEFINITIONS[base][0]
    else:
        stem, _, end = base.rpartition("_")
        known = end in ENDS and stem in DEFINITIONS
        words = f"{DEFINITIONS[stem][0]}, {end}" if known else re.sub(r"[_.]+", " ", base)
    return f"{words} ({name})" if name else words


def definition(column: str) -> str:
    """Return the definition of a column, '' where there is none."""
    base, _, name = column.partition(":")
    if base in DEFINITIONS:
        said = DEFINITIONS[base][1]
    else:
        stem, _, end = base.rpartition("_")
        said = ENDS[end] + title(stem) if end in ENDS else ""
    return f"{said}: {name}" if said and name else said
