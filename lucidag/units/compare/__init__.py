"""Units of one model summed up and drawn, of two models compared, and joined with their roles."""
