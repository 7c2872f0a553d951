"""What relevance of the units of a layer takes."""

from lucidag.models.layers import Takes

TAKES = Takes(kinds=("maps", "points", "vectors"), functions=False, leads=True)
