"""What dissection needs of a network and takes for a layer."""

from lucidag.models.layers import Takes
from lucidag.models.needs import Needs

TAKES = Takes(kinds=("maps", "channels last", "points", "vectors", "tokens"), functions=True, leads=False)
PIXELS = Takes(kinds=("maps", "channels last", "points", "tokens"), functions=True, leads=False)

LABELS = Needs("labels of units (CLIP-Dissect, annotations)", "dissect", "any", TAKES)
OVERLAPS = Needs("pixels of units (Network Dissection)", "dissect.netdissect", "any", PIXELS)
