"""What relevance of the units of a layer needs of a network and takes for a layer."""

from lucidag.models.layers import Takes
from lucidag.models.needs import Needs

TAKES = Takes(kinds=("maps", "channels last", "points", "vectors", "tokens"), functions=False, leads=True)

NEEDS = Needs("relevance of units (CRP, concept atlas)", "relevance", "a rule for every step", TAKES)
