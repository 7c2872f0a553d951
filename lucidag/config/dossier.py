"""What the dossier of a layer is made of, and why what is not there is not."""

from collections.abc import Iterator

from lucidag.config.plan import Plan


def dossier_inputs(plan: Plan, model: str, layer: str) -> dict[str, str]:
    """Return the files that the dossier of a layer joins, by what is in them."""
    found: dict[str, str] = {}
    last = layer == plan.penultimate(model)
    if layer in plan.layers.get(model, ()):
        found["labels"] = plan.at("dissect", model, f"{layer}.csv")
        found["measures"] = plan.at("dissect", model, f"{layer}-ranking.csv")
        found |= plan.passes(model, overlaps=False)
        found |= dict(zip(("images",), plan.unit_images(model), strict=False))
    if last:
        found["effects"] = plan.at("units", model, "effects.csv")
        # Beside activations, features tell whether both are of the same units; images of two data sets may share ids.
        if "labels" not in found or plan.probe(model) == plan.config.models[model].dataset:
            found["features"] = plan.at("features", model, "test.safetensors")
    if layer in plan.inner.get(model, ()):
        found["inner"] = plan.at("units", model, "inner", f"{layer}.csv")
    if last and model in plan.examined:
        found["roles"] = plan.at("rof", model, "roles.csv")
        found["ranking"] = plan.at("rof", model, "ranking.csv")
    if plan.atlas.get(model) and layer == plan.atlas_layer(model):
        found["dataset"] = plan.at("data", plan.config.models[model].dataset, "dataset.json")
        found["references"] = plan.at("relevance", model, "crp", "references.safetensors")
    return found


def absent(plan: Plan, model: str, layer: str) -> dict[str, str]:
    """Say of each analysis that says nothing of a layer why: what the configuration would have to name."""
    return dict(_absent(plan, model, set(dossier_inputs(plan, model, layer))))


def _absent(plan: Plan, model: str, present: set[str]) -> Iterator[tuple[str, str]]:
    config, last = plan.config, plan.penultimate(model)
    if "labels" not in present:
        yield "labels", _not_named(config.dissect is None, "dissect", model in plan.layers, f"dissect.layers.{model}")
    elif config.dissect is not None:
        methods = {"clip_dissect": config.dissect.clip_dissect, "netdissect": config.dissect.netdissect}
        yield from ((f"labels by {key}", f"`dissect.{key}` is null") for key, value in methods.items() if value is None)
        if "images" not in present:
            yield "what top images have in common", "no CLIP labels units"
    if not present & {"effects", "inner"}:
        yield "effects", f"the layer is not named in `units.layers`, and exact ones are those of '{last}'"
    elif "inner" not in present:
        yield "effects, set to the mean", "the layer is not named in `units.layers`"
    if "roles" not in present:
        inside = f"retrieval of function is about the units of '{last}'"
        examined = model in plan.examined
        yield "roles, ranks", inside if examined else _not_named(config.rof is None, "rof", False, "")
    if "references" not in present:
        other = plan.atlas_layer(model)
        inside = f"relevance is that of the units of '{other}': name the layer in `relevance.atlas.layers`"
        yield (
            "relevance",
            inside if plan.atlas.get(model) else _not_named(config.relevance is None, "relevance", False, ""),
        )


def _not_named(missing: bool, section: str, member: bool, key: str) -> str:
    if missing:
        return f"there is no `{section}` section"
    return f"the layer is not named in `{key}`" if member else f"the model is not named in `{section}.models`"
