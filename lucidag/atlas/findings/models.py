"""How good the models are, and what is doubtful about them."""

from collections.abc import Iterator, Mapping
from typing import Any

from lucidag.atlas.contents import Contents
from lucidag.atlas.findings.base import Evidence, Finding, number, percent, to, within
from lucidag.atlas.results import Results

ORDER = 10
ANALYSIS = "Models"


def find(results: Results, contents: Contents) -> Iterator[Finding]:
    """Tell each model's accuracy beside chance, and doubt those that guess, are overconfident or were imported oddly."""
    for model in contents.models:
        file = f"models/{model}/evaluation.json"
        found = results.json(file)
        split = next((name for name in ("test", "val", "train") if found.get(name)), None)
        if split is None:
            continue
        about, evidence = found[split], (Evidence(file, split),)
        yield Finding(f"model-{model}", ANALYSIS, "result", _accuracy(model, split, about), to("compare"), evidence)
        yield from _doubts(model, file, about, found.get("doubts", ()))


def _accuracy(model: str, split: str, about: Mapping[str, Any]) -> str:
    interval = within(about.get("accuracy_low"), about.get("accuracy_high"), percent)
    gap = f"; loss {number(about['loss'])} nats" if about.get("loss") is not None else ""
    return f"{model} decides {percent(about['accuracy'])}{interval} of {about['n']} {split} images rightly{gap}."


def _doubts(model: str, file: str, about: Mapping[str, Any], doubts: Any) -> Iterator[Finding]:  # noqa: ANN401
    for place, sentence in enumerate(doubts):
        yield Finding(f"doubt-{model}-{place}", ANALYSIS, "doubt", f"{model}: {sentence}", to("compare"), (Evidence(file),))
    error, chance = about.get("calibration_error"), about.get("calibration_chance")
    if error is not None and chance is not None and error > 2 * chance:
        sentence = (
            f"{model}: stated probabilities are {number(error)} from what is right on average; a calibrated network of "
            f"as many images would show {number(chance)}."
        )
        yield Finding(f"calibration-{model}", ANALYSIS, "doubt", sentence, to("compare"), (Evidence(file),))
