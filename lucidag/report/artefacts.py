"""Sections about shortcuts that nobody has a finder for, and about networks without theirs."""

from collections.abc import Mapping, Sequence

from lucidag.report.cells import Code, Section, Text, code, images, quoted, text


def discovery(models: Sequence[str], level: float, confidence: float) -> Section:
    """Show what is proposed as an artefact without a finder.

    Parameters
    ----------
    models
        Those that were looked into.
    level
        Of the tests, corrected over all candidates of a model.
    confidence
        Level of the intervals.
    """
    cells: list[Text | Code] = [
        text(
            "Of the images that a network takes for a class, some may be decided by something else than the others. "
            "Clusters of validation images are tested on test images (`p_holm`, corrected over all candidates); "
            f"`proposed` are those at {level:g} at most, in a graph whose eigengap is told from surrogates without "
            "clusters (`gap_p`). `stability` is how well a cut is found again in samples. `column` is the metadata "
            "that goes with it best, on validation images; its `precision` and `recall` are those of test images. "
            f"Intervals: {100 * confidence:g} %. A proposal is no verdict: look at its images."
        )
    ]
    for name in models:
        cells += [
            text(f"### {name}"),
            code(
                f'print(*read_json({quoted(f"discovery/{name}.json")})["notes"], sep="\\n")',
                f"found = read_table({quoted(f'discovery/{name}.csv')})",
                'columns = ["kind", "name", "test_images", "inside", "p_holm", "proposed", "gap_p", "stability"]',
                'columns += ["side", "column", "precision", "precision_low", "precision_high"]',
                'columns += ["recall", "recall_low", "recall_high", "recall_of_all"]',
                'found.sort_values(["proposed", "p_holm"], ascending=[False, True]).reindex(columns=columns).head(10)',
            ),
            images((f"figures/discovery/{name}.png", f"What is proposed in {name}")),
            code(
                f"units = read_table({quoted(f'discovery/{name}-units.csv')})",
                'best = units[units["found"].astype(str) == "True"].sort_values("p_fdr", kind="stable")',
                'best.groupby(["kind", "name"], sort=False).head(3).set_index(["kind", "name", "unit"])',
            ),
        ]
    return Section("discovery", "Discovery", tuple(cells))


def repair(repairs: Mapping[str, float]) -> Section:
    """Show what taking a shortcut out of networks does.

    Parameters
    ----------
    repairs
        By repair the level of its intervals.
    """
    cells: list[Text | Code] = [
        text(
            "First table: what pasting an artefact into clean test images does to the probability of its class "
            "(`change`; `beyond` is that less what filling the same place does), of the `original` networks, the "
            "`repaired` ones, those `without` the shortcut in their images, and of `random` controls, which were "
            "changed as much without regard to the artefact; `p` is the share of controls that do as well. Second: "
            "accuracy on all test images, on those without artefact, and by group."
        )
    ]
    for name, confidence in repairs.items():
        cells += [
            text(f"### {name}", f"Intervals: {100 * confidence:g} %, over networks and images."),
            code(
                f'print(*read_json({quoted(f"repair/{name}/summary.json")})["notes"], sep="\\n")',
                f'read_table({quoted(f"repair/{name}/effects.csv")}).set_index(["artefact", "set"]).sort_index()',
            ),
            code(f'read_table({quoted(f"repair/{name}/accuracy.csv")}).set_index(["kind", "name", "set"])'),
        ]
    return Section("repair", "Repair", tuple(cells))
