"""Relevance: which pixels and units a decision rests on, by layer-wise relevance propagation."""
