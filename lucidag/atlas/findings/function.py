"""How many units bring the function back, and whether roles tell training from test images."""

from collections.abc import Iterator, Mapping
from typing import Any

from lucidag.atlas.findings.finding import Analysis, Evidence, Finding
from lucidag.atlas.findings.words import interval, number, percent, plain

METRIC = "accuracy"
LEVEL = 0.05


def findings(evidence: Evidence) -> Iterator[Finding]:
    """Say of each model where its curve turns on test images, and against which control; then of its roles."""
    for model in evidence.results.named("rof/{}/turning_points.json"):
        file = f"rof/{model}/turning_points.json"
        known = evidence.results.json(file)
        yield from turning(evidence, model, file, known.get("turning_points", []))
        yield from roles(model, file, known.get("roles") or [])
        if known.get("selection_reason"):
            sentence = f"{model}: no number of units could be chosen, as {known['selection_reason']}."
            yield Finding("rof", "selection", sentence, (model,), level="doubt", evidence=((file, {}),))


def turning(evidence: Evidence, model: str, file: str, points: list[Mapping[str, Any]]) -> Iterator[Finding]:
    """Say how many units are as good as all, in the main order; random orders are the control."""
    own = [each for each in points if each["split"] == "test" and each["metric"] == METRIC]
    main = next((each for each in own if each["method"] == evidence.about.ranking), None)
    if main is None:
        return
    random = sorted(each["n0"] for each in own if each["method"] == "random")
    control = f"random orders need {random[0]} to {random[-1]}" if random else ""
    where = {"split": "test", "method": main["method"], "metric": METRIC}
    ends = interval(main.get("low"), main.get("high"), lambda value: f"{value:.0f}")
    if main.get("degenerate"):
        sentence = (
            f"{model}: that {main['n0']} of {main['units']} units {ends} are as good as all cannot be told from all "
            "being needed, as the interval reaches all units."
        )
        yield Finding("rof", "turning", sentence, (model,), main["n0"], level="doubt", evidence=((file, where),))
        return
    sentence = (
        f"{model}: {main['n0']} of {main['units']} units {ends}, in the order by {main['method']}, have the accuracy "
        f"of all on test images, but for {percent(main['margin'])} at most"
    )
    yield Finding(
        "rof",
        "turning",
        f"{sentence}; {control}." if control else f"{sentence}.",
        (model,),
        main["n0"],
        plain(main.get("low")),
        plain(main.get("high")),
        control,
        links=((f"#function={model}", "the curve"),),
        evidence=((file, where),),
    )


def roles(model: str, file: str, shares: list[Mapping[str, Any]]) -> Iterator[Finding]:
    """Say what share of the units serve training images alone, or that the roles say nothing."""
    metrics = list(dict.fromkeys(each["metric"] for each in shares))
    for metric in metrics:
        own = {each["role"]: each for each in shares if each["metric"] == metric}
        where = {"metric": metric}
        if any(each.get("degenerate") for each in own.values()):
            sentence = (
                f"{model}: roles of units by {metric} say nothing of training against test images: dealing all "
                "images anew into two sets gives the units of one set alone as often."
            )
            yield Finding("rof", f"roles-{metric}", sentence, (model,), level="doubt", evidence=((file, where),))
            continue
        each = own.get("train_only")
        if each is None:
            continue
        control = f"dealt-out images give {percent(each['null_share'])}" if each.get("null_share") is not None else ""
        p = plain(each.get("p"))
        told = f"; {control} (p = {number(p)})" if control and p is not None else ""
        told += "" if p is None or p < LEVEL else ": no more than chance"
        yield Finding(
            "rof",
            f"roles-{metric}",
            f"{model}: {percent(each['share'])} of the units {interval(each['low'], each['high'], percent)} serve "
            f"training images alone, by {metric}{told}.",
            (model,),
            each["share"],
            plain(each["low"]),
            plain(each["high"]),
            control,
            evidence=((file, where | {"role": "train_only"}),),
        )


ANALYSIS = Analysis(
    "rof",
    "Retrieval of function",
    "How many units, switched on one by one, bring the function of the network back.",
    "rof/{}/turning_points.json",
    findings,
)
