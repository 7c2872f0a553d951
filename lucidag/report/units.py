"""Section about what units detect."""

from collections.abc import Mapping, Sequence

from lucidag.report.cells import Code, Section, Text, code, images, quoted, text
from lucidag.units.names import ANNOTATIONS, CLIP_DISSECT, NETDISSECT, NONE, SIMILAR

# How each method finds the label of a unit.
WAYS: Mapping[str, str] = {
    CLIP_DISSECT: "by the words of a CLIP (`clip-dissect`)",
    ANNOTATIONS: "by what the data set itself says of the images (`annotations`)",
    NETDISSECT: "by the pixels of label maps (`netdissect`, score: IoU)",
}


def dissect(
    models: Mapping[str, Sequence[str]],
    methods: Sequence[str],
    pairs: Sequence[str],
    joined: Sequence[str],
    clips: Sequence[str],
    untrained: bool,
) -> Section:
    """Show which concepts the units of each model detect.

    Parameters
    ----------
    models
        By model the layers that were dissected.
    methods
        ``clip-dissect`` or ``annotations``, and ``netdissect``, as far as they are asked for.
    pairs
        Comparisons of two models, such as ``a-vs-b``.
    joined
        Models whose units have labels and roles.
    clips
        CLIP models that were trained here.
    untrained
        Whether units are held against those of an untrained network.
    """
    cells: list[Text | Code] = [
        text(
            "Each unit is called by the concept that it answers to most, among the images of a probe set: "
            f"{' or '.join(WAYS[method] for method in methods)}. Some concept "
            "is always the best one, so only confirmed labels count: those that half of the images would give again, "
            "that the other half bears out, and that go further above chance than labels of an untrained network. "
            "`labelled` is the share of units with a confirmed label, `circular` how many of these only the CLIP that "
            "gave them could judge. A label is a name for what correlates, not proof of what the unit is for."
        )
    ]
    cells += [part for name in clips for part in _clip(name)]
    for name, layers in models.items():
        cells += _model(name, layers, methods, untrained)
        cells += _roles(name, methods) if name in joined else []
    cells += [part for pair in pairs for part in _pair(pair, methods)]
    return Section("dissection", "What units detect", tuple(cells))


def _clip(name: str) -> list[Text | Code]:
    return [
        text(
            f"### CLIP {name}",
            "Labels by words are worth no more than this: how often the nearest word to a test image is the right "
            "one, compared with `chance` and with always saying the `commonest`.",
        ),
        code(
            f'found = read_json({quoted(f"clip/{name}/zero_shot.json")})["categories"]',
            'pd.json_normalize([{"category": name} | values for name, values in found.items()])',
        ),
    ]


def _model(name: str, layers: Sequence[str], methods: Sequence[str], untrained: bool) -> list[Text | Code]:
    folder, figures = f"dissect/{name}", f"figures/dissect/{name}"
    files = [f"    {quoted(f'{folder}/{layer}.csv')}," for layer in layers]
    shown = [
        (f"{figures}/{method}-{kind}.png", f"{kind.capitalize()} of {name} by {method}")
        for method in methods
        for kind in ("concepts", "categories")
    ]
    return [
        text(f"### {name}"),
        code(
            f"summary = read_json({quoted(f'{folder}/summary.json')})",
            "rows = [",
            '    {"method": method, "layer": layer} | values | found["verdicts"]["layers"][layer]',
            '    for method, found in summary["methods"].items()',
            '    for layer, values in found["confirmed"]["layers"].items()',
            "]",
            'columns = ["units", *(f"labelled.{end}" for end in ("value", "low", "high"))]',
            'kinds = ("unconfirmed", "untestable", "circular")',
            'columns += [f"shares.{kind}.{end}" for kind in kinds for end in ("value", "low", "high")]',
            'columns += ["unique", "units_per_concept"]',
            'pd.json_normalize(rows).set_index(["method", "layer"]).reindex(columns=columns)',
        ),
        *_seconds(untrained),
        *(_untrained() if untrained else ()),
        code('print(*summary.get("notes", []), sep="\\n")'),
        text(
            "The units with the strongest labels of each method, whatever their layer: by strength, or with "
            "`netdissect` by IoU (`strength_or_iou`), with the verdict and what the label reaches on images that did "
            "not choose it (`auprc`, average precision, beside the `base_rate` of the concept)."
        ),
        code(
            "files = [",
            *files,
            "]",
            "units = pd.concat(read_table(file).assign(layer=Path(file).stem) for file in files)",
            f'units = units[units["concept"] != {quoted(NONE)}]',
            f'units["strength_or_iou"] = {_judged(methods)}',
            'best = units.sort_values("strength_or_iou", ascending=False, kind="stable").groupby("method").head(5)',
            'columns = ["method", "layer", "unit", "concept", "category", "strength_or_iou", "verdict", "auprc"]',
            'best.reindex(columns=[*columns, "base_rate"]).sort_values("method", kind="stable")',
        ),
        images(*shown, (f"{figures}/units.png", f"Units of {name} with the images that activate them most")),
    ]


