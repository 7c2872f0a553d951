"""What the methods of dissection are called, and how a unit without a label is: imports nothing, as rules read it."""

CLIP_DISSECT, NETDISSECT = "clip-dissect", "netdissect"
METHODS = (CLIP_DISSECT, NETDISSECT)
# What a label is judged by.
JUDGED_BY = {CLIP_DISSECT: "strength", NETDISSECT: "IoU"}
NONE = "none"  # the concept of a unit that a method gives no label
