"""Sections about the data sets and the networks: what they learnt from, how well they do, what their units do."""

from collections.abc import Sequence

from lucidag.report.cells import Code, Section, Text, code, images, listed, quoted, text


def data(datasets: Sequence[str]) -> Section:
    """Show every data set: images by class and split, and some of them.

    Parameters
    ----------
    datasets
        Names of the data sets.
    """
    cells: list[Text | Code] = [
        text(
            "Images of each class in each split, and some images of each class, drawn at random. A flag below the "
            "images that only one class bears is something a network could use instead of the subject."
        )
    ]
    for name in datasets:
        cells += [
            text(f"### {name}"),
            code(
                f'counts = pd.DataFrame(read_json({quoted(f"data/{name}/dataset.json")})["counts"])',
                'counts.loc["all classes"] = counts.sum()',
                'counts[counts.any(axis="columns")]',
            ),
            images((f"figures/data/{name}/images.png", f"Images of {name}, one row per class")),
        ]
    return Section("data", "Data sets", tuple(cells))


def models(models: Sequence[str], trained: Sequence[str]) -> Section:
    """Show how every model was trained and how well it does.

    Parameters
    ----------
    models
        Names of the models.
    trained
        Those of them that were trained here.
    """
    cells: list[Text | Code] = [
        text(
            "How well each network does, from 0 to 1 but for the loss (mean cross-entropy, nats). Precision, recall "
            "and F1 are means over classes; the AUC of more than two classes is the mean of each against the rest. The "
            "control is `always commonest`: the accuracy of always saying the commonest class. Groups of images can "
            "be far worse than the whole: `worst group` is the accuracy of the worst, beside its name and its number "
            "of images. `accuracy_low` and `accuracy_high`: the 95 % interval of the accuracy, over patients or "
            "lesions where the data set names any. Results count on the test split."
        ),
        code(
            *listed("evaluations", {name: f"read_json({quoted(f'models/{name}/evaluation.json')})" for name in models}),
            'measures = ["n", "accuracy", "accuracy_low", "accuracy_high", "precision", "recall", "f1", "auc", "loss"]',
            "rows = {",
            "    (model, split): {measure: found[measure] for measure in measures}",
            '    | {"always commonest": max(map(sum, found["confusion"])) / found["n"]}',
            '    | {"worst group": found["worst_group"]["accuracy"], "which": found["worst_group"]["name"]}',
            '    | {"its images": found["worst_group"]["n"]}',
            "    for model, splits in evaluations.items()",
            "    for split, found in splits.items()",
            '    if split in ("train", "val", "test")',
            "}",
            'pd.DataFrame.from_dict(rows, orient="index")',
        ),
        text("What is doubtful about an imported network, and how it is fed:"),
        code(
            "[",
            '    f"{model}: {sentence}"',
            "    for model, found in evaluations.items()",
            '    for sentence in found.get("doubts", []) + found.get("notes", [])',
            "]",
        ),
    ]
    for name in models:
        about = "Rows of the confusion matrix are true classes."
        if name in trained:
            about = "Training: a validation loss that rises while the training loss falls is overfitting. " + about
        cells.append(text(f"### {name}", about))
        figures = [(f"figures/models/{name}/confusion.png", f"Confusion matrix of {name}")]
        if name in trained:
            cells.append(code(f"read_table({quoted(f'models/{name}/history.csv')}).tail(3)"))
            figures.insert(0, (f"figures/models/{name}/history.png", f"Training of {name}"))
        cells.append(images(*figures))
    return Section("models", "Models", tuple(cells))