def _seconds(untrained: bool) -> list[Text | Code]:
    """Show how many units answer to two concepts."""
    controls = "what the same rule confirms with activations dealt out to the images anew (`chance`)"
    controls += " and in the untrained network (`untrained`)" if untrained else ""
    return [
        text(
            "Units that answer to a second concept too, in images that do not show the first: `two` where the verdicts "
            f"on both are `confirmed`. The controls: {controls}."
        ),
        code(
            "rows = [",
            '    {"method": method, "layer": layer} | values',
            *(['    | {"untrained": found["seconds"]["untrained"]["layers"][layer]}'] if untrained else []),
            '    for method, found in summary["methods"].items()',
            '    for layer, values in found["seconds"]["layers"].items()',
            "]",
            'pd.json_normalize(rows).set_index(["method", "layer"])',
        ),
    ]


def _untrained() -> list[Text | Code]:
    """Show what an untrained network would have."""
    return [
        text(
            "The control: the share of units of an untrained network of the same architecture whose label is "
            "confirmed. Its labels are held against each other, so that no more than about 5 % can be; what it reaches "
            "as well is no finding."
        ),
        code(
            "rows = [",
            '    {"method": method, "layer": layer, "untrained": values}',
            '    | {"labelled": found["confirmed"]["layers"][layer]["labelled"]}',
            '    for method, found in summary["methods"].items()',
            '    for layer, values in found["untrained"]["layers"].items()',
            "]",
            'columns = ["untrained.n", "labelled.value", "untrained.value"]',
            'pd.json_normalize(rows).set_index(["method", "layer"]).reindex(columns=columns)',
        ),
    ]


def _judged(methods: Sequence[str]) -> str:
    """Give the code of how strong a label is: scores by similarity compare units, and end at log U."""
    return 'units["strength"].fillna(units["score"])' if set(methods) & set(SIMILAR) else 'units["score"]'


def _roles(name: str, methods: Sequence[str]) -> list[Text | Code]:
    shown = [
        (f"figures/dissect/{name}/{method}-roles.png", f"Labels and roles of {name}, {method}") for method in methods
    ]
    return [
        text(
            "Are the units that restore function the interpretable ones? `difference` of the restoring units and the "
            "others, with a permutation p value; where all units restore, there is nothing to compare (`reason`). "
            "Roles that splits of one population would give as well are `degenerate`."
        ),
        code(
            f'found = read_json({quoted(f"dissect/{name}/role_tests.json")})["methods"]',
            "rows = [",
            '    {"method": method, "split": split, "degenerate": tests["degenerate"]} | tests["score"]',
            "    for method, values in found.items()",
            '    for split, tests in values["restoring"].items()',
            "]",
            "pd.DataFrame(rows)",
        ),
        code(f"read_table({quoted(f'dissect/{name}/concept_roles.csv')}).head(10)"),
        images(*shown),
    ]


def _pair(pair: str, methods: Sequence[str]) -> list[Text | Code]:
    shown = [
        (f"figures/dissect/{pair}/{method}-{kind}.png", f"{kind.capitalize()} of {pair} by {method}")
        for method in methods
        for kind in ("concepts", "categories")
    ]
    return [
        text(
            f"### {pair}",
            "Two models compared by their confirmed labels. `low` to `high` is what the difference would be if units "
            "were dealt out to the two at random: only a difference outside it says that the models differ.",
        ),
        code(
            f'compared = read_json({quoted(f"dissect/{pair}.json")})["methods"]',
            "rows = [",
            '    {"method": method, "measure": measure} | values',
            "    for method, found in compared.items()",
            '    for measure, values in found["confirmed"]["differences"].items()',
            "]",
            'pd.DataFrame(rows).set_index(["method", "measure"])',
        ),
        images(*shown),
    ]
