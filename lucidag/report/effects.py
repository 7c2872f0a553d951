"""Section about what is lost without units."""

from collections.abc import Mapping, Sequence

from lucidag.report.cells import Code, Section, Text, code, images, quoted, text


def units(models: Sequence[str], confidence: float, layers: Mapping[str, Sequence[str]]) -> Section:
    """Show which classes need which units, and what else is known of these.

    Parameters
    ----------
    models
        Whose units were taken away.
    confidence
        Level of the intervals.
    layers
        By model, the layers of these units, which have dossiers.
    """
    cells: list[Text | Code] = [
        text(
            "Each unit in front of the last layer is taken away (set to 0), exactly: the change of the cross-entropy "
            "(`loss`, nats, above 0 where it is missed) and of the accuracy of the images of a class. Pairs of unit "
            "and class are found on validation images, at a false discovery rate of "
            f"{1 - confidence:.0%}, where the margin of the class falls `beyond` what it does on other images; shown "
            f"are those that test images confirm, with {confidence:.0%} intervals over test images. A unit that "
            "no class misses may still matter where another one stands in for it."
        )
    ]
    for name in models:
        cells += _model(name)
        for layer in layers.get(name, ()):
            cells += _dossier(name, layer)
    return Section("units", "What is lost without units", tuple(cells))


def _model(name: str) -> list[Text | Code]:
    return [
        text(f"### {name}"),
        code(
            f"found = read_json({quoted(f'units/{name}/effects.json')})",
            'print(*found["notes"], sep="\\n")',
            'pd.DataFrame(found["splits"]).drop("found_by_class")',
        ),
        code(
            f"effects = read_table({quoted(f'units/{name}/effects.csv')})",
            'effects = effects[(effects["split"] == "test") & effects["found"]].sort_values("loss", ascending=False)',
            'columns = ["unit", "name", "images", "loss", "loss_low", "loss_high", "accuracy", "beyond", "p_fdr"]',
            "effects[columns].head(10)",
        ),
        images((f"figures/units/{name}/effects.png", f"What the classes of {name} lose without units")),
        text(
            "The units that a class misses most, taken away together, beside as many random units and others of about "
            "the same mean activation (`matched`): of these the mean over sets, and where the middle ones lie. How a "
            "unit's class selectivity (0 to 1; Morcos and others 2018) goes with what is lost without it stands below."
        ),
        code(
            f"sets = read_table({quoted(f'units/{name}/sets.csv')})",
            'columns = ["loss", "loss_low", "loss_high", "accuracy", "others_accuracy", "p", "p_fdr"]',
            'sets.set_index(["name", "set"])[["members", "images", *columns]]',
        ),
        code('pd.Series(found["selectivity"])'),
    ]


def _dossier(name: str, layer: str) -> list[Text | Code]:
    return [
        text(
            f"What is known of the units of {layer} that a class misses most when they are set to 0: labels by words "
            "and pixels with their verdicts, the class, what it loses on test images (`zero_first_found`: confirmed), "
            "role and warnings. The file has all units and columns; the one beside it that ends in `.json` says what "
            "they hold, where they are from, and what is not there."
        ),
        code(
            f"dossier = read_table({quoted(f'units/{name}/{layer}.csv')})",
            'kinds = [f"{kind}_{end}" for kind in ("words", "pixels") for end in ("concept", "verdict")]',
            'effects = [f"zero_first_{end}" for end in ("class", "loss", "loss_low", "loss_high", "found")]',
            'columns = ["unit", *kinds, *effects, "selectivity", "role", "role_supported", "warnings"]',
            "columns = [column for column in columns if column in dossier]",
            'dossier.sort_values("zero_first_loss", ascending=False)[columns].head(8)',
        ),
    ]
