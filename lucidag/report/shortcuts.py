"""Sections about artefacts: what goes with the class, and which network decides by it."""

from collections.abc import Mapping, Sequence
from typing import Any

from lucidag.report.cells import Code, Section, Text, code, images, quoted, text


def artefacts(datasets: Sequence[str], confidence: float, proposed: Mapping[str, Sequence[str]]) -> Section:
    """Show what goes with the class besides the subject, and how far that alone tells it.

    Parameters
    ----------
    datasets
        Names of the audited data sets.
    confidence
        Level of the intervals.
    proposed
        Data set to the models that were looked into for artefacts that no finder knows.
    """
    cells: list[Text | Code] = [
        text(
            "What the images show besides their subject. An odds ratio far from 1 (p values corrected after Holm) is "
            "a shortcut that a network may learn, not a fault of a network. Where several images are of one patient or "
            "lesion, tests and intervals are over these (`test` says how). Finders are graded by people's flags on "
            "the half of the images that did not choose their threshold (`ring` keeps its own); the control, "
            f"`always`, is the F1 of flagging every image. Intervals: {100 * confidence:g} %. A finder without flags "
            "is not `validated` here: look at its examples before its numbers. What is `common` is found in more than "
            "90 % of the images and tells none from another.",
            "The shortcut baseline tells the class from metadata and finds alone, without the subject; its control is "
            "always saying the commonest class. A network that does no better than this baseline has proved little.",
        )
    ]
    for name in datasets:
        figures = f"figures/artefacts/{name}"
        cells += [
            text(f"### {name}"),
            code(f"audit = read_json({quoted(f'artefacts/{name}.json')})", 'print(*audit["sentences"], sep="\\n")'),
            code(
                'columns = ["column", "value", "class", "odds_ratio", "odds_ratio_low", "odds_ratio_high"]',
                'columns += ["test", "p_holm"]',
                'pd.json_normalize(audit["associations"]).reindex(columns=columns).set_index("column")',
            ),
            images((f"{figures}/odds.png", f"What goes with the class in {name}")),
            code(
                'grades = ["used.precision.value", "used.recall.value", "used.f1.value", "always", "weak"]',
                'finders = [{"finder": name} | found for name, found in audit["finders"].items()]',
                'finders = [found | {"used": found.get(found.get("used"))} for found in finders]',
                'columns = ["finder", "found", "validated", "common", "column", *grades]',
                'pd.json_normalize(finders).reindex(columns=columns).set_index("finder")',
            ),
            images(
                (f"{figures}/grades.png", f"Finders against flags in {name}"),
                (f"{figures}/examples.png", f"What the finders found in {name}"),
            ),
            code(
                'told = audit["shortcut"]',
                'if "majority" in told:  # else the last sentence above says why there is no baseline',
                '    print("always the commonest:", told["majority"])',
                'columns = ["accuracy.value", "accuracy.low", "accuracy.high", "auc.value", "auc.low", "auc.high"]',
                'learnt = told.get("logistic", {}).items()',
                'rows = [{"from": source} | (found or {}) for source, found in learnt]',
                'pd.json_normalize(rows).reindex(columns=["from", *columns]).set_index("from")',
            ),
            *_proposed(proposed.get(name, ())),
        ]
    return Section("artefacts", "Artefacts", tuple(cells))


def _proposed(models: Sequence[str]) -> list[Text | Code]:
    """Show the images of what no finder knows, by the networks that learnt from a data set."""
    if not models:
        return []
    return [
        text(
            "What no finder knows: kinds of images inside a class that networks decide by something else (Discovery)."
        ),
        images(*((f"figures/discovery/{model}.png", f"What is proposed in {model}") for model in models)),
    ]


def studies(studies: Mapping[str, Mapping[str, Any]]) -> Section:
    """Show which networks look at an artefact, and decide by it.

    Parameters
    ----------
    studies
        By study the names of the models, ``with`` the artefact as a shortcut in their images and ``without``, and the
        ``confidence`` of its intervals.
    """
    cells: list[Text | Code] = [
        text(
            "Artefacts pasted into clean images, where their pixels are known. First table: the `share` of an "
            "explanation's relevance on the artefact, compared with its share of the `area`; `excess` is the "
            "difference. "
            "Second: the two arms compared image by image, `first` (with) less `second` (without). "
            "Third: the change in the probability of the class that the artefact goes with, compared with a control "
            "that fills the same place with its surroundings; `beyond` is what the artefact does beyond that control. "
            "Fourth: the same where it is taken out of images in which a finder sees it; the control fills a place "
            "of the same shape beside it, where there is room. Networks that learnt the shortcut look at it *and* "
            "change their mind. Intervals are over networks and images; where an arm is one network, over images "
            "alone, and then they say nothing of another training."
        )
    ]
    for name, study in studies.items():
        first, second = (", ".join(f"`{model}`" for model in study[arm]) for arm in ("with", "without"))
        cells += [
            text(
                f"### {name}",
                f"{first} learnt from images where the artefact goes with a class, {second} from images where it does "
                f"not. Intervals: {100 * study['confidence']:g} %.",
            ),
            code(
                f"study = read_json({quoted(f'shortcuts/{name}/summary.json')})",
                'rows = [{"trained": arm} | row for arm, found in study["relevance"].items() for row in found]',
                'columns = ["share", "area", "excess", "excess_low", "excess_high", "networks", "images", "undefined"]',
                'names = ["artefact", "method", "trained"]',
                "pd.DataFrame(rows, columns=[*names, *columns]).set_index(names).sort_index()",
            ),
            code(
                'columns = ["first", "second", "difference", "difference_low", "difference_high"]',
                'columns += ["networks", "images"]',
                'names = ["artefact", "method"]',
                'pd.DataFrame(study["difference"], columns=[*names, *columns]).set_index(names)',
            ),
            _changes("changes", "pasted"),
            _changes("removal", "taken out"),
            images((f"figures/shortcuts/{name}/shortcut.png", f"The study {name}")),
            *(_tested(name) if study.get("proposals") else ()),
        ]
    return Section("shortcuts", "Shortcuts", tuple(cells))


def _tested(name: str) -> list[Text | Code]:
    """Show what edits of proposals do."""
    return [
        text(
            "What a discovery proposes in these networks, tested: regions of the most typical images of one `side` "
            "(where three quarters of the positive relevance lie) pasted into images that are taken for another class "
            "(control: the same region of another such image), filled (control: as large a place elsewhere), and the "
            "units that go with the side set to 0, exactly (control: as many random ones). `with` is the network that "
            "proposes."
        ),
        code(
            f'print(*read_json({quoted(f"shortcuts/{name}/proposals.json")})["notes"], sep="\\n")',
            f"tested = read_table({quoted(f'shortcuts/{name}/proposals.csv')})",
            'tested.set_index(["proposer", "proposal", "name", "side", "edit", "set"])',
        ),
    ]


def _changes(key: str, name: str) -> Code:
    """Tabulate what an edit does to the probability of the class; empty where no image was edited."""
    return code(
        "rows = [",
        f'    {{{quoted(name)}: artefact, "trained": arm}} | values',
        f'    for arm, found in study["{key}"].items()',
        "    for artefact, values in found.items()",
        "]",
        'columns = [f"artefact.change.{part}" for part in ("value", "low", "high", "n")]',
        'columns += ["control.change.value", "beyond.value", "beyond.low", "beyond.high", "beyond.n"]',
        f'names = [{quoted(name)}, "trained"]',
        "pd.json_normalize(rows).reindex(columns=[*names, *columns]).set_index(names).sort_index()",
    )
