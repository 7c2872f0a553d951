"""The layers of networks of which a configuration names none."""

from collections.abc import Mapping
from typing import Any

from lucidag.config.faults import Faults
from lucidag.config.plan import Plan
from lucidag.ground.section import Section
from lucidag.ground.spelling import unknown


def with_layers(plan: Plan, looked: Mapping[str, Any], source: str, faults: Faults) -> dict[str, Section]:
    """Return the sections with the layers of networks of which they name none.

    Parameters
    ----------
    plan
        Of the configuration.
    looked
        By model what `lucidag.models.probe.look` says of it; a model that cannot be used is not there.
    source
        The configuration file.
    faults
        Gets a line for each network without such layers, and for layers of `dissect.sheet` that are not dissected.
    """
    config, sections = plan.config, dict[str, Section]()
    if config.dissect is not None:
        layers = {name: plan.layers[name] or looked[name]["layers"] for name in plan.layers if name in looked}
        for name in [name for name, found in layers.items() if not found]:
            faults.lines.append(f"{source}: dissect.layers.{name}: no layer is found in the network: name some")
        shown = config.dissect.sheet.units if isinstance(config.dissect.sheet.units, dict) else {}
        known = list(dict.fromkeys(layer for found in layers.values() for layer in found))
        if len(layers) == len(plan.layers):  # else the layers of some are not known
            for layer in [layer for layer in shown if layer not in known]:
                faults.lines.append(f"{source}: dissect.sheet.units: {unknown('dissected layer', layer, known)}")
        sections["dissect"] = config.dissect.model_copy(update={"layers": layers})
    if config.relevance is not None and config.relevance.atlas is not None:
        atlas = config.relevance.atlas
        blocks = {name: plan.atlas_layer(name) or looked[name]["block"] for name in plan.atlas if name in looked}
        for name in [name for name, block in blocks.items() if block is None]:
            faults.lines.append(
                f"{source}: relevance.atlas.layers.{name}: no layer with maps is found in the network: name one"
            )
        named = {name: block for name, block in blocks.items() if block is not None}
        updated = {"atlas": atlas.model_copy(update={"layers": {**atlas.layers, **named}})}
        sections["relevance"] = config.relevance.model_copy(update=updated)
    return sections
