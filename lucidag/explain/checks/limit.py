"""How far a map may be from that of a library; no torch, as the configuration and the report know it too."""

LIMIT = 1e-3  # of the map's range; above it a run warns
