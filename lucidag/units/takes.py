"""What the stages about units need of a network and take for a layer."""

from lucidag.models.layers import Takes
from lucidag.models.needs import Needs

TAKES = Takes(kinds=("maps", "channels last", "points", "vectors", "tokens"), functions=True, leads=False)
PIXELS = Takes(kinds=("maps", "channels last", "points", "tokens"), functions=True, leads=False)

INSIDE = Takes(kinds=("maps", "channels last", "points", "vectors", "tokens"), functions=True, leads=True)

LABELS = Needs("labels of units (CLIP-Dissect, annotations)", "dissect", "any", TAKES)
OVERLAPS = Needs("pixels of units (Network Dissection)", "dissect.netdissect", "any", PIXELS)
EFFECTS = Needs("effects of units", "units", "logits that are linear in the units in front of a last layer")
INNER = Needs("effects of units of inner layers", "units.layers", "any", INSIDE)
