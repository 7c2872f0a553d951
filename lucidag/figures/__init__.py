"""Figures, drawn from tables alone: nothing here imports torch."""
