"""The methods that explain decisions: one module each, and the table of their names."""
