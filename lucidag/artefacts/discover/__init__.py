"""Artefacts that nobody asked for: kinds of relevance maps inside a class, and units that go with them."""
