"""Section about planted units."""

from collections.abc import Sequence

from lucidag.report.cells import Code, Section, Text, code, images, quoted, text


def planted(models: Sequence[str], confidence: float) -> Section:
    """Show what each method says of planted units, held against the truth.

    Parameters
    ----------
    models
        Those with planted units.
    confidence
        Level of the intervals.
    """
    cells: list[Text | Code] = [
        text(
            "What these units answer to, and which class they act on, was built and is known. `right` is the share of "
            "labels that name it, beside the share that the same labels have by chance (`base_rate`); "
            "`wrong_among_confirmed` is what a confirmed label is to be believed. `auprc` is the average precision of "
            f"what else is said of them. Intervals at {confidence:.0%} are over the models and, of labels, over the "
            "concepts that units were planted for."
        ),
        code(
            f"planted = read_table({quoted('planted/summary.csv')})",
            'planted[planted["part"] == "labels"].pivot(index="kind", columns=["method", "measure"], values="value")',
        ),
        code(
            'known = planted["kind"].eq("all") & planted["value"].notna()',
            'planted[known].set_index(["part", "method", "measure"]).drop(columns=["kind", "reason"])',
        ),
        images(("figures/planted/summary.png", "What is said of planted units")),
        text("Of each kind some units may not do on other images what they were planted for: these are not counted."),
    ]
    for name in models:
        cells.append(
            code(
                f"truth = read_table({quoted(f'planted/{name}/truth.csv')})",
                'truth.groupby("kind", sort=False)["verified"].agg(["size", "sum"]).T',
            )
        )
    return Section("planted", "Units with known truth", tuple(cells))
