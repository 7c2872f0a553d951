"""Retrieval of function: how many units it takes, and whether roles tell anything."""

from collections.abc import Iterator

from lucidag.atlas.contents import Contents
from lucidag.atlas.findings.base import Evidence, Finding, counted, percent, to, within
from lucidag.atlas.results import Results

ORDER = 30
ANALYSIS = "Retrieval of function"
CONTROLS = ("random", "reversed", "logit_bias", "random_ablation")


def find(results: Results, contents: Contents) -> Iterator[Finding]:
    """Tell each model's turning point beside the bare bias, and doubt degenerate points and roles."""
    for model in contents.examined:
        file = f"rof/{model}/turning_points.json"
        found = results.json(file)
        points = [
            point
            for point in found["turning_points"]
            if point["split"] == "test" and point["metric"] == "accuracy" and point["method"] not in CONTROLS
        ]
        if not points:
            continue
        main, link, evidence = points[0], to("function", model), (Evidence(file, "split test, metric accuracy"),)
        interval = within(main.get("low"), main.get("high"), lambda k: f"{k:.0f}")
        sentence = (
            f"{model} is as good with {main['n0']}{interval} of its {main['units']} units as with all, by {main['method']}, "
            f"within {percent(main['margin'])}: {percent(main['value'])} against {percent(main['baseline'])}"
            f"{_random(found['turning_points'], main['n0'])}."
        )
        yield Finding(f"n0-{model}", ANALYSIS, "result", sentence, link, evidence)
        if main.get("degenerate"):
            doubt = f"{model}: the interval of its turning point reaches all units, so it tells nothing."
            yield Finding(f"n0-degenerate-{model}", ANALYSIS, "doubt", doubt, link, evidence)
        for metric in sorted({role["metric"] for role in found["roles"] if role.get("degenerate")}):
            doubt = (
                f"{model}: splits of one population give units the roles by {metric} as often; take `role, if stable` "
                "and not the paper's four."
            )
            yield Finding(f"roles-{model}-{metric}", ANALYSIS, "doubt", doubt, link, (Evidence(file, f"roles, {metric}"),))


def _random(points: list[dict[str, object]], n0: int) -> str:
    random = [
        int(str(point["n0"]))
        for point in points
        if point["split"] == "test" and point["metric"] == "accuracy" and point["method"] == "random"
    ]
    if not random:
        return ""
    return f"; {counted(len(random), 'random order')} {'needs' if len(random) == 1 else 'need'} {min(random)} to {max(random)}"
