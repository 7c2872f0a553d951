"""What is lost without a unit."""

from collections.abc import Iterator

import pandas as pd

from lucidag.atlas.findings.finding import Analysis, Evidence, Finding
from lucidag.atlas.findings.words import interval, number, percent, plain, some

UNCONFIRMED = 0.5  # share of effects found on validation images that test images do not confirm


def findings(evidence: Evidence) -> Iterator[Finding]:
    """Say of each layer which unit is missed most, by which class, and what others lose; then what sets say."""
    results = evidence.results
    for model in results.named("units/{}/effects.csv"):
        exact = results.table(f"units/{model}/effects.csv")
        assert exact is not None
        layer = penultimate(evidence, model)
        yield from of_layer(exact, f"units/{model}/effects.csv", model, layer)
        for name in results.named(f"units/{model}/inner/{{}}.csv"):
            inner = results.table(f"units/{model}/inner/{name}.csv")
            assert inner is not None
            if name != layer:
                own = inner[inner["baseline"] == inner["baseline"].iloc[0]] if len(inner) else inner
                yield from of_layer(own, f"units/{model}/inner/{name}.csv", model, name)
        sets = results.table(f"units/{model}/sets.csv")
        if sets is not None:
            yield from of_sets(sets, f"units/{model}/sets.csv", model)


def penultimate(evidence: Evidence, model: str) -> str:
    """Return the layer whose dossier is made from the exact effects; '' where there is none."""
    for layer in evidence.results.named(f"units/{model}/{{}}.json"):
        columns = (evidence.results.json(f"units/{model}/{layer}.json") or {}).get("columns", {})
        if any(own["source"] == f"units/{model}/effects.csv" for own in columns.values()):
            return layer
    return ""


def of_layer(effects: pd.DataFrame, file: str, model: str, layer: str) -> Iterator[Finding]:
    """Say which unit a class needs most, among those that validation images found and test images confirm.

    The pair is picked by its loss on validation images, where there are any, and reported on test images.
    """
    classes = effects[effects["kind"] == "class"]
    test = classes[classes["split"] == "test"]
    picked = classes[(classes["split"] == "val") & classes["found"]]
    found = test[test["found"]]
    pairs = set(zip(found["unit"], found["name"], strict=True))
    where = layer or "the layer before the last"
    yield from doubts(picked, pairs, file, model, layer, where)
    if found.empty:
        sentence = f"No class of {model} is shown to need any single unit of {where}."
        if len(test):
            yield Finding("units", f"{layer}-none", sentence, (model,), evidence=((file, {"split": "test"}),))
        return
    order = picked[[pair in pairs for pair in zip(picked["unit"], picked["name"], strict=True)]]
    order = order if len(order) else found
    first = order.sort_values(["loss", "unit"], ascending=[False, True]).iloc[0]
    own = test[(test["unit"] == first["unit"]) & (test["name"] == first["name"])].iloc[0]
    unit, name = int(own["unit"]), own["name"]
    others = test[(test["unit"] == unit) & (test["name"] != name)]["loss"]
    rest = test[(test["name"] == name) & (test["unit"] != unit)]["loss"]
    control = f"another unit costs it {number(rest.mean())} on average" if len(rest) else ""
    beside = f"no other class loses more than {number(others.max())}" if len(others) else "there is no other class"
    yield Finding(
        "units",
        f"{layer}-strongest",
        f"Switching off unit {unit} of {where} of {model} costs {name} {number(own['loss'])} nats "
        f"{interval(own['loss_low'], own['loss_high'])}; {beside}" + (f"; {control}." if control else "."),
        (model,),
        plain(own["loss"]),
        plain(own["loss_low"]),
        plain(own["loss_high"]),
        control,
        links=((f"#unit={model}/{layer}/{unit}", f"unit {unit}"),) if layer else (),
        evidence=((file, {"split": "test", "unit": unit, "name": name}),),
    )


def doubts(
    picked: pd.DataFrame, confirmed: set[tuple[int, str]], file: str, model: str, layer: str, where: str
) -> Iterator[Finding]:
    """Say how many effects that validation images showed test images do not confirm, where these are many."""
    missed = sum(pair not in confirmed for pair in zip(picked["unit"], picked["name"], strict=True))
    if len(picked) and missed / len(picked) >= UNCONFIRMED:
        sentence = (
            f"{missed} of {len(picked)} effects of units of {where} of {model} on single classes that validation "
            f"images show ({percent(missed / len(picked))}) are not confirmed by test images."
        )
        yield Finding(
            "units", f"{layer}-unconfirmed", sentence, (model,), missed, level="doubt", evidence=((file, {}),)
        )


def of_sets(sets: pd.DataFrame, file: str, model: str) -> Iterator[Finding]:
    """Say what the class loses that loses most without the units that it needs most, and as many random ones."""
    worst, random = (sets[sets["set"] == kind].set_index("name") for kind in ("worst", "random"))
    shown = worst.join(random.add_suffix("_random"), how="inner")
    if shown.empty:
        return
    p = shown["p_fdr_random"].astype(float)
    found = shown[p < 0.05]
    if found.empty:
        sentence = f"Taking away the units that a class of {model} needs most costs it no more than random units do."
        yield Finding("units", "sets", sentence, (model,), level="doubt", evidence=((file, {"set": "worst"}),))
        return
    name = str(found["loss"].astype(float).idxmax())
    row = found.loc[[name]].to_dict("records")[0]
    count = len(str(row["members"]).split())
    control = f"as many random units cost {number(row['loss_random'])}"
    yield Finding(
        "units",
        "sets",
        f"Without the {count} units that {name} needs most, {model} loses {number(row['loss'])} nats "
        f"{interval(row['loss_low'], row['loss_high'])} on it; {control}; "
        f"this is so of {len(found)} of {len(shown)} classes ({some(sorted(found.index))}).",
        (model,),
        plain(row["loss"]),
        plain(row["loss_low"]),
        plain(row["loss_high"]),
        control,
        evidence=((file, {"name": name, "set": "worst"}), (file, {"name": name, "set": "random"})),
    )


ANALYSIS = Analysis(
    "units", "Effects of units", "What classes lose when a unit is switched off.", "units/{}/effects.csv", findings
)
