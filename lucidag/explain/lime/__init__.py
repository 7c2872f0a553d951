"""LIME with batched neighbourhoods, and a tuner for its settings."""
