"""Section about the models of an experiment: what differs, what it did, and what seeds do alone."""

from collections.abc import Sequence

from lucidag.report.cells import Code, Section, Text, code, images, quoted, text


def experiments(families: Sequence[str], outcomes: Sequence[str], confidence: float) -> Section:
    """Show the models side by side, and what each factor does.

    Parameters
    ----------
    families
        That grids and seeds made.
    outcomes
        Which factors are asked about.
    confidence
        Level of the intervals.
    """
    cells: list[Text | Code] = [
        text(
            "The models that grids and seeds made. Networks and not images are the sample: each seed gives one "
            f"difference between two values of a factor, over all other settings, and the {confidence:.0%} interval is "
            "Student's over seeds, so that few seeds give a wide one. `visible` is the smallest effect that such an "
            "experiment calls in 8 of 10 cases: nothing below it can be ruled out. `share` is how much of the spread "
            "over networks a factor explains; its controls are `share_chance`, what a factor without effect would "
            "explain, and `share_seeds`, what goes with networks that differ in their seed alone.",
        ),
        code(
            'told = read_json("experiments/factors.json")',
            f"first = {quoted(outcomes[0])}",
            'print(*(each["sentence"] for each in told["sentences"] if each["outcome"] == first), sep="\\n")',
        ),
        code(
            'factors = read_table("experiments/factors.csv")',
            'columns = ["effect", "low", "high", "p_holm", "visible", "share", "share_chance", "share_seeds"]',
            'factors.set_index(["family", "factor", "level", "against", "outcome"])[columns]',
        ),
        text(
            "Each model. `status` says whether its training ended well; why a cell is empty stands in "
            "`experiments.json`, with all settings and intervals, and what a column means. What each cost stands in "
            "`experiments/costs.csv`, apart from all whose bytes are the same on each run."
        ),
        code(
            'table = read_table("experiments.csv")',
            "outcomes = [",
            *(f"    {quoted(name)}," for name in outcomes),
            "]",
            'table.set_index(["family", "model"])[["status", "epochs", *outcomes]]',
        ),
    ]
    cells += [part for name in families for part in _family(name)]
    return Section("experiments", "What made the difference", tuple(cells))


def _family(name: str) -> list[Text | Code]:
    folder = f"figures/experiments/{name}"
    return [
        text(f"### {name}", "Each point is a network; lines join those of one seed that are alike in all else."),
        images(
            (f"{folder}/factors.png", f"Outcomes of {name} by factor"),
            (f"{folder}/table.png", f"Outcomes of {name}, mean and standard deviation over seeds"),
            (f"{folder}/curves.png", f"Trainings of {name}"),
        ),
    ]
