"""Sources of labelled pictures, their splits and groups, and the manifest that all stages read."""
