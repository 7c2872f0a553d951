"""Sources of labelled images, their splits and groups, and the manifest that all stages read."""
