"""A shortcut taken out of a network: units masked, or the last layer trained again on balanced groups."""
