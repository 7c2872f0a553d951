"""What dissection takes for a layer."""

from lucidag.models.layers import Takes

TAKES = Takes(kinds=("maps", "channels last", "points", "vectors"), functions=False, leads=False)
