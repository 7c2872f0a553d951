"""Experiments: models side by side in one table, and what made the difference between them."""
