"""Architectures, weights, training, features and evaluation."""
