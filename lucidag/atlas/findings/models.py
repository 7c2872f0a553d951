"""How well the networks do, and which of them are not to be trusted."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from lucidag.atlas.findings.finding import Analysis, Evidence, Finding
from lucidag.atlas.findings.words import interval, number, percent, some

SMALL = 20  # images of a class or group below which its accuracy tells little
TIMES = 2  # calibration errors above so many times that of a calibrated network are told


def findings(evidence: Evidence) -> Iterator[Finding]:
    """Say of each model how often it is right, against always saying the commonest class."""
    for name in evidence.about.models:
        file = f"models/{name}/evaluation.json"
        known = evidence.results.json(file)
        test = (known or {}).get("test")
        if test:
            yield from _accuracy(name, file, test)
            yield from _doubts(name, file, known or {}, test)


def _accuracy(name: str, file: str, test: Mapping[str, Any]) -> Iterator[Finding]:
    if "confusion" not in test:
        return
    commonest = max(map(sum, test["confusion"])) / test["n"]
    yield Finding(
        "models",
        "accuracy",
        f"{name} is right on {percent(test['accuracy'])} of {test['n']} test images "
        f"{interval(test['accuracy_low'], test['accuracy_high'], percent)}; "
        f"always saying the commonest class is right on {percent(commonest)}.",
        (name,),
        test["accuracy"],
        test["accuracy_low"],
        test["accuracy_high"],
        f"always the commonest class: {percent(commonest)}",
        evidence=((file, {"test": "accuracy"}),),
    )


def _doubts(name: str, file: str, known: Mapping[str, Any], test: Mapping[str, Any]) -> Iterator[Finding]:
    def doubt(slug: str, sentence: str, key: str, **more: Any) -> Finding:  # noqa: ANN401
        return Finding("models", slug, sentence, (name,), level="doubt", evidence=((file, {"test": key}),), **more)

    for place, sentence in enumerate(known.get("doubts", [])):
        yield Finding(
            "models", f"doubt-{place}", f"{name}: {sentence}.", (name,), level="doubt", evidence=((file, {}),)
        )
    classes = len(test.get("confusion", []))
    if classes > 1 and test.get("loss_low") is not None and test["loss_low"] > math.log(classes):
        ends = interval(test["loss_low"], test["loss_high"])
        sentence = (
            f"{name} is worse than guessing: its test loss is {number(test['loss'])} nats {ends}, "
            f"guessing among {classes} classes has {number(math.log(classes))}."
        )
        yield doubt("guessing", sentence, "loss", value=test["loss"], low=test["loss_low"], high=test["loss_high"])
    few = [f"{label} ({own['n']})" for label, own in test.get("per_class", {}).items() if own["n"] < SMALL]
    few += [f"{label} ({own['n']})" for label, own in test.get("per_group", {}).items() if own["n"] < SMALL]
    if few:
        sentence = f"{name}: too few test images to judge classes or groups by: {some(few)}."
        yield doubt("small", sentence, "per_class")
    error, chance = test.get("calibration_error"), test.get("calibration_chance")
    if error is not None and chance is not None and error > TIMES * chance:
        sentence = (
            f"The probabilities that {name} states are off by {percent(error)} on average; a calibrated network of "
            f"as many images would show {percent(chance)}."
        )
        yield doubt("calibration", sentence, "calibration_error", value=error, control=percent(chance))


ANALYSIS = Analysis(
    "models",
    "Models",
    "How often each network is right on images that it did not learn from.",
    "models/{}/evaluation.json",
    findings,
)
