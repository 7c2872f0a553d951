"""Whether methods agree on why a decision was made, and which maps are not to be trusted."""

from collections.abc import Iterator

from lucidag.atlas.explained import Decisions
from lucidag.atlas.findings.finding import Analysis, Evidence, Finding
from lucidag.atlas.findings.words import interval, number, plain, some
from lucidag.explain.checks.limit import LIMIT
from lucidag.explain.families import RELATED
from lucidag.ground.statistics.intervals import HAND_PICKED


def findings(evidence: Evidence) -> Iterator[Finding]:
    """Say of each model which two methods of different families agree most; then which maps are doubtful."""
    for model in evidence.results.named("agreement/{}-summary.csv"):
        yield from agreement(evidence, model)
    for model, own in evidence.decisions.items():
        yield from maps(model, own)
    for model in evidence.results.named_folders("explanations"):
        yield from checks(evidence, model)


def agreement(evidence: Evidence, model: str) -> Iterator[Finding]:
    """Say how far the methods of different families agree that agree most beyond the control."""
    file = f"agreement/{model}-summary.csv"
    table = evidence.results.table(file)
    assert table is not None
    family = {method: name for name, own in RELATED.items() for method in own}
    equal = table[(table["threshold"] == "area") & table["over_control"].notna()]
    if len(equal) and equal["reason"].str.startswith(HAND_PICKED).all():
        sentence = f"The explained images of {model} are hand-picked: nothing that is said of them goes for others."
        yield Finding("explain", "hand-picked", sentence, (model,), level="doubt", evidence=((file, {}),))
    apart = equal[
        [
            family.get(a, a) != family.get(b, b) and not none
            for a, b, none in zip(equal["method_a"], equal["method_b"], equal["no_class"], strict=True)
        ]
    ]
    if apart.empty:
        return
    row = apart.sort_values("over_control", ascending=False).iloc[0]
    where = {"method_a": row["method_a"], "method_b": row["method_b"], "threshold": "area"}
    ends = interval(plain(row["over_control_low"]), plain(row["over_control_high"]))
    control = f"maps of other images: {number(row['control'])}"
    beyond = plain(row["over_control_low"])
    said = (
        f"{row['method_a']} and {row['method_b']} explain {model} most alike of all methods of different families: "
        f"their masks overlap by {number(row['mean'])}, {number(row['over_control'])} {ends} more than "
        f"with maps of other images ({int(row['n'])} images)"
    )
    told = beyond is not None and beyond > 0
    yield Finding(
        "explain",
        "agreement",
        f"{said}." if told else f"{said}, which is not told from chance.",
        (model,),
        plain(row["over_control"]),
        beyond,
        plain(row["over_control_high"]),
        control,
        level="result" if told else "doubt",
        evidence=((file, where),),
    )


def maps(model: str, own: Decisions) -> Iterator[Finding]:
    """Say which maps are empty, broken or exploded, and which decisions that are explained are wrong."""
    folder = f"explanations/{model}"
    for slug, pairs, words in (
        ("empty", own.empty, "are empty: they say nothing"),
        ("broken", own.broken, "hold values that are no numbers"),
        ("exploded", own.exploded, "are of relevance that exploded: rounding alone decides them"),
    ):
        if pairs:
            methods = sorted({method for _, method in pairs})
            links = tuple((f"#image={image}", image) for image, _ in pairs[:3])
            yield Finding(
                "explain",
                slug,
                f"{len(pairs)} maps of {model} {words} ({some(methods)}).",
                (model,),
                len(pairs),
                level="doubt",
                links=links,
                evidence=((folder, {"image": pairs[0][0], "method": pairs[0][1]}),),
            )
    known = {image: each for image, each in own.records.items() if each.get("label") and each.get("predicted_name")}
    wrong = [image for image, each in known.items() if each["label"] != each["predicted_name"]]
    if wrong:
        yield Finding(
            "explain",
            "wrong",
            f"{len(wrong)} of {len(known)} explained decisions of {model} are wrong: their maps show the predicted "
            f"class, not the image's own ({some(wrong)}).",
            (model,),
            len(wrong),
            level="doubt",
            links=tuple((f"#image={image}", image) for image in wrong[:3]),
            evidence=((folder, {"image": wrong[0]}),),
        )


def checks(evidence: Evidence, model: str) -> Iterator[Finding]:
    """Say whether the maps are those of the libraries that have the methods too."""
    file = f"explanations/{model}/checks.csv"
    table = evidence.results.table(file)
    held = None if table is None else table[table["difference"].notna()]
    if held is None or held.empty:
        return
    far = held[held["difference"] > LIMIT]
    for method, rows in far.groupby("method"):
        row = rows.sort_values("difference", ascending=False).iloc[0]
        yield Finding(
            "explain",
            f"check-{method}",
            f"Maps of {method} of {model} are not those of {row['library']}: they differ by up to "
            f"{number(row['difference'])} of their range (limit {LIMIT:g}).",
            (model,),
            plain(row["difference"]),
            control=f"limit {LIMIT:g}",
            level="doubt",
            evidence=((file, {"image": row["image"], "method": method}),),
        )
    if far.empty:
        count = held["method"].nunique()
        yield Finding(
            "explain",
            "checks",
            f"{count} methods give {model} the maps that the libraries give: none differs by more than "
            f"{held['difference'].max():.1g} of its range (limit {LIMIT:g}).",
            (model,),
            plain(held["difference"].max()),
            control=f"limit {LIMIT:g}",
            evidence=((file, {}),),
        )


ANALYSIS = Analysis(
    "explain",
    "Explanations",
    "Where in an image each method sees the reason for a decision, and whether methods agree.",
    "agreement/{}-summary.csv",
    findings,
)