def rof(models: Sequence[str], ranking: str, points: bool, on_a_grid: Sequence[str] = ()) -> Section:
    """Show what switching the units on one by one brings back.

    Parameters
    ----------
    models
        Names of the models.
    ranking
        The order that turning points and roles go by.
    points
        Whether `points.csv` lists any number of units.
    on_a_grid
        The models whose logits are not linear in their units.
    """
    cells: list[Text | Code] = [
        text(
            "All units of the penultimate layer off, then on again one by one. `n0` is the turning point: the smallest "
            "number of units as good as all, which means an accuracy at most `margin` lower or a loss at most `margin` "
            f"nats higher; here in the order by `{ranking}`. `low` and `high` are its interval; where that reaches all "
            "units (`degenerate`), n0 cannot be told from all being needed. `first_best` is the first k of the best "
            "value, which on a plateau is where noise is greatest: it has no interval, and nothing rests on it.",
            "A unit's role says whether it is ranked up to n0 on train, on test, on both or on neither. The control "
            "deals the images of both splits anew into two sets of the same sizes: `null_share` of the units are then "
            "before n0 in one set alone, for nothing. Roles that are no more frequent (`p`, `degenerate`) say nothing; "
            "`supported` counts the units whose role stands at both ends of both intervals and, on one split alone, "
            "beyond the control. All others are `undetermined` in `roles.csv`.",
            f"Controls: in the figures the `{ranking}` curve must leave the grey range of random orders to mean "
            "anything. `logit_bias` rescales the full network's logits by one number and adds a constant per class: "
            "for accuracy only the constants matter, for loss the scale too. A gain that it reaches as well is a moved "
            "threshold or another confidence, not a retrieved function. Only the gain of a k that validation images "
            "chose, on test images, is a fair one; if its interval contains 0, there is none to speak of.",
        )
    ]
    for name in models:
        folder = f"rof/{name}"
        said = (
            "The logits of this network are not linear in its units, so the end of the network ran at a grid of k. "
            "Each is exact, and nothing is known between them: `between` names the neighbours of `n0` in the grid."
        )
        cells += [
            text(f"### {name}", *([said] if name in on_a_grid else [])),
            code(
                f"found = read_json({quoted(f'{folder}/turning_points.json')})",
                'points = pd.DataFrame(found["turning_points"])',
                f'points[points["method"] == {quoted(ranking)}].drop(columns=["method", "seed", "first_best_reason"])',
            ),
            code(
                'columns = ["method", "metric", "k", "units", "value", "baseline", "gain", "low", "high"]',
                'chosen = pd.DataFrame(found["selection"], columns=columns)',
                f'display(chosen[chosen["method"].isin([{quoted(ranking)}, "logit_bias"])])',
                'if found["selection_reason"]:',
                '    print(found["selection_reason"])',
            ),
            code('pd.DataFrame(found["roles"])'),
        ]
        if points:
            cells.append(
                code(
                    f"points = read_table({quoted(f'{folder}/points.csv')})",
                    'points.pivot(index="k", columns="split", values=["accuracy", "loss"])',
                )
            )
        cells.append(
            images(
                (f"figures/{folder}/accuracy.png", f"Accuracy of {name} against the number of units switched on"),
                (f"figures/{folder}/loss.png", f"Loss of {name} against the number of units switched on"),
                (f"figures/{folder}/rankings.png", f"Other orders of the units of {name}"),
                (f"figures/{folder}/groups.png", f"Accuracy of {name} by group of images"),
                (f"figures/{folder}/roles.png", f"Roles of the units of {name}"),
            )
        )
    return Section("rof", "Retrieval of function", tuple(cells))


def generalisation(studies: Sequence[str]) -> Section:
    """Show whether the shares of the roles go with the generalisation gap.

    Parameters
    ----------
    studies
        Names of the studies.
    """
    cells: list[Text | Code] = [
        text(
            "Do the shares of the four roles go with the gap between train and test accuracy? Spearman's rho over the "
            "families of a study (`between_families`: means over seeds, which are alike and count as one) and over the "
            "models within them, each with an interval and a permutation p value (`p_holm`: corrected for shares and "
            "metrics). Families differ in more than their roles, so one that is gone within them says little."
        )
    ]
    for name in studies:
        folder = f"generalisation/{name}"
        cells += [
            text(f"### {name}"),
            code(
                f"models = read_table({quoted(f'{folder}/roles.csv')})",
                'shares = ["gap", "share_both", "share_train_only", "share_test_only", "share_neither"]',
                'models.groupby(["metric", "family"])[shares].mean()',
            ),
            code(f"pd.DataFrame(read_json({quoted(f'{folder}/correlation.json')}))"),
            images((f"figures/{folder}/roles.png", f"Shares of roles against the gap, {name}")),
        ]
    return Section("generalisation", "Generalisation", tuple(cells))
