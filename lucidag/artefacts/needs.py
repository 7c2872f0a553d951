"""What audits and studies of artefacts need of networks."""

from lucidag.models.needs import Needs

AUDIT = Needs("audits of artefacts", "artefacts", "no network")
DISCOVERY = Needs("discovery of artefacts", "discover", "what its method needs")
REPAIR = Needs("repairs of shortcuts", "repair", "units in front of a last layer, in which logits are linear")
STUDY = Needs("studies of shortcuts", "shortcuts", "two networks with what their methods need")
